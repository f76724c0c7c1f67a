"""Reconciliation on a real PostgreSQL, over HTTP, of an exchange on a time of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.exchange.faults import Faults
from algotrendy.exchange.market.events import Dividend, Split
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.ids import (
    AccountId,
    CorrelationId,
    EventId,
    OrderId,
    TenantId,
    UserId,
    Uuid7s,
)
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.adapters.thread_desk import ThreadDesk
from algotrendy.trading.booking import record
from algotrendy.trading.execution import news
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.lease import FencedDesk, LeaseKeeper, lease_name
from algotrendy.trading.execution.reconcile import Reconciliation
from algotrendy.trading.execution.reports import RECONCILIATION
from algotrendy.trading.journal import Book
from algotrendy.trading.ledger import Document
from algotrendy.trading.opening import open_account
from algotrendy.trading.order_events import OrderIntended, OrderSubmitted, Provenance
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, options, running_exchange

CLOCK = SystemClock()
IDS = Uuid7s(CLOCK)
ROOT = AccountId("paper")
AAPL = Symbol("AAPL")


@dataclass
class Scene:
    """An account whose writer hears nothing but the answers to its orders."""

    exchange: RunningExchange
    ledger: PostgresLedger
    post: Post

    async def send(self, side: Side, quantity: int) -> None:
        order_id, now = OrderId(IDS.next()), CLOCK.now()
        request = OrderRequest(
            AAPL, side, quantity=Decimal(quantity), client_order_id=str(order_id)
        )
        intended = OrderIntended(
            id=EventId(IDS.next()),
            order_id=order_id,
            at=now,
            account=ROOT,
            request=request,
            provenance=Provenance(correlation_id=CorrelationId("c1"), user=UserId("ada")),
            reserved=Money.zero(Currency.USD),
        )
        sent = OrderSubmitted(id=EventId(IDS.next()), order_id=order_id, at=now, epoch=1)
        await self.post.desk.run(lambda tx: record(tx, [intended, sent]))
        told = news.Told(await self.post.broker.submit(request), now)
        await self.post.desk.run(lambda tx: news.hear(tx, ROOT, told))

    async def reports(self) -> list[Document]:
        found = await self.post.desk.run(lambda tx: tx.documents.select(RECONCILIATION, ROOT, 20))
        return list(found)

    async def sums(self) -> tuple[Decimal, Decimal]:
        """Give what is booked: cash, and shares."""
        balances = await self.post.desk.run(lambda tx: tx.books.balances([ROOT]))
        cash = [v for p, v in balances.items() if p.book in (Book.CASH, Book.CASH_HELD)]
        units = [v for p, v in balances.items() if p.book is Book.POSITION and p.currency is None]
        return sum(cash, Decimal(0)), sum(units, Decimal(0))


@asynccontextmanager
async def scene(database: Database, exchange: RunningExchange) -> AsyncIterator[Scene]:
    ledger = PostgresLedger(database, Outbox())
    broker = AlpacaBroker(AlpacaSettings(KEY_ID, SECRET, url=exchange.url))
    desk = ThreadDesk(ledger)
    account = Account(id=ROOT, tenant=TenantId("demo"), broker="alpaca", opened_at=CLOCK.now())
    try:
        told, now = await broker.account(), CLOCK.now()
        await desk.run(lambda tx: open_account(tx, account, told, (), now))
        keeper = LeaseKeeper(desk, CLOCK, lease_name(ROOT), "one", lambda: 0.0)
        fence = await keeper.acquire()
        assert fence is not None
        post = Post(ROOT, broker, FencedDesk(desk, fence), CLOCK, IDS, lambda: None)
        yield Scene(exchange, ledger, post)
    finally:
        await broker.close()
        await asyncio.to_thread(desk.close)


def test_everything_that_was_not_heard_is_booked_and_nothing_is_raised(
    database: Database,
) -> None:
    async def play(exchange: RunningExchange) -> None:
        async with scene(database, exchange) as found:
            reconciliation = Reconciliation(found.post)
            await reconciliation.do()
            await found.send(Side.BUY, 90)
            await found.send(Side.SELL, 30)
            sale = (await found.post.broker.fills())[-1]
            await found.send(Side.BUY, 1)
            exchange.do(lambda venue, now: venue.bust(sale.execution_id, now))
            exchange.wait(exchange.floor.push([Dividend(AAPL, 0, "0.25")]))
            exchange.wait(exchange.floor.push([Split(AAPL, 0, 3, 2)]))
            for _ in range(4):
                await reconciliation.do()
            [position] = await found.post.broker.positions()
            account = await found.post.broker.account()
            assert await found.sums() == (account.cash, position.quantity)
            assert position.quantity == Decimal("136.5")
            reports = await found.reports()
            assert all(each.body["unsettled"] == [] for each in reports)
            # Old positions beside new orders, as Alpaca tells them at times, are no difference
            # as long as the account trades.
            exchange.floor.chaos.faults = Faults(stale_view_s=30.0)
            for _ in range(3):
                await found.send(Side.BUY, 2)
                await reconciliation.do()
                await reconciliation.do()
            reports = await found.reports()
            assert all(each.body["unsettled"] == [] for each in reports)

    with running_exchange(options(speed=1.0, always_open=True, fees="us_equity")) as exchange:
        exchange.quote("AAPL", 99.99, 100.01)
        exchange.trade("AAPL", 100.0)
        asyncio.run(play(exchange))
