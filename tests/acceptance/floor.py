"""Put the paper exchange's floor under an adapter: in this loop, or behind HTTP in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, Protocol, TypeVar

from acceptance.harness import ASK, BID, CASH, Fault
from algotrendy.brokers.port import Broker
from algotrendy.exchange.chaos import Chaos, RequestFate
from algotrendy.exchange.faults import Kind, Scripted
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.events import QuoteEvent, TradeEvent
from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.venue import Venue
from algotrendy.exchange.wiring import ExchangeOptions, build_floor
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.instrument import Symbol
from fakes.exchange_store import MemoryStore
from fixtures.exchange import RunningExchange, options, running_exchange

T = TypeVar("T")

SYMBOL = Symbol("AAPL")
AMPLE = 1_000_000.0
SECRET = "acceptance-secret"
ORDERS = "/v2/orders*"
LAST = Decimal(100)


def terms() -> ExchangeOptions:
    """Describe an exchange that is always open, takes no fees, and fills what is traded."""
    return options(
        speed=1.0, liquidity="quoted", participation=Decimal(1), fees="none", always_open=True
    )


class CountingChaos(Chaos):
    """Counts the orders that are sent, whatever becomes of them."""

    def __init__(self) -> None:
        super().__init__(seed=0)
        self.submissions = 0

    def for_request(self, method: str, path: str, now: datetime) -> RequestFate:
        if method == "POST" and path == "/v2/orders":
            self.submissions += 1
        return super().for_request(method, path, now)


class Place(Protocol):
    """Where a floor runs."""

    @property
    def floor(self) -> Floor: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the floor's own loop."""
        ...


class InThisLoop:
    """A floor in the loop of the adapter."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self.floor: Floor

    async def start(self) -> None:
        self.floor = build_floor(terms(), self._store, SystemClock())
        await self.floor.start()

    async def stop(self) -> None:
        await self.floor.stop()

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        return await work


class BehindHttp:
    """A floor behind a real server, in a thread; it comes back at the same port."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self._port = 0
        self._running: AbstractContextManager[RunningExchange]
        self.exchange: RunningExchange

    @property
    def floor(self) -> Floor:
        return self.exchange.floor

    async def start(self) -> None:
        self._running = running_exchange(terms(), self._store, self._port)
        self.exchange = await asyncio.to_thread(self._running.__enter__)
        self._port = self.exchange.server.port

    async def stop(self) -> None:
        await asyncio.to_thread(self._running.__exit__, None, None, None)

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        loop = self.exchange.loop
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


class FloorHarness:
    """Lets the market move, makes things go wrong, opens accounts.

    Args:
        make: Makes the adapter on an account.
        turned_away: The status that proves to the adapter that nothing was done.
    """

    symbol = SYMBOL
    unknown_symbol = Symbol("NOSUCH")

    def __init__(
        self,
        place: Place,
        make: Callable[[Account], Awaitable[Broker]],
        turned_away: int = 503,
    ) -> None:
        self._turned_away = turned_away
        self._place = place
        self._make = make
        self._numbers = count(1)
        self._account: Account | None = None
        self._quote = (BID, ASK)
        self._chaos = CountingChaos()
        self.broker: Broker

    async def start(self) -> None:
        await self._place.start()
        self._place.floor.chaos = self._chaos

    async def stop(self) -> None:
        if self._account is not None:
            await self.broker.close()
        await self._place.stop()

    async def fresh(self) -> None:
        before, key = self._account, f"KEY{next(self._numbers)}"
        if before is not None:
            await self.broker.close()
        self._chaos.calm()

        def open_account(venue: Venue, now: datetime) -> Account:
            if before is not None:
                for order in [o for o in venue.orders(before.id) if o.status.is_open]:
                    # Cancelling one exit ends the other.
                    if order.status.is_open:
                        venue.cancel(before.id, order.id, now)
            return venue.open_account(key, SECRET, CASH, now)

        self._account = await self._on_floor(lambda floor: floor.run(open_account))
        await self.set_quote(BID, ASK)
        await self.trade(LAST, Decimal(1))
        self.broker = await self._make(self._account)

    async def set_quote(self, bid: Decimal, ask: Decimal) -> None:
        self._quote = (bid, ask)
        event = QuoteEvent(SYMBOL, 0, float(bid), AMPLE, float(ask), AMPLE)
        await self._on_floor(lambda floor: floor.push([event]))

    async def trade(self, price: Decimal, size: Decimal) -> None:
        event = TradeEvent(SYMBOL, 0, float(price), float(size))
        await self._on_floor(lambda floor: floor.push([event]))

    async def fail_next(self, fault: Fault) -> None:
        match fault:
            case Fault.LOST_ANSWER:
                wanted = {"fault": Kind.FAIL_AFTER, "status": 504}
            case Fault.UNAVAILABLE:
                wanted = {"fault": Kind.FAIL_BEFORE, "status": self._turned_away}
            case Fault.RATE_LIMIT:
                wanted = {"fault": Kind.RATE_LIMIT, "seconds": 1}
            case Fault.DISCONNECT:
                self._chaos.happen([Scripted(fault=Kind.DISCONNECT)])
                return
        methods = ("POST", "PATCH", "DELETE")
        self._chaos.happen(
            Scripted.model_validate(wanted | {"path": ORDERS, "method": m}) for m in methods
        )

    async def submissions(self) -> int:
        return self._chaos.submissions

    async def restart(self) -> None:
        assert self._account is not None
        await self._place.stop()
        await self._place.start()
        self._place.floor.chaos = self._chaos
        await self.set_quote(*self._quote)
        await self.restarted(self._account)

    async def restarted(self, account: Account) -> None:
        """Leave the adapter as it is: it has to find its way back."""

    async def _on_floor(self, work: Callable[[Floor], Coroutine[Any, Any, T]]) -> T:
        return await self._place.do(work(self._place.floor))
