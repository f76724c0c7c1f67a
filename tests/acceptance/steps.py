"""Take the steps that cases are made of: place an order, wait for what comes of it, listen."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from acceptance.harness import Harness
from algotrendy.brokers.port import (
    Broker,
    BrokerFill,
    BrokerOrder,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.kernel.errors import Invalid, Rejected, Unauthenticated, Unavailable
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus

T = TypeVar("T")

TEN = Decimal(10)
PATIENCE_S = 10.0
_LOOK_EVERY_S = 0.02
_numbers = itertools.count(1)


def order(harness: Harness, **wanted: Any) -> OrderRequest:
    """Make an order to buy ten at the market, but for what is wanted otherwise.

    It stands for the day, or until it is cancelled where the adapter knows no days.
    """
    table = harness.broker.capabilities
    times = table.times_of(wanted.get("type", OrderType.MARKET))
    made: dict[str, Any] = {
        "symbol": harness.symbol,
        "side": Side.BUY,
        "time_in_force": TimeInForce.DAY if TimeInForce.DAY in times else TimeInForce.GTC,
        "client_order_id": f"case-{next(_numbers):05d}",
    }
    if "notional" not in wanted:
        made["quantity"] = TEN
    return OrderRequest(**(made | wanted))


def resting(harness: Harness, price: str = "99.50", **wanted: Any) -> OrderRequest:
    """Make an order to buy at a limit below the market."""
    return order(harness, **{"type": OrderType.LIMIT, "limit_price": Decimal(price)} | wanted)


async def until(
    read: Callable[[], Awaitable[T]], fits: Callable[[T], bool], patience_s: float = PATIENCE_S
) -> T:
    """Read until it fits; a venue that does not answer yet is asked again.

    Raises:
        AssertionError: If it does not fit in time; says what was read last.
    """
    last: object = "nothing"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    found = await read()
                except Unavailable as error:
                    last = error
                else:
                    if fits(found):
                        return found
                    last = found
                await asyncio.sleep(_LOOK_EVERY_S)
    raise AssertionError(f"after {patience_s} s it was still {last}")


async def order_until(
    broker: Broker, broker_order_id: str, fits: Callable[[BrokerOrder], bool]
) -> BrokerOrder:
    """Read one order until it fits."""
    return await until(lambda: broker.order(broker_order_id), fits)


async def filled(broker: Broker, placed: BrokerOrder) -> BrokerOrder:
    """Wait until an order is filled."""
    return await order_until(
        broker, placed.broker_order_id, lambda o: o.status is OrderStatus.FILLED
    )


async def ended(broker: Broker, placed: BrokerOrder) -> BrokerOrder:
    """Wait until nothing more can come of an order."""
    return await order_until(broker, placed.broker_order_id, lambda o: o.status.is_terminal)


async def standing(broker: Broker, placed: BrokerOrder) -> BrokerOrder:
    """See that the venue has an order, and that it stands unfilled."""
    found = await broker.order(placed.broker_order_id)
    assert found.status.is_open, found
    assert found.filled_quantity == 0, found
    return found


async def bought(harness: Harness, quantity: Decimal = TEN) -> BrokerOrder:
    """Hold a position."""
    broker = harness.broker
    placed = await filled(broker, await broker.submit(order(harness, quantity=quantity)))
    await held_until(harness, quantity)
    return placed


async def held(harness: Harness) -> Decimal:
    """Tell what is held of the harness' symbol; zero when there is no position."""
    positions = await harness.broker.positions()
    return sum((p.quantity for p in positions if p.symbol == harness.symbol), Decimal(0))


async def held_until(harness: Harness, quantity: Decimal) -> None:
    """Wait until so much is held; orders and positions of a broker may disagree for seconds."""
    await until(lambda: held(harness), lambda found: found == quantity)


async def open_orders(broker: Broker) -> Sequence[BrokerOrder]:
    """Read what stands."""
    return await broker.orders(open_only=True)


async def refused(harness: Harness, request: OrderRequest) -> str:
    """See an order refused by adapter or venue, at once or a little later; give the words."""
    try:
        placed = await harness.broker.submit(request)
    except Unauthenticated:
        # That is about the keys, and says nothing of the order.
        raise
    except (Invalid, Rejected) as error:
        return error.message
    over = await ended(harness.broker, placed)
    assert over.status is OrderStatus.REJECTED, over
    return over.reason or ""


async def refused_unsent(harness: Harness, request: OrderRequest, field: str) -> None:
    """See the adapter itself refuse an order, naming the field."""
    before = await harness.submissions()
    with pytest.raises(Invalid) as refusal:
        await harness.broker.submit(request)
    assert refusal.value.field == field
    assert await harness.submissions() == before


async def cancelled(broker: Broker, placed: BrokerOrder) -> BrokerOrder:
    """Cancel an order and wait for its end."""
    await broker.cancel(placed.broker_order_id)
    over = await ended(broker, placed)
    assert over.status is OrderStatus.CANCELED, over
    return over


async def fills_until(broker: Broker, count: int) -> Sequence[BrokerFill]:
    """Wait until so many executions are told."""
    return await until(broker.fills, lambda found: len(found) >= count)


class Heard:
    """What a stream has told so far."""

    def __init__(self) -> None:
        self.items: list[BrokerUpdate | StreamGap] = []
        self.over = False

    @property
    def gaps(self) -> list[StreamGap]:
        """Give the gaps."""
        return [item for item in self.items if isinstance(item, StreamGap)]

    @property
    def updates(self) -> list[BrokerUpdate]:
        """Give the news of orders."""
        return [item for item in self.items if isinstance(item, BrokerUpdate)]

    @property
    def fills(self) -> dict[str, BrokerFill]:
        """Give the executions by their id: told twice they count once."""
        return {u.fill.execution_id: u.fill for u in self.updates if u.fill is not None}

    async def until(self, fits: Callable[[Heard], bool]) -> None:
        """Wait until what was heard fits."""

        async def so_far() -> Heard:
            return self

        try:
            await until(so_far, fits)
        except AssertionError as error:
            raise AssertionError(f"heard only {self.items}") from error


@contextlib.asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Heard]:
    """Listen to a broker's updates; what happens from the first line on is heard."""
    heard = Heard()

    async def listen() -> None:
        async for item in broker.updates():
            heard.items.append(item)
        heard.over = True

    task = asyncio.create_task(listen())
    try:
        await heard.until(lambda h: bool(h.items) or task.done())
        assert heard.items, "the stream ended before it began"
        assert isinstance(heard.items[0], StreamGap), heard.items
        yield heard
    finally:
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    if outcome is not None and not isinstance(outcome, asyncio.CancelledError):
        raise outcome


def again(request: OrderRequest, **changes: Any) -> OrderRequest:
    """Make the same order with changes."""
    return replace(request, **changes)
