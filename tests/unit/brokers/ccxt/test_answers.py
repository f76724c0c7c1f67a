"""Read ccxt's structures to the last digit, and none on trust."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.brokers.ccxt.answers import (
    average_cost,
    fill_of,
    order_of,
    parts_of,
    price_of,
)
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

ORDER: dict[str, Any] = {
    "id": "42",
    "clientOrderId": "ours-1",
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "timeInForce": "GTC",
    "status": "open",
    "amount": "0.12345678",
    "filled": "0",
    "price": "96000.01",
    "average": None,
    "triggerPrice": None,
    "timestamp": 1767625200001,
    "lastUpdateTimestamp": 1767625201002,
}
FILL: dict[str, Any] = {
    "id": "7",
    "order": "42",
    "symbol": "BTC/USDT",
    "side": "sell",
    "amount": "0.00000001",
    "price": "96000.01",
    "timestamp": 1767625200001,
    "fee": {"cost": "0.5", "currency": "USDT"},
}


def test_an_order_is_read_to_its_last_digit() -> None:
    order = order_of(ORDER)
    assert order.broker_order_id == "BTC/USDT#42"
    assert (order.quantity, order.limit_price) == (Decimal("0.12345678"), Decimal("96000.01"))
    assert (order.side, order.type) == (Side.BUY, OrderType.LIMIT)
    assert order.average_price is None
    assert order.submitted_at == datetime(2026, 1, 5, 15, 0, 0, 1000, UTC)
    assert order.updated_at == datetime(2026, 1, 5, 15, 0, 1, 2000, UTC)


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("open", "0", OrderStatus.NEW),
        ("open", "0.1", OrderStatus.PARTIALLY_FILLED),
        ("closed", "0.12345678", OrderStatus.FILLED),
        ("closed", "0.1", OrderStatus.CANCELED),
        ("canceled", "0.1", OrderStatus.CANCELED),
        ("canceling", "0", OrderStatus.PENDING_CANCEL),
        ("expired", "0", OrderStatus.EXPIRED),
        ("rejected", "0", OrderStatus.REJECTED),
    ],
)
def test_a_status_is_mapped(status: str, filled: str, expected: OrderStatus) -> None:
    order = order_of(ORDER | {"status": status, "filled": filled, "average": "96000"})
    assert order.status is expected
    assert order.reason is None


def test_an_unknown_status_is_doubted_and_not_over() -> None:
    order = order_of(ORDER | {"status": "dreaming"})
    assert order.status is OrderStatus.SUSPENDED
    assert order.reason is not None
    assert "dreaming" in order.reason


@pytest.mark.parametrize(
    ("kind", "trigger", "expected"),
    [
        ("market", None, OrderType.MARKET),
        ("market", "95000", OrderType.STOP),
        ("limit", "95000", OrderType.STOP_LIMIT),
    ],
)
def test_a_trigger_price_makes_a_stop(kind: str, trigger: str | None, expected: OrderType) -> None:
    order = order_of(ORDER | {"type": kind, "triggerPrice": trigger})
    assert order.type is expected
    assert (order.limit_price is None) is (kind == "market")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IOC", TimeInForce.IOC),
        ("FOK", TimeInForce.FOK),
        ("PO", TimeInForce.GTC),
        (None, TimeInForce.GTC),
    ],
)
def test_a_time_in_force_is_mapped(text: str | None, expected: TimeInForce) -> None:
    assert order_of(ORDER | {"timeInForce": text}).time_in_force is expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 42),
        ("symbol", ""),
        ("side", "both"),
        ("type", "iceberg"),
        ("amount", 0.5),
        ("amount", "many"),
        ("filled", True),
    ],
)
def test_an_order_that_cannot_be_right_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        order_of(ORDER | {field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        ({"cost": "0.5", "currency": "USDT"}, Decimal("0.5")),
        ({"cost": "0.5", "currency": "BTC"}, Decimal("48000.005")),
        ({"cost": "0.5", "currency": "BNB"}, None),
        ({"cost": "0", "currency": None}, Decimal(0)),
        (None, None),
    ],
)
def test_a_fee_is_told_in_quote_currency_or_not_at_all(
    fee: dict[str, Any] | None, expected: Decimal | None
) -> None:
    fill = fill_of(FILL | {"fee": fee})
    assert fill.fee == expected
    assert (fill.execution_id, fill.broker_order_id) == ("BTC/USDT#7", "BTC/USDT#42")
    assert fill.quantity == Decimal("0.00000001")


@pytest.mark.parametrize("name", ["42", "#42", "BTC/USDT#", "00000000-0000-0000-0000-000000001234"])
def test_a_name_that_we_never_gave_has_no_parts(name: str) -> None:
    assert parts_of(name) is None


def test_a_position_costs_what_its_executions_cost_on_average() -> None:
    def fill(number: int, side: str, amount: str, price: str) -> dict[str, Any]:
        return FILL | {"id": str(number), "side": side, "amount": amount, "price": price}

    told = [
        fill_of(row)
        for row in (
            fill(1, "buy", "1", "100"),
            fill(2, "buy", "3", "200"),
            fill(3, "sell", "2", "500"),
            fill(4, "buy", "2", "25"),
        )
    ]
    assert average_cost(told) == Decimal(100)
    assert average_cost([fill_of(FILL)]) is None
    assert average_cost([]) is None


def test_a_price_is_the_last_trades_or_the_middle_of_the_quote() -> None:
    assert price_of({"last": "7", "bid": "1", "ask": "2"}) == Decimal(7)
    assert price_of({"last": None, "bid": "1", "ask": "2"}) == Decimal("1.5")
