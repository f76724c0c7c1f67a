"""An account at the real venue, its ledger in memory, and a veil over what the broker tells."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
)
from algotrendy.brokers.simulated.broker import SimulatedBroker
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.events import MarketEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.venue.venue import Venue
from algotrendy.exchange.wiring import build_floor
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import (
    AccountId,
    CorrelationId,
    EventId,
    OrderId,
    SeededIds,
    TenantId,
    UserId,
)
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.trading.accounts import Account, Protection
from algotrendy.trading.booking import record
from algotrendy.trading.execution import news
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.lease import FencedDesk, LeaseKeeper, lease_name
from algotrendy.trading.journal import Book
from algotrendy.trading.ledger import Document, Ledger, LedgerTransaction
from algotrendy.trading.opening import open_account
from algotrendy.trading.order_events import OrderIntended, OrderSubmitted, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Listing, Quote
from fakes.exchange_store import MemoryStore
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import USD, dollars
from fixtures.exchange import options

T = TypeVar("T")

ROOT = AccountId("paper")
TENANT = TenantId("demo")
AAPL = Symbol("AAPL")
AMPLE = 1_000_000.0


class LoopDesk:
    """Runs the ledger's work on the loop itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        return self._ledger.run(work)


@dataclass
class VeiledBroker(SimulatedBroker):
    """Tells what the venue says, but for what a test puts in its place."""

    floor: Floor
    account_id: str
    hidden: set[str] = field(default_factory=set)
    cash: Decimal | None = None
    held: Sequence[BrokerPosition] | None = None
    standing: Sequence[BrokerOrder] | None = None
    extra: list[BrokerActivity] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.floor, self.account_id)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        self.asked.append(broker_order_id)
        if broker_order_id in self.hidden:
            raise NotFound("order", broker_order_id)
        return await super().order(broker_order_id)

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        if self.standing is not None:
            return self.standing
        told = await super().orders(open_only=open_only)
        return [each for each in told if each.broker_order_id not in self.hidden]

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        told = await super().fills(since)
        return [each for each in told if each.execution_id not in self.hidden]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        return [*await super().activities(since), *self.extra]

    async def positions(self) -> Sequence[BrokerPosition]:
        return await super().positions() if self.held is None else self.held

    async def account(self) -> BrokerAccount:
        told = await super().account()
        if self.cash is None:
            return told
        return BrokerAccount(told.account_id, "USD", self.cash, told.equity, told.buying_power)


class FloorClock:
    """Tells the exchange's own time."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def now(self) -> datetime:
        return self._floor.now()


class World:
    """An opened account with 100,000 dollars, AAPL at 99.99 to 100.01, and a writer's post."""

    def __init__(
        self, floor: Floor, account_id: str, protection: Protection, ledger: Ledger
    ) -> None:
        self.floor = floor
        self.broker = VeiledBroker(floor, account_id)
        self.ledger = ledger
        self.clock = FloorClock(floor)
        self.ids = SeededIds(7, self.clock)
        self.account = Account(
            id=ROOT,
            tenant=TENANT,
            broker="simulated",
            opened_at=floor.now(),
            protection=protection,
        )
        self.woken = 0
        self.post: Post
        self._names = itertools.count(1)

    async def open(self) -> None:
        broker, positions = await self.broker.account(), await self.broker.positions()
        now = self.clock.now()
        self.ledger.run(lambda tx: open_account(tx, self.account, broker, positions, now))
        desk = LoopDesk(self.ledger)
        keeper = LeaseKeeper(desk, self.clock, lease_name(ROOT), "one", lambda: 0.0)
        fence = await keeper.acquire()
        assert fence is not None
        self.post = Post(
            root=ROOT,
            broker=self.broker,
            desk=FencedDesk(desk, fence),
            clock=self.clock,
            ids=self.ids,
            wake=self._wake,
        )

    def _wake(self) -> None:
        self.woken += 1

    async def push(self, *events: MarketEvent) -> None:
        await self.floor.push(list(events))

    async def price(self, bid: float, ask: float) -> None:
        await self.push(
            QuoteEvent(AAPL, 0, bid, AMPLE, ask, AMPLE), TradeEvent(AAPL, 0, ask, 1_000.0)
        )
        self.quote(ask)

    def quote(self, price: float) -> None:
        """Let the ledger know the price and the listing."""
        now, last = self.clock.now(), Decimal(str(price))
        quote = Quote(symbol=AAPL, bid=last, ask=last, last=last, at=now)
        listing = Listing(
            symbol=AAPL,
            asset_class=AssetClass.EQUITY,
            is_tradable=True,
            is_shortable=True,
            is_fractionable=True,
            price_increment=Decimal("0.01"),
            at=now,
        )

        def work(tx: LedgerTransaction) -> None:
            tx.market.put_quotes(ROOT, [quote])
            tx.market.put_listings(ROOT, [listing])

        self.ledger.run(work)

    def intend(
        self, side: Side, quantity: int, account: AccountId = ROOT, **fields: Any
    ) -> OrderRequest:
        """Store an order that is about to be sent."""
        name = f"order-{next(self._names)}"
        request = OrderRequest(
            AAPL, side, quantity=Decimal(quantity), client_order_id=name, **fields
        )
        order_id, now = OrderId(self.ids.next()), self.clock.now()
        intended = OrderIntended(
            id=EventId(self.ids.next()),
            order_id=order_id,
            at=now,
            account=account,
            request=request,
            provenance=Provenance(correlation_id=CorrelationId("c1"), user=UserId("ada")),
            reserved=dollars(0),
        )
        sent = OrderSubmitted(id=EventId(self.ids.next()), order_id=order_id, at=now, epoch=1)
        self.ledger.run(lambda tx: record(tx, [intended, sent]))
        return request

    async def send(
        self, side: Side, quantity: int, account: AccountId = ROOT, **fields: Any
    ) -> PlatformOrder:
        """Send an order and hear its answer, but of no execution."""
        request = self.intend(side, quantity, account, **fields)
        await self.broker.submit(request)
        return await self.hear(request.client_order_id or "")

    async def trade(self, side: Side, quantity: int, account: AccountId = ROOT) -> PlatformOrder:
        """Send an order, and hear all of it."""
        order = await self.send(side, quantity, account)
        await self.hear_fills()
        return self.order(order.client_order_id)

    async def hear(self, name: str) -> PlatformOrder:
        told = await self.broker.order_by_client_id(name)
        now = self.clock.now()
        self.ledger.run(lambda tx: news.hear(tx, ROOT, news.Told(told, now)))
        return self.order(name)

    async def hear_fills(self) -> None:
        for fill in await self.broker.fills():
            self.ledger.run(lambda tx, fill=fill: news.hear_fill(tx, ROOT, fill))  # type: ignore[misc]

    async def foreign(self, side: Side, quantity: int, **fields: Any) -> BrokerOrder:
        """Place an order that nobody here knows."""
        name = f"foreign-{next(self._names)}"
        request = OrderRequest(
            AAPL, side, quantity=Decimal(quantity), client_order_id=name, **fields
        )
        return await self.broker.submit(request)

    async def bust(self, execution_id: str) -> None:
        def command(venue: Venue, now: datetime) -> None:
            venue.bust(execution_id, now)

        await self.floor.run(command)

    @property
    def published(self) -> Sequence[Event]:
        """Give what the ledger in memory promised to publish."""
        assert isinstance(self.ledger, MemoryLedger)
        return self.ledger.published

    def order(self, name: str) -> PlatformOrder:
        found = self.ledger.run(lambda tx: tx.orders.by_client_id(ROOT, name))
        assert found is not None
        return found

    def documents(self, kind: str) -> Sequence[Document]:
        """Give an account's records, newest first."""
        return self.ledger.run(lambda tx: tx.documents.select(kind, ROOT, 100))

    def cash(self, *accounts: AccountId) -> Money:
        """Add up the cash of the account and its parts, or of these."""
        balances = self.ledger.run(
            lambda tx: tx.books.balances(accounts or [each.id for each in tx.accounts.family(ROOT)])
        )
        books = (Book.CASH, Book.CASH_HELD)
        values = [value for place, value in balances.items() if place.book in books]
        return Money(sum(values, Decimal(0)), USD)

    def units(self, account: AccountId = ROOT) -> Decimal:
        """Give how many shares are booked."""
        balances = self.ledger.run(lambda tx: tx.books.balances([account]))
        return sum(
            (
                value
                for place, value in balances.items()
                if place.book is Book.POSITION and place.currency is None
            ),
            Decimal(0),
        )


@asynccontextmanager
async def world(
    protection: Protection = Protection.REPROTECT, ledger: Ledger | None = None, **terms: Any
) -> AsyncIterator[World]:
    """Start an exchange whose time stands still, open an account and its books."""
    chosen = options(always_open=True, **({"fees": "none"} | terms))
    floor = build_floor(chosen, MemoryStore(), SystemClock())
    await floor.start()
    try:
        account = await floor.run(
            lambda venue, now: venue.open_account("KEY7", "secret", Decimal(100_000), now)
        )
        found = World(floor, account.id, protection, ledger or MemoryLedger())
        await found.price(99.99, 100.01)
        await found.open()
        found.quote(100.0)
        try:
            yield found
        finally:
            await found.broker.close()
    finally:
        await floor.stop()
