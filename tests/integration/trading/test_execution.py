"""The execution service on a real PostgreSQL, against the paper exchange over real wires."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.exchange.faults import Faults
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
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres.ledger import PostgresLedger
from algotrendy.trading.adapters.thread_desk import ThreadDesk
from algotrendy.trading.booking import record
from algotrendy.trading.execution.patience import Timing
from algotrendy.trading.execution.service import Station, Surroundings
from algotrendy.trading.holds import hold_of
from algotrendy.trading.order_events import OrderCancelRequested, OrderIntended, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import Bells, RecordedAnswers
from fixtures.exchange import KEY_ID, OPENING, SECRET, RunningExchange, options, running_exchange

CLOCK = SystemClock()
IDS = Uuid7s(CLOCK)


@pytest.fixture(params=["its own time", "ours"])
def exchange(request: pytest.FixtureRequest) -> Iterator[RunningExchange]:
    start = OPENING if request.param == "its own time" else datetime.now(UTC)
    with running_exchange(options(start=start, speed=1.0, always_open=True)) as running:
        running.quote("AAPL", 99.99, 100.01)
        running.trade("AAPL", 100.0)
        yield running


class Scene:
    """One account of its own, served by stations of this process."""

    def __init__(self, database: Database, exchange: RunningExchange) -> None:
        self.ledger = PostgresLedger(database, Outbox())
        self.exchange = exchange
        self.root = AccountId(f"paper-{IDS.next().hex[:12]}")
        self.bells, self.answers = Bells(self.root), RecordedAnswers()
        self.account = Account(
            id=self.root,
            tenant=TenantId("demo"),
            broker="alpaca",
            opened_at=CLOCK.now(),
            leverage=Decimal(2),
        )
        self.ledger.run(lambda tx: tx.accounts.add(self.account))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Station]:
        desk = ThreadDesk(self.ledger)

        async def connect() -> AlpacaBroker:
            return AlpacaBroker(AlpacaSettings(KEY_ID, SECRET, url=self.exchange.url))

        station = Station(
            self.account,
            connect,
            Surroundings(
                desk=desk,
                rings=self.bells,
                answers=self.answers,
                clock=CLOCK,
                ids=IDS,
                holder=str(IDS.next()),
                monotonic=time.monotonic,
                duties=lambda post: (),
                # This exchange is never so late.
                timing=Timing(absent_after_s=2.0),
            ),
        )
        running = asyncio.create_task(station.run())
        try:
            yield station
        finally:
            station.stop()
            await asyncio.wait_for(running, 20)
            await asyncio.to_thread(desk.close)

    def intend(self, quantity: int, **changes: Any) -> OrderId:
        order_id, now = OrderId(IDS.next()), CLOCK.now()
        replaces = changes.pop("replaces", None)
        request = OrderRequest(
            symbol="AAPL",
            side=Side.BUY,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal(quantity),
            client_order_id=str(order_id),
        )
        intended = OrderIntended(
            id=EventId(IDS.next()),
            order_id=order_id,
            at=now,
            account=self.root,
            request=replace(request, **changes),
            provenance=Provenance(correlation_id=CorrelationId("c1"), user=UserId("ada")),
            reserved=Money(Decimal(5_000), Currency.USD),
            submit_by=now + timedelta(seconds=60),
            replaces=replaces,
        )
        self.ledger.run(lambda tx: record(tx, [intended]))
        self.bells.ring(order_id)
        return order_id

    def cancel(self, order_id: OrderId) -> None:
        event = OrderCancelRequested(
            id=EventId(IDS.next()), order_id=order_id, at=CLOCK.now(), by="ada"
        )
        self.ledger.run(lambda tx: record(tx, [event]))
        self.bells.ring(order_id)

    async def until(
        self, order_id: OrderId, holds: Callable[[PlatformOrder], bool], within_s: float = 30
    ) -> PlatformOrder:
        end = time.monotonic() + within_s
        while True:
            order = await asyncio.to_thread(self.order, order_id)
            if holds(order):
                return order
            assert time.monotonic() < end, f"still {order.status}, {order.reason}"
            await asyncio.sleep(0.02)

    def order(self, order_id: OrderId) -> PlatformOrder:
        return self.ledger.run(lambda tx: tx.orders.get(order_id))

    def legs(self, order_id: OrderId) -> list[PlatformOrder]:
        return list(self.ledger.run(lambda tx: tx.orders.legs(order_id)))


@pytest.fixture
def scene(database: Database, exchange: RunningExchange) -> Scene:
    return Scene(database, exchange)


def test_a_bracket_is_placed_filled_protected_and_settled(scene: Scene) -> None:
    async def play() -> None:
        async with scene.serving():
            entry = scene.intend(
                10,
                order_class=OrderClass.BRACKET,
                take_profit=TakeProfit(Decimal(120)),
                stop_loss=StopLoss(Decimal(90)),
            )
            filled = await scene.until(entry, lambda order: order.is_settled)
            assert filled.status is S.FILLED
            assert hold_of(filled).held.amount == 0
            legs = scene.legs(entry)
            assert sorted(leg.request.type for leg in legs) == [OrderType.LIMIT, OrderType.STOP]
            await asyncio.to_thread(scene.exchange.quote, "AAPL", 120.5, 120.6)
            profit, stop = sorted(legs, key=lambda leg: leg.request.type)
            assert (await scene.until(profit.id, lambda o: o.is_settled)).status is S.FILLED
            assert (await scene.until(stop.id, lambda o: o.is_settled)).status is S.CANCELED

    asyncio.run(play())


def test_a_limit_order_is_replaced_and_cancelled(scene: Scene) -> None:
    async def play() -> None:
        async with scene.serving():
            old = scene.intend(10, type=OrderType.LIMIT, limit_price=Decimal(90))
            await scene.until(old, lambda order: order.status is S.NEW)
            new = scene.intend(10, type=OrderType.LIMIT, limit_price=Decimal(91), replaces=old)
            await scene.until(new, lambda order: order.status is S.NEW)
            await scene.until(old, lambda order: order.status is S.REPLACED)
            scene.cancel(new)
            ended = await scene.until(new, lambda order: order.is_settled)
            assert ended.status is S.CANCELED
            assert hold_of(ended).held.amount == 0

    asyncio.run(play())


def test_a_hostile_exchange_and_a_change_of_writers_double_nothing(scene: Scene) -> None:
    async def play() -> None:
        scene.exchange.floor.chaos.faults = Faults(
            error_after=0.2,
            error_before=0.1,
            drop_after=0.1,
            drop_updates=0.2,
            duplicate_updates=0.3,
            reorder_updates=0.2,
            disconnect_every_updates=7,
        )
        orders = []
        for _ in range(3):
            async with scene.serving():
                orders += [scene.intend(1) for _ in range(4)]
                await asyncio.sleep(0.5)
        filled = Decimal(0)
        async with scene.serving():
            for order_id in orders:
                order = await scene.until(order_id, lambda o: o.is_settled, within_s=90)
                # What could not be sent in time is withdrawn, and nothing else.
                expected = (S.FILLED, 1) if order.is_at_broker else (S.CANCELED, 0)
                assert (order.status, len(order.broker_order_ids)) == expected
                filled += order.filled_quantity
            held = scene.exchange.floor.venue.positions(scene.exchange.account_id())
            assert [position.quantity for position in held] == [filled]

    asyncio.run(play())
