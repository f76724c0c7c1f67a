"""LEAN's orders as the port's, and what is new between two looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.brokers.port import BrokerFill, BrokerOrder, UpdateKind
from algotrendy.brokers.quantconnect.holdings import to_account, to_positions
from algotrendy.brokers.quantconnect.models import LeanOrder, LiveAlgorithm, Portfolio
from algotrendy.brokers.quantconnect.orders import (
    names_of,
    pending,
    to_broker_fills,
    to_broker_orders,
)
from algotrendy.brokers.quantconnect.polling import Patience, changes
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def lean(**told: Any) -> LeanOrder:
    order = {
        "id": 5,
        "symbol": {"value": "ACME", "id": "ACME R735QTJ8XC9X"},
        "type": 1,
        "status": 1,
        "quantity": Decimal(-10),
        "limitPrice": Decimal("99.5"),
        "tag": "mine-1",
        "createdTime": "2026-01-05T15:00:00Z",
        "priceAdjustmentMode": "a field that came later",
    }
    return LeanOrder.model_validate(order | told)


def event(number: int, quantity: str, price: str, **told: Any) -> dict[str, Any]:
    return {
        "orderEventId": number,
        "id": f"L-1-5-{number}",
        "status": "partiallyFilled",
        "time": Decimal("1767625200.25"),
        "fillQuantity": Decimal(quantity),
        "fillPrice": Decimal(price),
        "orderFeeAmount": Decimal(1),
    } | told


def told_of(order: LeanOrder) -> BrokerOrder:
    [told] = to_broker_orders([order])
    return told


def test_a_negative_quantity_is_a_sale() -> None:
    told = told_of(lean())
    assert (told.side, told.quantity, told.type) == (Side.SELL, Decimal(10), OrderType.LIMIT)
    assert (told.limit_price, told.stop_price) == (Decimal("99.5"), None)
    assert told.submitted_at == AT


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (0, OrderStatus.PENDING_NEW),
        (1, OrderStatus.NEW),
        (2, OrderStatus.PARTIALLY_FILLED),
        (3, OrderStatus.FILLED),
        (5, OrderStatus.CANCELED),
        (6, OrderStatus.PENDING_NEW),
        (7, OrderStatus.REJECTED),
        (8, OrderStatus.PENDING_CANCEL),
        (9, OrderStatus.NEW),
        ("cancelPending", OrderStatus.PENDING_CANCEL),
        ("updateSubmitted", OrderStatus.NEW),
        (42, OrderStatus.PENDING_NEW),
    ],
)
def test_every_state_of_lean_is_known_by_number_and_by_word(
    number: object, status: OrderStatus
) -> None:
    assert told_of(lean(status=number)).status is status


def test_an_update_of_a_partly_filled_order_leaves_it_partly_filled() -> None:
    told = told_of(lean(status=9, events=[event(1, "-4", "99.5")]))
    assert told.status is OrderStatus.PARTIALLY_FILLED


def test_the_average_is_that_of_the_fills() -> None:
    told = told_of(lean(status=3, events=[event(2, "-4", "99.5"), event(3, "-6", "99.6")]))
    assert (told.filled_quantity, told.average_price) == (Decimal(10), Decimal("99.56"))


@pytest.mark.parametrize(
    ("told", "time"),
    [
        (None, TimeInForce.GTC),
        ({"timeInForce": 0}, TimeInForce.GTC),
        ({"timeInForce": 1}, TimeInForce.DAY),
        ({"timeInForce": "Day"}, TimeInForce.DAY),
        (
            {"timeInForce": {"$type": "QuantConnect.Orders.TimeInForces.DayTimeInForce"}},
            TimeInForce.DAY,
        ),
        ({"timeInForce": {}}, TimeInForce.GTC),
    ],
)
def test_a_day_order_is_known_however_it_is_written(told: object, time: TimeInForce) -> None:
    assert told_of(lean(properties=told)).time_in_force is time


def test_a_rejected_order_says_why() -> None:
    words = "Insufficient buying power"
    order = lean(status=7, events=[event(1, "0", "0", message=words)])
    assert told_of(order).reason == words


def test_a_renamed_order_keeps_its_first_name_as_the_brokers() -> None:
    order = lean(tag="mine-2;was=mine-1")
    told = told_of(order)
    assert (told.broker_order_id, told.client_order_id) == ("mine-1", "mine-2")
    assert names_of(order) == ("mine-2", "mine-1")


def test_orders_without_a_name_of_their_own_are_told_by_number() -> None:
    told = to_broker_orders([lean(), lean(id=6), lean(id=7, tag=None)])
    assert [order.broker_order_id for order in told] == ["mine-1", "#6", "#7"]


def test_fills_come_oldest_first_with_ids_of_their_deployment() -> None:
    late = event(1, "-4", "99.5", time=Decimal(1767625300))
    orders = [lean(events=[late]), lean(id=6, tag="mine-2", events=[event(2, "-1", "99.4")])]
    fills = to_broker_fills(orders, "L-1")
    assert [fill.execution_id for fill in fills] == ["L-1-6-2", "L-1-5-1"]
    assert fills[0].filled_at == AT.replace(microsecond=250_000)
    assert (fills[0].side, fills[0].quantity, fills[0].fee) == (Side.SELL, Decimal(1), Decimal(1))


def test_a_portfolio_is_read_with_long_and_with_short_names() -> None:
    holdings = {
        "ACME R735QTJ8XC9X": {"q": Decimal(3), "a": Decimal("99.5"), "v": Decimal(300)},
        "BETA X": {
            "symbol": {"value": "BETA"},
            "quantity": Decimal(-2),
            "averagePrice": Decimal(50),
            "marketValue": Decimal(-100),
        },
        "GONE X": {"q": Decimal(0)},
    }
    cash = {"USD": {"amount": Decimal(1000)}, "EUR": {"amount": 5, "valueInAccountCurrency": 6}}
    portfolio = Portfolio.model_validate({"holdings": holdings, "cash": cash})
    told = to_positions(portfolio)
    assert [(p.symbol, p.quantity, p.average_price) for p in told] == [
        ("ACME", Decimal(3), Decimal("99.5")),
        ("BETA", Decimal(-2), Decimal(50)),
    ]
    account = to_account(portfolio, "L-1")
    assert [account.cash, account.equity, account.buying_power] == [
        Decimal(1006),
        Decimal(1206),
        Decimal(1006),
    ]


def test_an_empty_mapping_may_come_as_an_empty_list() -> None:
    assert Portfolio.model_validate({"holdings": [], "cash": []}) == Portfolio()


@pytest.mark.parametrize(("status", "over"), [("Running", False), ("RuntimeError", True), ("?", 0)])
def test_a_state_that_nobody_knows_is_no_end(status: str, over: bool) -> None:
    assert LiveAlgorithm(status=status).is_over == bool(over)


def standing() -> BrokerOrder:
    request = OrderRequest(
        symbol="ACME", side=Side.BUY, quantity=Decimal(10), client_order_id="mine-1"
    )
    return pending(request, AT)


def fill(number: int) -> BrokerFill:
    order = standing()
    return BrokerFill(
        f"L-1-5-{number}", "mine-1", order.symbol, Side.BUY, Decimal(1), Decimal(99), AT
    )


def test_a_look_that_shows_nothing_new_tells_nothing() -> None:
    view = ([standing()], [fill(1)])
    assert list(changes(view, view)) == []


def test_each_new_execution_is_a_fill_with_the_order_as_it_is() -> None:
    after = replace(standing(), status=OrderStatus.PARTIALLY_FILLED)
    told = list(changes(([standing()], [fill(1)]), ([after], [fill(1), fill(2), fill(3)])))
    assert [(u.kind, u.order) for u in told] == [(UpdateKind.FILL, after)] * 2
    assert [u.fill for u in told] == [fill(2), fill(3)]


def test_a_changed_order_without_executions_is_one_update() -> None:
    after = replace(standing(), status=OrderStatus.CANCELED)
    [told] = changes(([standing()], []), ([after], []))
    assert (told.kind, told.order, told.fill) == (UpdateKind.ORDER, after, None)


@pytest.mark.parametrize(
    ("field", "value"), [("poll_s", 0), ("confirm_s", -1), ("snapshot_lag_s", -1)]
)
def test_a_patience_that_cannot_be_is_invalid(field: str, value: float) -> None:
    with pytest.raises(Invalid) as refusal:
        Patience(**{field: value})
    assert refusal.value.field == field
