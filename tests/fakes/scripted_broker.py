"""A broker that does with each request what a test says, and fills when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
    UpdateKind,
)
from algotrendy.brokers.simulated.broker import CAPABILITIES
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, NotFound, Rejected
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus


class Before(Exception):  # noqa: N818 - reads as what it means
    """Raise the cause before the request is looked at."""


class After(Exception):  # noqa: N818
    """Carry the request out, and raise the cause."""


class Hang(Exception):  # noqa: N818
    """Carry the request out, and never answer."""


class Vanish(Exception):  # noqa: N818
    """Never answer, and do nothing."""


class Exchange:
    """What is at the broker, whoever is connected; it outlives connections."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.orders: dict[str, BrokerOrder] = {}
        self.fills: list[BrokerFill] = []
        self.asked_since: list[datetime] = []
        self.cash = Decimal(100_000)
        self.submits = 0
        self.cancels: list[str] = []
        self.fates: list[Exception] = []
        self.cancel_fates: list[Exception] = []
        self.order_fates: dict[str, list[Exception]] = {}
        self.on_submit: Callable[[OrderRequest], None] = lambda request: None
        self.is_mute = False
        self.feeds: list[asyncio.Queue[BrokerUpdate | StreamGap]] = []

    def of(self, client_order_id: str) -> BrokerOrder:
        return next(o for o in self.orders.values() if o.client_order_id == client_order_id)

    def place(self, request: OrderRequest, replaces: str | None = None) -> BrokerOrder:
        now, name = self.clock.now(), f"b{len(self.orders) + 1}"
        order = BrokerOrder(
            broker_order_id=name,
            client_order_id=request.client_order_id or f"own-{name}",
            symbol=Symbol(request.symbol),
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            status=OrderStatus.NEW,
            quantity=request.quantity,
            filled_quantity=Decimal(0),
            average_price=None,
            submitted_at=now,
            updated_at=now,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            replaces=replaces,
        )
        self.orders[name] = order
        if request.order_class is OrderClass.BRACKET:
            order = replace(order, legs=self._exits(request))
            self.orders[name] = order
        self.tell(order)
        return order

    def fill(self, name: str, quantity: int, price: int = 100) -> BrokerFill:
        order = self.orders[name]
        fill = BrokerFill(
            execution_id=f"e{len(self.fills) + 1}",
            broker_order_id=name,
            symbol=order.symbol,
            side=order.side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            filled_at=self.clock.now(),
        )
        self.fills.append(fill)
        filled = order.filled_quantity + quantity
        done = order.quantity is not None and filled >= order.quantity
        status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        self.change(name, status, fill, filled_quantity=filled)
        return fill

    def change(
        self,
        name: str,
        status: OrderStatus,
        fill: BrokerFill | None = None,
        filled_quantity: Decimal | None = None,
        replaced_by: str | None = None,
    ) -> None:
        old = self.orders[name]
        self.orders[name] = replace(
            old,
            status=status,
            updated_at=self.clock.now(),
            filled_quantity=old.filled_quantity if filled_quantity is None else filled_quantity,
            replaced_by=replaced_by,
        )
        self.tell(self.orders[name], fill)

    def tell(self, order: BrokerOrder, fill: BrokerFill | None = None) -> None:
        kind = UpdateKind.ORDER if fill is None else UpdateKind.FILL
        update = BrokerUpdate(kind, self.clock.now(), replace(order, legs=()), fill)
        if not self.is_mute:
            for feed in self.feeds:
                feed.put_nowait(update)

    def _exits(self, request: OrderRequest) -> tuple[BrokerOrder, ...]:
        assert request.take_profit is not None
        assert request.stop_loss is not None
        common = replace(
            request, side=request.side.opposite, order_class=OrderClass.SIMPLE,
            client_order_id=None, take_profit=None, stop_loss=None,
        )  # fmt: skip
        profit = replace(common, type=OrderType.LIMIT, limit_price=request.take_profit.limit_price)
        loss = replace(common, type=OrderType.STOP, stop_price=request.stop_loss.stop_price)
        return self.place(profit), self.place(loss)


class ScriptedBroker:
    """Is a ``Broker``: one connection to an ``Exchange``."""

    name = "scripted"

    def __init__(self, exchange: Exchange, capabilities: Capabilities = CAPABILITIES) -> None:
        self.exchange = exchange
        self.capabilities = capabilities
        self.is_closed = False
        self._feed: asyncio.Queue[BrokerUpdate | StreamGap] = asyncio.Queue()

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        self.exchange.submits += 1
        self.exchange.on_submit(request)
        return await self._fated(lambda: self._place(request))

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        return await self._fated(lambda: self._replace(broker_order_id, request))

    async def cancel(self, broker_order_id: str) -> None:
        self.exchange.cancels.append(broker_order_id)
        await asyncio.sleep(0.01)
        if self.exchange.cancel_fates:
            raise self.exchange.cancel_fates.pop(0)
        if self._order(broker_order_id).status.is_terminal:
            raise Rejected("it is over")
        self.exchange.change(broker_order_id, OrderStatus.CANCELED)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        await asyncio.sleep(0.01)
        if fates := self.exchange.order_fates.get(broker_order_id):
            raise fates.pop(0)
        return self._whole(self._order(broker_order_id))

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        await asyncio.sleep(0.01)
        for order in self.exchange.orders.values():
            if order.client_order_id == client_order_id:
                return self._whole(order)
        raise NotFound("order", client_order_id)

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        await asyncio.sleep(0.01)
        found = self.exchange.orders.values()
        return [replace(o, legs=()) for o in found if o.status.is_open or not open_only]

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        await asyncio.sleep(0.01)
        self.exchange.asked_since.append(since or datetime.min.replace(tzinfo=UTC))
        return [f for f in self.exchange.fills if since is None or f.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        return ()

    async def positions(self) -> Sequence[BrokerPosition]:
        return ()

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        raise NotFound("position", symbol)

    async def account(self) -> BrokerAccount:
        cash = self.exchange.cash
        return BrokerAccount("a", "USD", cash, cash, cash)

    async def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        self.exchange.feeds.append(self._feed)
        try:
            yield StreamGap("connected")
            while True:
                yield await self._feed.get()
        finally:
            self.exchange.feeds.remove(self._feed)

    async def close(self) -> None:
        self.is_closed = True

    async def _fated(self, act: Callable[[], BrokerOrder]) -> BrokerOrder:
        await asyncio.sleep(0.01)
        fate = self.exchange.fates.pop(0) if self.exchange.fates else None
        if isinstance(fate, Before | After | Hang | Vanish):
            if not isinstance(fate, Before | Vanish):
                act()
            if isinstance(fate, Hang | Vanish):
                await asyncio.sleep(3600)
            assert fate.__cause__ is not None
            raise fate.__cause__
        return act()

    def _place(self, request: OrderRequest) -> BrokerOrder:
        taken = [o.client_order_id for o in self.exchange.orders.values()]
        if request.client_order_id in taken:
            raise Conflict("client_order_id must be new")
        return self._whole(self.exchange.place(request))

    def _replace(self, broker_order_id: str, change: ReplaceRequest) -> BrokerOrder:
        old = self._order(broker_order_id)
        if old.status.is_terminal:
            raise Rejected("it is over")
        wanted = (old.quantity or 0) if change.quantity is None else change.quantity
        request = OrderRequest(
            symbol=old.symbol,
            side=old.side,
            type=old.type,
            time_in_force=old.time_in_force,
            quantity=Decimal(wanted) - old.filled_quantity,
            limit_price=change.limit_price or old.limit_price,
            client_order_id=change.client_order_id,
        )
        new = self.exchange.place(request, replaces=broker_order_id)
        self.exchange.change(broker_order_id, OrderStatus.REPLACED, replaced_by=new.broker_order_id)
        return new

    def _order(self, broker_order_id: str) -> BrokerOrder:
        if broker_order_id not in self.exchange.orders:
            raise NotFound("order", broker_order_id)
        return self.exchange.orders[broker_order_id]

    def _whole(self, order: BrokerOrder) -> BrokerOrder:
        return replace(order, legs=tuple(self._order(leg.broker_order_id) for leg in order.legs))


def before(cause: Exception) -> Before:
    fate = Before()
    fate.__cause__ = cause
    return fate


def after(cause: Exception) -> After:
    fate = After()
    fate.__cause__ = cause
    return fate
