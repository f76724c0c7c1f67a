"""Say what an adapter must bring along to be put through the acceptance suite.

A module ``tests/acceptance/<adapter>.py`` offers one function::

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Harness]:
        ...start ONE server, yield the harness, close the broker, stop the server...

It is entered once for all the cases, which run one after the other in one asyncio loop. Between
two cases the loop stands still; a server that must not stand still runs in a thread of its own.
``folder`` is a temporary folder, empty at first.

The market of the harness: ``symbol`` trades in steps of 0.01, stands at 99.99 to 100.01, is never
closed, and quotes more than any case asks for. Whole units are good quantities for every adapter.
The account has 100,000 in cash (of the quote currency), and nothing else.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from algotrendy.brokers.port import Broker
from algotrendy.kernel.instrument import Symbol

ADAPTERS = ("alpaca", "quantconnect", "ccxt", "simulated")
CASH = Decimal(100_000)
BID = Decimal("99.99")
ASK = Decimal("100.01")


class Fault(StrEnum):
    """What can be made to go wrong.

    Each but ``DISCONNECT`` strikes the next request that would change something (an order, its
    replacement, a cancel, a closing), once. Reads and streams go on.
    """

    LOST_ANSWER = "lost_answer"
    """The venue does what was asked; its answer is a 504, or the connection breaks."""
    UNAVAILABLE = "unavailable"
    """The venue does nothing, and its answer proves that: where a 503 does not, 429."""
    RATE_LIMIT = "rate_limit"
    """The venue does nothing: too many requests, and when to come again."""
    DISCONNECT = "disconnect"
    """Every stream ends now, without a word; a polled one finds its next poll failing, once."""


class Harness(Protocol):
    """One venue, and the adapter under test on it.

    Attributes:
        broker: The adapter on the present account; ``fresh`` changes it.
        symbol: What is traded.
        unknown_symbol: A well-formed symbol that the venue does not have.
    """

    @property
    def broker(self) -> Broker: ...

    @property
    def symbol(self) -> Symbol: ...

    @property
    def unknown_symbol(self) -> Symbol: ...

    async def fresh(self) -> None:
        """Close the broker; open one on an account that holds ``CASH`` and has no orders.

        The quote is BID to ASK again, the last trade was at 100, and no fault is left. It is
        called before every case.
        """
        ...

    async def set_quote(self, bid: Decimal, ask: Decimal) -> None:
        """Let the market stand there, in ample size; what can fill against it has filled or will.

        Orders of the account that the quote makes marketable fill by it, whole. Stops are elected
        by trades only.
        """
        ...

    async def trade(self, price: Decimal, size: Decimal) -> None:
        """Let others trade ``size`` units at ``price``; the quote stays where it is.

        Resting orders that the price reaches fill, together for ``size`` at most. Stops that it
        reaches are elected, and fill at its price or against the quote.
        """
        ...

    async def fail_next(self, fault: Fault) -> None:
        """Let one thing go wrong."""
        ...

    async def submissions(self) -> int:
        """Count the requests to place an order that reached the venue, failed ones included."""
        ...

    async def restart(self) -> None:
        """End the venue and start it again on what it keeps, at the same address.

        Where the venue is none of ours to restart (a hosted one), its connections end, and the
        adapter is closed and made anew: what it kept in memory is lost.
        """
        ...


class Opened(Protocol):
    """The function that an adapter's module offers as ``opened``."""

    def __call__(self, folder: Path) -> AbstractAsyncContextManager[Harness]: ...
