"""A broker's table decides what is sent to it, and the refusal names the field."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit

EVERYTHING = Capabilities(
    asset_classes=frozenset(AssetClass),
    order_types=frozenset(OrderType),
    times_in_force=frozenset(TimeInForce),
    order_classes=frozenset(OrderClass),
    fractional=True,
    notional=True,
    short=True,
    extended_hours=True,
    replace=True,
)
PLAIN = Capabilities(
    asset_classes=frozenset({AssetClass.EQUITY}),
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    client_order_id_length=10,
)
ORDER = OrderRequest("AAPL", Side.BUY, quantity=Decimal(10), client_order_id="mine-1")
LIMIT = replace(ORDER, type=OrderType.LIMIT, limit_price=Decimal("99.5"))
PROFIT, LOSS = TakeProfit(Decimal(105)), StopLoss(Decimal(95))
TRAIL = {"type": OrderType.TRAILING_STOP, "trail_price": Decimal(1)}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"type": OrderType.LIMIT, "limit_price": Decimal(1), "extended_hours": True},
        {"type": OrderType.STOP, "stop_price": Decimal(1)},
        {"type": OrderType.STOP_LIMIT, "stop_price": Decimal(1), "limit_price": Decimal(1)},
        TRAIL,
        {"type": OrderType.TRAILING_STOP, "trail_percent": Decimal("1.5")},
        {"quantity": None, "notional": Decimal("250.50")},
        {"quantity": Decimal("0.000000001")},
        {"order_class": OrderClass.BRACKET, "take_profit": PROFIT, "stop_loss": LOSS},
        {"order_class": OrderClass.OTO, "stop_loss": StopLoss(Decimal(95), Decimal(94))},
        {
            "order_class": OrderClass.OCO,
            "type": OrderType.LIMIT,
            "take_profit": PROFIT,
            "stop_loss": LOSS,
        },
    ],
)
def test_what_a_broker_offers_passes(changes: dict[str, Any]) -> None:
    EVERYTHING.check(replace(ORDER, **changes))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("client_order_id", {"client_order_id": None}),
        ("client_order_id", {"client_order_id": ""}),
        ("client_order_id", {"client_order_id": "x" * 11}),
        ("client_order_id", {"client_order_id": "a\nb"}),
        ("client_order_id", {"client_order_id": "größe"}),
        ("symbol", {"symbol": "no such"}),
        ("type", TRAIL),
        ("type", {"type": OrderType.STOP, "stop_price": Decimal(1)}),
        ("time_in_force", {"time_in_force": TimeInForce.IOC}),
        ("order_class", {"order_class": OrderClass.OTO, "stop_loss": LOSS}),
        ("quantity", {"quantity": Decimal("0.5")}),
        ("notional", {"quantity": None, "notional": Decimal(100)}),
        (
            "extended_hours",
            {"type": OrderType.LIMIT, "limit_price": Decimal(1), "extended_hours": True},
        ),
    ],
)
def test_what_a_broker_does_not_offer_is_refused_by_its_field(
    field: str, changes: dict[str, Any]
) -> None:
    assert refused(PLAIN, replace(ORDER, **changes)).field == field


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("quantity", {"quantity": None}),
        ("quantity", {"notional": Decimal(100)}),
        ("quantity", {"quantity": Decimal(0)}),
        ("quantity", {"quantity": Decimal(-1)}),
        ("quantity", {"quantity": Decimal("NaN")}),
        ("quantity", {"quantity": Decimal(10) ** 18}),
        ("notional", {"quantity": None, "notional": Decimal(-5)}),
        ("limit_price", {"type": OrderType.LIMIT}),
        ("limit_price", {"type": OrderType.LIMIT, "limit_price": Decimal(0)}),
        ("limit_price", {"limit_price": Decimal(1)}),
        ("stop_price", {"type": OrderType.STOP}),
        ("stop_price", {"stop_price": Decimal(1)}),
        ("trail_price", {"trail_price": Decimal(1)}),
        ("trail_percent", {"trail_percent": Decimal(1)}),
        ("trail_price", {"type": OrderType.TRAILING_STOP}),
        ("trail_price", TRAIL | {"trail_percent": Decimal(1)}),
        ("trail_price", TRAIL | {"trail_price": Decimal(-1)}),
        ("extended_hours", {"extended_hours": True}),
        ("take_profit", {"take_profit": PROFIT}),
        ("stop_loss", {"stop_loss": LOSS}),
        ("stop_loss", {"order_class": OrderClass.BRACKET, "take_profit": PROFIT}),
        ("take_profit", {"order_class": OrderClass.BRACKET, "stop_loss": LOSS}),
        ("take_profit", {"order_class": OrderClass.OTO}),
        (
            "take_profit",
            {"order_class": OrderClass.OTO, "take_profit": PROFIT, "stop_loss": LOSS},
        ),
        (
            "type",
            {"order_class": OrderClass.OCO, "take_profit": PROFIT, "stop_loss": LOSS},
        ),
        (
            "stop_loss.stop_price",
            {"order_class": OrderClass.OTO, "stop_loss": StopLoss(Decimal(0))},
        ),
        (
            "time_in_force",
            {"order_class": OrderClass.OTO, "stop_loss": LOSS, "time_in_force": TimeInForce.IOC},
        ),
        (
            "quantity",
            {"order_class": OrderClass.OTO, "stop_loss": LOSS, "quantity": Decimal("0.5")},
        ),
    ],
)
def test_what_no_broker_can_take_is_refused_by_its_field(
    field: str, changes: dict[str, Any]
) -> None:
    assert refused(EVERYTHING, replace(ORDER, **changes)).field == field


def test_a_float_is_no_quantity() -> None:
    with pytest.raises(TypeError, match="quantity must be a Decimal"):
        EVERYTHING.check(replace(ORDER, quantity=0.5))  # type: ignore[arg-type]


def test_a_type_may_have_fewer_times_in_force() -> None:
    table = replace(EVERYTHING, times_by_type={OrderType.LIMIT: frozenset({TimeInForce.GTC})})
    table.check(replace(LIMIT, time_in_force=TimeInForce.GTC))
    assert str(refused(table, LIMIT)) == "time_in_force must be one of gtc, was 'day'"


def test_fractions_may_have_fewer_times_in_force() -> None:
    table = replace(EVERYTHING, fractional_times=frozenset({TimeInForce.DAY}))
    gtc = replace(ORDER, time_in_force=TimeInForce.GTC)
    table.check(gtc)
    table.check(replace(ORDER, quantity=Decimal("0.5")))
    assert refused(table, replace(gtc, quantity=Decimal("0.5"))).field == "time_in_force"


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("replace", ReplaceRequest()),
        ("quantity", ReplaceRequest(quantity=Decimal(0))),
        ("limit_price", ReplaceRequest(limit_price=Decimal(-1))),
        ("trail", ReplaceRequest(trail=Decimal(0))),
        ("client_order_id", ReplaceRequest(client_order_id="")),
    ],
)
def test_a_replacement_is_checked_by_its_fields(field: str, request_: ReplaceRequest) -> None:
    with pytest.raises(Invalid) as refusal:
        EVERYTHING.check_replace(request_)
    assert refusal.value.field == field


def test_a_broker_that_changes_no_order_refuses_to() -> None:
    with pytest.raises(Invalid, match="replace must be a cancel and a new order"):
        PLAIN.check_replace(ReplaceRequest(quantity=Decimal(5)))
    EVERYTHING.check_replace(ReplaceRequest(time_in_force=TimeInForce.GTC))


def refused(table: Capabilities, request: OrderRequest) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        table.check(request)
    return refusal.value
