"""Tell what the execution service does for an order, and how its broker answers, as spans."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Final

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.port import (
    Broker,
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.kernel.decimals import plain
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.platform import bound, tracing
from algotrendy.platform.tracing import TraceParent
from algotrendy.trading.adapters.measuring import Stored
from algotrendy.trading.order_events import OrderFilled, OrderUpdated
from algotrendy.trading.orders import PlatformOrder

_SERVICE: Final = "execution"
_NS: Final = 1_000_000_000
_US: Final = 1_000
# A broker's clock that is further away tells nothing of how long its news took.
_LONGEST_WAY_NS: Final = 60 * _NS


def follow_transaction(orders: Iterable[Stored]) -> None:
    """Tell, once a transaction is committed, where it left each order, and of each execution.

    An execution lasts from the moment that the broker names until it is booked.
    """
    now = time.time_ns()
    for stored in orders:
        order, before = stored.after, stored.before
        parent = tracing.read_traceparent(order.provenance.traceparent)
        if parent is None:
            continue
        with (
            bound.correlated(order.provenance.correlation_id),
            bound.about(account=order.account, order_id=order.id),
        ):
            for event in stored.events:
                if isinstance(event, OrderFilled):
                    _tell_fill(order, event, parent, now)
            if before is None or before.status is not order.status:
                told = stored.events[-1] if stored.events else None
                began = _moment_ns(told.at, now) if isinstance(told, OrderUpdated) else now
                tracing.record(
                    f"order {order.status.value}", began, now, parent=parent, symbol=order.symbol
                )


def _tell_fill(order: PlatformOrder, event: OrderFilled, parent: TraceParent, now: int) -> None:
    made = event.execution
    tracing.record(
        "fill",
        _moment_ns(made.at, now),
        now,
        "consumer",
        parent=parent,
        execution_id=made.id,
        symbol=order.symbol,
        quantity=plain(made.quantity.value),
        price=plain(made.price.amount),
        broker_time=made.at.isoformat(),
    )


def _moment_ns(at: datetime, now: int) -> int:
    moment = int(at.timestamp()) * _NS + at.microsecond * _US
    return moment if 0 <= now - moment < _LONGEST_WAY_NS else now


class Followed:
    """Is the ``Following`` of a deployment.

    Outside of an order's work nothing is told: a service that looks at its book each second would
    fill the log with it.
    """

    @contextmanager
    def order(self, order: PlatformOrder, name: str | None = None) -> Iterator[None]:
        """Do what follows for an order, within its trace."""
        came = order.provenance
        with (
            bound.correlated(came.correlation_id),
            bound.about(account=order.account, order_id=order.id),
            # An order from before there were traces has none, and begins none.
            tracing.continued(came.traceparent),
        ):
            if name is None:
                yield
            else:
                with tracing.span(f"{_SERVICE}: {name}", "consumer", status=order.status.value):
                    yield

    def step(self, name: str) -> AbstractContextManager[object]:
        """Do one part of it."""
        return tracing.span(name)


class FollowedBroker:
    """Is a ``Broker`` over another one, whose calls about single orders are told."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @property
    def name(self) -> str:
        """Give the broker's name."""
        return self._broker.name

    @property
    def capabilities(self) -> Capabilities:
        """Say what it can do."""
        return self._broker.capabilities

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send an order, once."""
        with self._call("submit", symbol=request.symbol, side=request.side.value) as span:
            return _noted(span, await self._broker.submit(request))

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order."""
        with self._call("replace") as span:
            return _noted(span, await self._broker.replace(broker_order_id, request))

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for the end of an order."""
        with self._call("cancel", broker_order_id=broker_order_id):
            await self._broker.cancel(broker_order_id)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order."""
        with self._call("order") as span:
            return _noted(span, await self._broker.order(broker_order_id))

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it."""
        with self._call("order by our name") as span:
            return _noted(span, await self._broker.order_by_client_id(client_order_id))

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders the broker still tells of."""
        return await self._broker.orders(open_only=open_only)

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions."""
        return await self._broker.fills(since)

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        """Read what changed the account beside fills."""
        return await self._broker.activities(since)

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held, by symbol."""
        return await self._broker.positions()

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that ends a position."""
        with self._call("close position", symbol=symbol) as span:
            return _noted(span, await self._broker.close_position(symbol, client_order_id))

    async def account(self) -> BrokerAccount:
        """Read the account."""
        return await self._broker.account()

    def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen until closed."""
        return self._broker.updates()

    async def close(self) -> None:
        """End streams and connections."""
        await self._broker.close()

    @contextmanager
    def _call(self, what: str, **facts: object) -> Iterator[tracing.Span | None]:
        with tracing.span(f"broker: {what}", "client", broker=self.name) as span:
            if span is not None:
                span.note(**facts)
            yield span


def _noted(span: tracing.Span | None, told: BrokerOrder) -> BrokerOrder:
    if span is not None:
        span.note(broker_order_id=told.broker_order_id, told=told.status.value)
    return told
