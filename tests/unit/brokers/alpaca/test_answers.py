"""Alpaca's JSON is read to the last digit, tolerantly where it must be, and strictly elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from algotrendy.brokers.alpaca import answers
from algotrendy.brokers.port import UpdateKind
from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus
from fakes.alpaca_order import MULTI_LEG, ORDER


def test_an_order_is_read_to_its_last_digit() -> None:
    order = answers.order_of(ORDER)
    assert (order.side, order.type, order.time_in_force) == (
        Side.BUY,
        OrderType.LIMIT,
        TimeInForce.GTC,
    )
    assert order.quantity == Decimal("10.000000001")
    assert order.average_price == Decimal("100.0100000001")
    assert order.submitted_at == datetime(2026, 1, 5, 15, 0, 0, 123456, UTC)
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.stop_price is None


def test_exits_are_read_as_legs() -> None:
    order = answers.order_of(ORDER | {"legs": [ORDER | {"id": "leg", "status": "held"}]})
    assert [(leg.broker_order_id, leg.status) for leg in order.legs] == [("leg", OrderStatus.HELD)]


def test_an_order_that_never_filled_has_no_price_and_a_zero_quantity() -> None:
    order = answers.order_of(ORDER | {"filled_qty": None, "filled_avg_price": None, "qty": None})
    assert (order.filled_quantity, order.average_price, order.quantity) == (Decimal(0), None, None)


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({}, OrderStatus.SUSPENDED),
        ({"filled_at": "2026-01-05T15:00:01Z"}, OrderStatus.FILLED),
        ({"canceled_at": "2026-01-05T15:00:01Z"}, OrderStatus.CANCELED),
        ({"replaced_by": "other"}, OrderStatus.REPLACED),
    ],
)
def test_a_status_that_nobody_knows_is_read_by_what_else_is_told(
    times: dict[str, str], status: OrderStatus
) -> None:
    order = answers.order_of(ORDER | {"status": "dreaming"} | times)
    assert order.status is status
    assert order.reason == "the broker calls its status 'dreaming', which is not known here"


def test_an_order_under_review_is_pending() -> None:
    assert answers.order_of(ORDER | {"status": "pending_review"}).status is OrderStatus.PENDING_NEW


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 7),
        ("qty", 10.5),
        ("qty", True),
        ("qty", "ten"),
        ("qty", "NaN"),
        ("limit_price", "1e400"),
        ("side", "both"),
        ("status", ""),
        ("submitted_at", "yesterday"),
        ("submitted_at", 5),
        ("legs", "two"),
    ],
)
def test_an_order_that_cannot_be_right_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        answers.order_of(ORDER | {field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize("json", [None, [], "order", 5])
def test_what_is_no_object_is_no_order(json: object) -> None:
    with pytest.raises(Invalid, match="order must be an object"):
        answers.order_of(json)


@pytest.mark.parametrize(
    ("order", "what"),
    [
        (MULTI_LEG, "order class 'mleg'"),
        (MULTI_LEG | {"symbol": None, "order_class": "mleg"}, "order class 'mleg'"),
        (ORDER | {"symbol": None}, "no symbol"),
        (ORDER | {"symbol": ""}, "no symbol"),
        (ORDER | {"asset_class": "us_option"}, "asset class 'us_option'"),
        (ORDER | {"legs": MULTI_LEG["legs"]}, "asset class 'us_option'"),
    ],
)
def test_an_order_of_a_kind_that_the_table_does_not_offer_is_rejected_by_its_kind(
    order: dict[str, object], what: str
) -> None:
    with pytest.raises(Rejected, match=what) as refusal:
        answers.order_of(order)
    assert isinstance(refusal.value, answers.NotOffered)
    assert refusal.value.facts["client_order_id"] == order["client_order_id"]


@pytest.mark.parametrize("order_class", [None, "", "simple", "bracket", "oco", "oto"])
@pytest.mark.parametrize("asset_class", [None, "", "us_equity", "crypto"])
def test_every_kind_that_the_table_offers_is_read(
    order_class: str | None, asset_class: str | None
) -> None:
    order = ORDER | {"order_class": order_class, "asset_class": asset_class}
    assert answers.order_of(order).client_order_id == "mine-1"


def test_a_page_of_orders_leaves_out_what_is_not_offered_and_tells_of_it() -> None:
    page = answers.orders_of([ORDER, MULTI_LEG])
    assert [order.client_order_id for order in page.orders] == ["mine-1"]
    assert [other.broker_order_id for other in page.not_offered] == [MULTI_LEG["id"]]
    assert (page.count, page.last_id) == (2, MULTI_LEG["id"])


def test_a_page_with_an_order_that_cannot_be_right_is_refused() -> None:
    with pytest.raises(Invalid):
        answers.orders_of([ORDER, ORDER | {"qty": "ten"}])


def test_a_fill_is_known_by_its_execution() -> None:
    activity = {
        "id": "20260105150001000::8ae8f6b0",
        "order_id": ORDER["id"],
        "symbol": "AAPL",
        "side": "sell_short",
        "qty": "4",
        "price": "99.5",
        "transaction_time": "2026-01-05T15:00:01.5Z",
    }
    fill = answers.fill_of(activity)
    assert (fill.execution_id, fill.side, fill.quantity) == ("8ae8f6b0", Side.SELL, Decimal(4))
    assert answers.fill_of(activity | {"execution_id": "other"}).execution_id == "other"


def test_a_short_position_is_negative_whatever_sign_it_comes_with() -> None:
    position = {"symbol": "AAPL", "qty": "-5", "side": "short", "avg_entry_price": "100"}
    assert answers.position_of(position).quantity == Decimal(-5)
    assert answers.position_of(position | {"qty": "5"}).quantity == Decimal(-5)
    assert answers.position_of(position | {"qty": "5", "side": "long"}).quantity == Decimal(5)


def test_an_account_is_blocked_when_any_of_its_flags_says_so() -> None:
    account = {"id": "a", "cash": "-10.5", "equity": "1", "buying_power": "2", "currency": "USD"}
    assert answers.account_of(account).cash == Decimal("-10.5")
    assert not answers.account_of(account).trading_blocked
    assert answers.account_of(account | {"account_blocked": True}).trading_blocked


@pytest.mark.parametrize(
    ("event", "kind", "has_fill"),
    [
        ("new", UpdateKind.ORDER, False),
        ("fill", UpdateKind.FILL, True),
        ("partial_fill", UpdateKind.FILL, True),
        ("trade_bust", UpdateKind.BUST, True),
        ("order_cancel_rejected", UpdateKind.CANCEL_REFUSED, False),
        ("order_replace_rejected", UpdateKind.REPLACE_REFUSED, False),
        ("never_heard_of", UpdateKind.ORDER, False),
    ],
)
def test_an_update_tells_of_its_order_and_execution(
    event: str, kind: UpdateKind, has_fill: bool
) -> None:
    data = {
        "event": event,
        "timestamp": "2026-01-05T15:00:01Z",
        "order": ORDER,
        "execution_id": "e-1",
        "qty": "4",
        "price": "99.5",
    }
    update = answers.update_of(data)
    assert update.kind is kind
    assert (update.fill is not None) == has_fill


def test_a_fill_without_its_execution_is_news_of_the_order_alone() -> None:
    data = {"event": "fill", "timestamp": "2026-01-05T15:00:01Z", "order": ORDER}
    update = answers.update_of(data)
    assert (update.kind, update.fill) == (UpdateKind.ORDER, None)
