"""A20 to A34: names, refusals, and what can be done with an order that stands."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from acceptance.cases import Needs
from acceptance.harness import Harness
from acceptance.steps import (
    TEN,
    again,
    bought,
    cancelled,
    filled,
    order,
    order_until,
    refused,
    refused_unsent,
    resting,
    standing,
    until,
)
from acceptance.suite_orders import SUITE
from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.order_request import ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus

NOBODYS_ORDER = str(UUID(int=0x1234))


@SUITE.case("A20", "The client order id comes back, and finds the order")
async def client_order_id(h: Harness) -> None:
    wanted = resting(h)
    assert wanted.client_order_id is not None
    placed = await h.broker.submit(wanted)
    assert placed.client_order_id == wanted.client_order_id
    found = await h.broker.order_by_client_id(wanted.client_order_id)
    assert found.broker_order_id == placed.broker_order_id
    assert found.client_order_id == wanted.client_order_id


@SUITE.case("A21", "A reused client order id is a Conflict, and orders nothing")
async def reused_id(h: Harness) -> None:
    wanted = resting(h)
    placed = await h.broker.submit(wanted)
    with pytest.raises(Conflict):
        await h.broker.submit(again(wanted, limit_price=Decimal("98.00")))
    [only] = await h.broker.orders()
    assert only.broker_order_id == placed.broker_order_id
    assert only.limit_price == wanted.limit_price


@SUITE.case("A22", "An order without a client order id is refused before it is sent")
async def lacking_id(h: Harness) -> None:
    most = h.broker.capabilities.client_order_id_length
    for name in (None, "", "x" * (most + 1)):
        await refused_unsent(h, again(resting(h), client_order_id=name), "client_order_id")


@SUITE.case("A23", "A bad price is refused, and its field is named")
async def bad_price(h: Harness) -> None:
    for price in (Decimal(0), Decimal(-1)):
        await refused_unsent(h, again(resting(h), limit_price=price), "limit_price")
    await refused_unsent(h, again(resting(h), limit_price=None), "limit_price")
    words = await refused(h, again(resting(h), limit_price=Decimal("99.505")))
    assert "price" in words.lower(), words


@SUITE.case("A24", "A bad quantity is refused, and its field is named")
async def bad_quantity(h: Harness) -> None:
    for quantity in (Decimal(0), Decimal(-1), None):
        await refused_unsent(h, again(resting(h), quantity=quantity), "quantity")
    await refused_unsent(h, again(resting(h), notional=Decimal(100)), "quantity")
    await refused(h, again(resting(h), quantity=Decimal(10) ** 16))


@SUITE.case("A25", "An unknown symbol is refused")
async def unknown_symbol(h: Harness) -> None:
    await refused(h, again(resting(h), symbol=h.unknown_symbol))
    assert not await h.broker.orders(open_only=True)


@SUITE.case("A26", "An order beyond the buying power is refused, and nothing is held")
async def too_dear(h: Harness) -> None:
    await refused(h, order(h, quantity=Decimal(50_000)))
    assert not await h.broker.positions()


@SUITE.case("A27", "What is not there is NotFound, by either name")
async def not_there(h: Harness) -> None:
    with pytest.raises(NotFound):
        await h.broker.order(NOBODYS_ORDER)
    with pytest.raises(NotFound):
        await h.broker.order_by_client_id("nobodys-order")


@SUITE.case("A28", "A cancelled order is over, and has filled nothing")
async def cancel(h: Harness) -> None:
    placed = await h.broker.submit(resting(h))
    over = await cancelled(h.broker, placed)
    assert over.filled_quantity == 0
    await h.set_quote(Decimal("99.00"), Decimal("99.02"))
    assert (await h.broker.order(placed.broker_order_id)).filled_quantity == 0


@SUITE.case("A29", "A filled order cannot be cancelled, and stays filled")
async def cancel_filled(h: Harness) -> None:
    placed = await bought(h)
    with pytest.raises(Rejected):
        await h.broker.cancel(placed.broker_order_id)
    assert (await h.broker.order(placed.broker_order_id)).status is OrderStatus.FILLED


@SUITE.case("A30", "An order that nobody knows cannot be cancelled")
async def cancel_unknown(h: Harness) -> None:
    with pytest.raises(NotFound):
        await h.broker.cancel(NOBODYS_ORDER)


@SUITE.case(
    "A31", "A replaced order works at its new price, and can be followed", needs=Needs.REPLACE
)
async def replaced(h: Harness) -> None:
    placed = await h.broker.submit(resting(h, "99.00"))
    changed = await h.broker.replace(
        placed.broker_order_id, ReplaceRequest(limit_price=Decimal("99.60"))
    )
    found = await order_until(
        h.broker, changed.broker_order_id, lambda o: o.limit_price == Decimal("99.60")
    )
    if found.broker_order_id != placed.broker_order_id:
        before = await order_until(
            h.broker, placed.broker_order_id, lambda o: o.status is OrderStatus.REPLACED
        )
        assert before.replaced_by == found.broker_order_id
        assert found.replaces == placed.broker_order_id
    await h.set_quote(Decimal("99.53"), Decimal("99.55"))
    await filled(h.broker, found)
    assert [o.broker_order_id for o in await h.broker.orders(open_only=True)] == []


@SUITE.case("A32", "A filled order cannot be replaced", needs=Needs.REPLACE)
async def replace_filled(h: Harness) -> None:
    placed = await bought(h)
    with pytest.raises((Rejected, Invalid)):
        await h.broker.replace(placed.broker_order_id, ReplaceRequest(quantity=Decimal(5)))
    found = await h.broker.order(placed.broker_order_id)
    assert (found.status, found.quantity) == (OrderStatus.FILLED, TEN)


async def partly_filled(h: Harness) -> BrokerOrder:
    placed = await h.broker.submit(resting(h, "99.50"))
    await standing(h.broker, placed)
    await h.trade(Decimal("99.50"), Decimal(4))
    return await order_until(
        h.broker, placed.broker_order_id, lambda o: o.filled_quantity == Decimal(4)
    )


@SUITE.case("A33", "A partial fill tells the cumulative quantity")
async def partial_fill(h: Harness) -> None:
    part = await partly_filled(h)
    assert part.status is OrderStatus.PARTIALLY_FILLED
    assert part.average_price == Decimal("99.50")
    await h.trade(Decimal("99.50"), Decimal(3))
    await order_until(h.broker, part.broker_order_id, lambda o: o.filled_quantity == Decimal(7))
    await h.trade(Decimal("99.50"), Decimal(20))
    over = await filled(h.broker, part)
    assert over.filled_quantity == TEN


@SUITE.case("A34", "A partial fill then cancel keeps the filled quantity")
async def partial_then_cancel(h: Harness) -> None:
    over = await cancelled(h.broker, await partly_filled(h))
    assert over.filled_quantity == Decimal(4)
    found = await until(h.broker.positions, lambda positions: len(positions) == 1)
    assert found[0].quantity == Decimal(4)
