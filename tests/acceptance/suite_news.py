"""A35 to A49: what is told of orders, fills and money, and what is true when things go wrong."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest

from acceptance.cases import Needs
from acceptance.harness import CASH, Fault, Harness
from acceptance.steps import (
    TEN,
    bought,
    ended,
    filled,
    fills_until,
    held,
    held_until,
    listening,
    open_orders,
    order,
    order_until,
    resting,
    until,
)
from acceptance.suite_orders import SUITE
from algotrendy.brokers.port import BrokerOrder, UpdateKind
from algotrendy.kernel.errors import Conflict, NotFound, Unavailable, Unknown
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus


@SUITE.case("A35", "orders() tells every order once, open_only only those that stand")
async def all_orders(h: Harness) -> None:
    first = await h.broker.submit(resting(h, "99.50"))
    second = await h.broker.submit(resting(h, "99.40"))
    third = await bought(h)
    await h.broker.cancel(first.broker_order_id)
    await ended(h.broker, first)
    told = [o.broker_order_id for o in await h.broker.orders()]
    assert told == [first.broker_order_id, second.broker_order_id, third.broker_order_id]
    assert [o.broker_order_id for o in await open_orders(h.broker)] == [second.broker_order_id]


@SUITE.case("A36", "fills() tells every execution once, and since when")
async def all_fills(h: Harness) -> None:
    placed = await h.broker.submit(resting(h, "99.50"))
    for size in (4, 6):
        await h.trade(Decimal("99.50"), Decimal(size))
    await filled(h.broker, placed)
    told = await fills_until(h.broker, 2)
    assert [(f.quantity, f.price) for f in told] == [
        (Decimal(4), Decimal("99.50")),
        (Decimal(6), Decimal("99.50")),
    ]
    assert {(f.broker_order_id, f.side) for f in told} == {(placed.broker_order_id, Side.BUY)}
    assert len({f.execution_id for f in told}) == 2
    assert len(await h.broker.fills(told[0].filled_at - timedelta(seconds=1))) == 2
    assert not await h.broker.fills(told[-1].filled_at + timedelta(seconds=1))


@SUITE.case("A37", "A position is the sum of its fills")
async def position(h: Harness) -> None:
    await bought(h)
    await h.set_quote(Decimal("101.99"), Decimal("102.01"))
    await filled(h.broker, await h.broker.submit(order(h)))
    await filled(h.broker, await h.broker.submit(order(h, side=Side.SELL, quantity=Decimal(5))))
    await held_until(h, Decimal(15))
    told = await fills_until(h.broker, 3)
    assert sum(f.quantity * f.side.sign for f in told) == Decimal(15)
    [found] = await h.broker.positions()
    assert abs(found.average_price - Decimal("101.01")) < Decimal("0.15")


@SUITE.case("A38", "close_position ends a position, and is NotFound without one")
async def close_position(h: Harness) -> None:
    await bought(h)
    placed = await h.broker.close_position(h.symbol, "closing-38")
    assert (placed.side, placed.client_order_id) == (Side.SELL, "closing-38")
    await filled(h.broker, placed)
    await held_until(h, Decimal(0))
    with pytest.raises(NotFound):
        await h.broker.close_position(h.symbol, "closing-38-again")


@SUITE.case("A39", "The account tells of cash and equity")
async def account(h: Harness) -> None:
    before = await h.broker.account()
    assert (before.cash, before.equity) == (CASH, CASH)
    assert before.account_id
    assert before.buying_power > 0
    assert not before.trading_blocked
    await bought(h)
    after = await until(h.broker.account, lambda found: found.cash != CASH)
    spent = before.cash - after.cash
    assert Decimal(1000) <= spent < Decimal(1010)
    assert abs(after.equity - before.equity) < Decimal(10)


@SUITE.case("A40", "The stream begins with a StreamGap, then tells of order and fill")
async def stream(h: Harness) -> None:
    async with listening(h.broker) as heard:
        placed = await h.broker.submit(order(h))
        await heard.until(lambda so_far: bool(so_far.fills))
        told = [u for u in heard.updates if u.order.broker_order_id == placed.broker_order_id]
        assert {u.order.client_order_id for u in told} == {placed.client_order_id}
        [fill] = heard.fills.values()
        assert (fill.quantity, fill.broker_order_id) == (TEN, placed.broker_order_id)
        assert {u.kind for u in told if u.fill} == {UpdateKind.FILL}
        await heard.until(lambda so_far: is_over(so_far.updates[-1].order.status))
    [read] = await fills_until(h.broker, 1)
    assert (read.execution_id, read.price) == (fill.execution_id, fill.price)


def is_over(status: OrderStatus) -> bool:
    return status is OrderStatus.FILLED


@SUITE.case("A41", "Executions told by the stream, each counted once, are the filled quantity")
async def stream_of_parts(h: Harness) -> None:
    async with listening(h.broker) as heard:
        placed = await h.broker.submit(resting(h, "99.50"))
        for size in (2, 3, 5):
            await h.trade(Decimal("99.50"), Decimal(size))
        await heard.until(lambda so_far: len(so_far.fills) == 3)
        assert sum(f.quantity for f in heard.fills.values()) == TEN
        told = [u.order.filled_quantity for u in heard.updates if u.fill]
        assert max(told) == TEN
    assert (await filled(h.broker, placed)).filled_quantity == TEN
    read = await fills_until(h.broker, 3)
    assert {f.execution_id for f in read} == set(heard.fills)


@SUITE.case("A42", "A broken stream comes back with a StreamGap, and nothing is lost")
async def broken_stream(h: Harness) -> None:
    async with listening(h.broker) as heard:
        placed = await h.broker.submit(resting(h, "99.50"))
        gaps = len(heard.gaps)
        await h.fail_next(Fault.DISCONNECT)
        await h.trade(Decimal("99.50"), Decimal(4))
        await heard.until(lambda so_far: len(so_far.gaps) > gaps)
        found = await order_until(
            h.broker, placed.broker_order_id, lambda o: o.filled_quantity == Decimal(4)
        )
        assert len(await fills_until(h.broker, 1)) == 1
        await h.trade(Decimal("99.50"), Decimal(6))
        await heard.until(lambda so_far: any(is_over(u.order.status) for u in so_far.updates))
    assert found.status is OrderStatus.PARTIALLY_FILLED
    assert sum(f.quantity for f in await fills_until(h.broker, 2)) == TEN


@SUITE.case("A43", "A lost answer to an order is Unknown, and our name for it finds the order")
async def lost_answer(h: Harness) -> None:
    before, wanted = await h.submissions(), resting(h)
    await h.fail_next(Fault.LOST_ANSWER)
    with pytest.raises(Unknown):
        await h.broker.submit(wanted)
    found = await by_our_name(h, wanted)
    assert (found.quantity, found.limit_price) == (TEN, wanted.limit_price)
    assert await h.submissions() == before + 1
    assert len(await h.broker.orders()) == 1


async def by_our_name(h: Harness, wanted: OrderRequest) -> BrokerOrder:
    assert wanted.client_order_id is not None
    return await h.broker.order_by_client_id(wanted.client_order_id)


@SUITE.case("A44", "An order refused before it was taken is Unavailable, and is not there")
async def refused_before(h: Harness) -> None:
    before, wanted = await h.submissions(), resting(h)
    await h.fail_next(Fault.UNAVAILABLE)
    with pytest.raises(Unavailable):
        await h.broker.submit(wanted)
    assert await h.submissions() == before + 1
    await nothing_there_then_taken(h, wanted)


@SUITE.case("A45", "Too many requests is Unavailable with a time to come again; nothing is resent")
async def too_many_requests(h: Harness) -> None:
    before, wanted = await h.submissions(), resting(h)
    await h.fail_next(Fault.RATE_LIMIT)
    with pytest.raises(Unavailable) as refusal:
        await h.broker.submit(wanted)
    assert refusal.value.retry_after_s is not None
    assert refusal.value.retry_after_s > 0
    assert await h.submissions() == before + 1
    await nothing_there_then_taken(h, wanted)


async def nothing_there_then_taken(h: Harness, wanted: OrderRequest) -> None:
    async def is_missing() -> bool:
        try:
            await by_our_name(h, wanted)
        except NotFound:
            return True
        return False

    assert await until(is_missing, lambda _: True), "what was refused is there"
    placed = await until(lambda: h.broker.submit(wanted), lambda _: True)
    assert placed.client_order_id == wanted.client_order_id
    assert len(await h.broker.orders()) == 1


@SUITE.case("A46", "A lost answer to a cancel does not hide what became of the order")
async def lost_cancel(h: Harness) -> None:
    placed = await h.broker.submit(resting(h))
    await h.fail_next(Fault.LOST_ANSWER)
    with contextlib.suppress(Unknown):
        await h.broker.cancel(placed.broker_order_id)
    assert (await ended(h.broker, placed)).status is OrderStatus.CANCELED


@SUITE.case("A47", "A restart of the venue loses no order")
async def restart(h: Harness) -> None:
    await bought(h)
    kept = [await h.broker.submit(resting(h, price)) for price in ("99.50", "99.40", "99.30")]
    await h.restart()
    found = await until(lambda: open_orders(h.broker), lambda orders: len(orders) == 3)
    assert [o.broker_order_id for o in found] == [o.broker_order_id for o in kept]
    assert [o.client_order_id for o in found] == [o.client_order_id for o in kept]
    assert await held(h) == TEN
    await h.set_quote(Decimal("99.43"), Decimal("99.45"))
    await filled(h.broker, kept[0])
    assert len(await open_orders(h.broker)) == 2


@SUITE.case("A48", "Closing twice does nothing more, and ends the streams")
async def close_twice(h: Harness) -> None:
    async with listening(h.broker) as heard:
        for _ in range(2):
            await h.broker.close()
        await heard.until(lambda so_far: so_far.over)


@SUITE.case(
    "A49", "A replacement repeated under its name is a Conflict, and stands", needs=Needs.REPLACE
)
async def repeated_replacement(h: Harness) -> None:
    placed = await h.broker.submit(resting(h, "99.00"))
    change = ReplaceRequest(
        limit_price=Decimal("99.50"), client_order_id=f"{placed.client_order_id}-2"
    )
    await h.fail_next(Fault.LOST_ANSWER)
    with contextlib.suppress(Unknown):
        await h.broker.replace(placed.broker_order_id, change)
    with pytest.raises(Conflict):
        await h.broker.replace(placed.broker_order_id, change)
    found = await h.broker.order_by_client_id(change.client_order_id or "")
    assert (found.limit_price, found.status.is_open) == (Decimal("99.50"), True)
    assert [o.broker_order_id for o in await open_orders(h.broker)] == [found.broker_order_id]
