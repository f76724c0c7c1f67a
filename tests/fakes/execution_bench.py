"""Stations over a memory ledger and a scripted broker, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from algotrendy.brokers.port import Broker
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import (
    AccountId,
    CorrelationId,
    EventId,
    OrderId,
    SeededIds,
    TenantId,
    UserId,
)
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.followed import FollowedBroker
from algotrendy.trading.booking import record
from algotrendy.trading.execution.duties import Duties, Gate, open_gate
from algotrendy.trading.execution.following import NOBODY, Following
from algotrendy.trading.execution.service import Station, Surroundings
from algotrendy.trading.holds import hold_of
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import OrderCancelRequested, OrderIntended, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Heard, Ring
from algotrendy.trading.status import PlatformStatus
from fakes.memory_ledger import MemoryLedger
from fakes.quick_loop import BEGIN, LoopClock
from fakes.scripted_broker import Exchange, ScriptedBroker

T = TypeVar("T")

ROOT = AccountId("paper")
ACCOUNT = Account(
    id=ROOT, tenant=TenantId("demo"), broker="simulated", opened_at=BEGIN, leverage=Decimal(2)
)


class LoopDesk:
    """Is a ``Desk`` that takes its turn on the loop."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        await asyncio.sleep(0.001)
        return self._ledger.run(work)


class HeardRing:
    """Is a ``Heard`` that remembers what became of it."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.fate = ""

    async def done(self) -> None:
        self.fate = "done"

    async def leave(self) -> None:
        self.fate = "left"


class Bells:
    """Is the ``Rings`` of a station."""

    def __init__(self, account: AccountId = ROOT) -> None:
        self._account = account
        self.heard: list[HeardRing] = []
        self._queue: asyncio.Queue[Heard] = asyncio.Queue()

    def ring(self, order_id: OrderId | None, token: str | None = None) -> HeardRing:
        heard = HeardRing(Ring(self._account, order_id, token))
        self.heard.append(heard)
        self._queue.put_nowait(heard)
        return heard

    async def listen(self, wait_s: float) -> Sequence[Heard]:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                return [await self._queue.get()]
        return []


class RecordedAnswers:
    """Is an ``Answers`` that remembers."""

    def __init__(self) -> None:
        self.given: list[tuple[str, Mapping[str, JsonValue]]] = []

    async def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        await asyncio.sleep(0.001)
        self.given.append((token, result))


class Bench:
    """One ledger, one exchange, and as many stations as a test starts."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.ids = SeededIds(7, self.clock)
        self.ledger = MemoryLedger()
        self.ledger.run(lambda tx: tx.accounts.add(ACCOUNT))
        self.exchange = Exchange(self.clock)
        self.bells = Bells()
        self.answers = RecordedAnswers()
        self.duties: Duties = lambda post: ()
        self.following: Following = NOBODY
        self.gate: Gate = open_gate
        self._tasks: list[asyncio.Task[None]] = []
        self._started = 0

    def start(self, clock: LoopClock | None = None) -> tuple[Station, asyncio.Task[None]]:
        self._started += 1
        around = Surroundings(
            desk=LoopDesk(self.ledger),
            rings=self.bells,
            answers=self.answers,
            clock=clock or self.clock,
            ids=self.ids,
            holder=f"process-{self._started}",
            monotonic=asyncio.get_running_loop().time,
            duties=self.duties,
            following=self.following,
            gate=self.gate,
        )

        async def connect() -> Broker:
            return FollowedBroker(ScriptedBroker(self.exchange))

        station = Station(ACCOUNT, connect, around)
        task = asyncio.ensure_future(station.run())
        self._tasks.append(task)
        return station, task

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def intend(self, quantity: int = 10, **changes: Any) -> OrderId:
        """Store an intent to buy, as an admission would."""
        order_id, event_id = OrderId(self.ids.next()), EventId(self.ids.next())
        fields = {name: changes.pop(name) for name in _OF_INTENT & changes.keys()}
        request = OrderRequest(
            symbol="AAPL", side=Side.BUY, quantity=Decimal(quantity), client_order_id=str(order_id)
        )
        now = self.clock.now()
        usual: dict[str, Any] = {
            "account": ROOT,
            "provenance": Provenance(correlation_id=CorrelationId("c1"), user=UserId("ada")),
            "reserved": Money(Decimal(1_000), Currency.USD),
            "submit_by": now + timedelta(seconds=60),
        }
        intended = OrderIntended(
            id=event_id,
            order_id=order_id,
            at=now,
            request=replace(request, **changes),
            **(usual | fields),
        )
        self.ledger.run(lambda tx: record(tx, [intended]))
        return order_id

    def cancel(self, order_id: OrderId) -> None:
        event = OrderCancelRequested(
            id=EventId(self.ids.next()), order_id=order_id, at=self.clock.now(), by="ada"
        )
        self.ledger.run(lambda tx: record(tx, [event]))

    def order(self, order_id: OrderId) -> PlatformOrder:
        return self.ledger.tables.orders.get(order_id)

    def held(self, order_id: OrderId) -> Decimal:
        return hold_of(self.order(order_id)).held.amount

    async def until(
        self, order_id: OrderId, *statuses: PlatformStatus, within_s: float = 60
    ) -> PlatformOrder:
        """Wait until an order stands at one of some states."""
        end = asyncio.get_running_loop().time() + within_s
        while (order := self.order(order_id)).status not in statuses:
            assert asyncio.get_running_loop().time() < end, f"still {order.status}"
            await asyncio.sleep(0.05)
        return order


_OF_INTENT = {
    *("submit_by", "replaces", "replaces_filled", "approval", "account", "reserved", "provenance")
}
