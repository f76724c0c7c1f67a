"""Say what a feed is, and what the producer asks of the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.streaming.messages import Fix, Quote, Record, Trade


class Status(NamedTuple):
    """Says whether a symbol is traded from ``time`` (ns UTC) on; ``words`` are the feed's."""

    symbol: str
    time: int
    is_traded: bool
    words: str


class Upto(NamedTuple):
    """Says that all of a symbol up to ``time`` was told; ns UTC by the exchange's clock.

    A feed that waits to be asked says so itself: it knows when it asked.
    """

    symbol: str
    time: int


Item = Trade | Quote | Fix | Status | Upto
Told = Trade | Fix


class Ended(Exception):  # noqa: N818 - reads as what it means
    """Says that a feed has told all that it will ever tell: a recording is over."""


class Connection(Protocol):
    """An open connection, subscribed to all that the feed is for."""

    async def receive(self) -> Sequence[Item]:
        """Wait for what comes next; cancelling the wait loses nothing.

        Raises:
            Unavailable: If the connection is of no more use; says why.
            Ended: If nothing will come any more.
        """
        ...


class History(Protocol):
    """Gives what a feed has told before, whoever heard it."""

    @property
    def settle_s(self) -> float:
        """How long after it was made a trade is in the history at the latest."""
        ...

    def trades(self, symbol: str, since: int) -> AsyncIterator[Sequence[Told]]:
        """Give pages of what was traded from ``since`` (ns UTC, included) up to now, oldest first.

        Raises:
            Unavailable: If it cannot be asked now.
            Rejected: If it may not be asked, whoever waits.
        """
        ...


class Feed(Protocol):
    """A source of ticks.

    A feed with a history pushes: what nobody listens to is gone, and is read from the history
    later. One without waits to be asked, and begins where it is told to.
    """

    @property
    def name(self) -> str:
        """Give how records name it, e.g. "alpaca:iex"."""
        ...

    @property
    def symbols(self) -> tuple[str, ...]:
        """Give what it is subscribed to."""
        ...

    @property
    def calendar(self) -> TradingCalendar:
        """Give when its market is open: silence means something only then."""
        ...

    @property
    def quiet_s(self) -> float | None:
        """Give how long it may say nothing while its market is open; None: as long as it likes."""
        ...

    @property
    def begin_s(self) -> float | None:
        """Give how far back a symbol begins of which nothing is stored; None: at the very begin.

        What a process sent that died before the first of it was stored is told again so.
        """
        ...

    @property
    def history(self) -> History | None:
        """Give its history, or None where it waits to be asked."""
        ...

    def open(self, since: Mapping[str, int]) -> AbstractAsyncContextManager[Connection]:
        """Connect and subscribe; entered when the subscription stands.

        Args:
            since: From when on each symbol is wanted (ns UTC, included), for a feed that waits.

        Raises:
            Unavailable: If it cannot be reached now.
            Rejected: If it does not take us: keys, plan, symbols.
        """
        ...


class Stored(Protocol):
    """Knows what came to the end of the way."""

    async def newest(self, feed: str, symbols: Sequence[str]) -> Mapping[str, int]:
        """Give the time (ns UTC) of each symbol's newest stored trade of a feed, where there is.

        Raises:
            Unavailable: If that cannot be known now.
        """
        ...


class Sink(Protocol):
    """Takes records; what it has taken is not lost."""

    async def put(self, records: Sequence[Record]) -> Sequence[bool]:
        """Hand records of different symbols on; say of each whether it was taken.

        Raises:
            Unavailable: If none was taken, or nobody knows.
        """
        ...
