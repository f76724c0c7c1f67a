"""Bars that a market can have made, orders that can be placed, positions that add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.bar import Bar, Timeframe, parse_timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import FillId, OrderId, SeededIds
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Order, OrderType, Position, Side
from algotrendy.kernel.price import Price, Quantity

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
IDS = SeededIds(1, ManualClock(NOON))
AAPL = parse_symbol("AAPL")
USD = Currency.USD


def a_bar(**changes: Any) -> Bar:
    values = {"open": "10", "high": "12", "low": "9", "close": "11", "volume": "100"} | changes
    time = values.pop("time", NOON)
    return Bar(time=time, **{name: Decimal(value) for name, value in values.items()})


def a_fill(side: Side, quantity: str, price: str, **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "id": FillId(IDS.next()),
        "order_id": OrderId(IDS.next()),
        "symbol": AAPL,
        "side": side,
        "quantity": Quantity.of(quantity),
        "price": Price.of(price, USD),
        "fee": Money.zero(USD),
        "filled_at": NOON,
    }
    return Fill(**(values | changes))


def usd(amount: str) -> Money:
    return Money.of(amount, USD)


def test_a_bar_keeps_its_time_in_utc() -> None:
    east = timezone(timedelta(hours=-5))
    assert a_bar(time=datetime(2026, 11, 22, 7, tzinfo=east)).time.tzinfo is UTC


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"open": "0"}, "open"),
        ({"low": "-1"}, "low"),
        ({"close": "NaN"}, "close"),
        ({"volume": "-1"}, "volume"),
        ({"high": "8"}, "high"),
        ({"open": "12.01"}, "open"),
        ({"close": "8.99"}, "close"),
    ],
)
def test_a_bar_that_no_market_can_have_made_is_refused(changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid, match=f"^{field} must be"):
        a_bar(**changes)


def test_a_bar_of_one_price_and_no_volume_is_a_bar() -> None:
    flat = a_bar(open="10", high="10", low="10", close="10", volume="0")
    assert flat.high == flat.low


def test_a_timeframe_is_read_and_knows_its_span() -> None:
    assert parse_timeframe("1Day") is Timeframe.DAY
    assert all(frame.span > timedelta(0) for frame in Timeframe)
    with pytest.raises(Invalid, match="timeframe must be one of 1Min, 5Min"):
        parse_timeframe("1Fortnight")


@pytest.mark.parametrize(
    ("kind", "limit", "stop", "field"),
    [
        (OrderType.MARKET, "10", None, "limit_price"),
        (OrderType.MARKET, None, "10", "stop_price"),
        (OrderType.LIMIT, None, None, "limit_price"),
        (OrderType.STOP, None, None, "stop_price"),
        (OrderType.STOP_LIMIT, "10", None, "stop_price"),
    ],
)
def test_an_order_has_exactly_the_prices_of_its_type(
    kind: OrderType, limit: str | None, stop: str | None, field: str
) -> None:
    with pytest.raises(Invalid, match=f"^{field} must be"):
        Order(
            id=OrderId(IDS.next()),
            symbol=AAPL,
            side=Side.BUY,
            quantity=Quantity.of(1),
            placed_at=NOON,
            type=kind,
            limit_price=None if limit is None else Price.of(limit, USD),
            stop_price=None if stop is None else Price.of(stop, USD),
        )


def test_an_order_for_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="quantity must be above zero"):
        Order(OrderId(IDS.next()), AAPL, Side.BUY, Quantity.of(0), NOON)


def test_a_fill_of_nothing_or_with_a_fee_in_another_currency_is_refused() -> None:
    with pytest.raises(Invalid, match="quantity must be above zero"):
        a_fill(Side.BUY, "0", "10")
    with pytest.raises(Invalid, match="fee must be in USD"):
        a_fill(Side.BUY, "1", "10", fee=Money.of(1, Currency.EUR))


def test_a_buy_takes_cash_and_a_sell_gives_it_less_the_fee() -> None:
    assert a_fill(Side.BUY, "3", "10", fee=usd("1")).cash_change == usd("-31")
    assert a_fill(Side.SELL, "3", "10", fee=usd("1")).cash_change == usd("29")


def test_selling_half_realises_half_of_the_gain_at_average_cost() -> None:
    position, _ = Position.flat(AAPL, USD).after(a_fill(Side.BUY, "10", "10"))
    position, _ = position.after(a_fill(Side.BUY, "10", "20"))
    position, profit = position.after(a_fill(Side.SELL, "10", "18"))
    assert profit == usd("30")
    assert position == Position(AAPL, Decimal(10), usd("150"))


def test_a_sell_beyond_the_position_closes_it_and_opens_a_short() -> None:
    position, _ = Position.flat(AAPL, USD).after(a_fill(Side.BUY, "10", "10"))
    position, profit = position.after(a_fill(Side.SELL, "15", "12"))
    assert profit == usd("20")
    assert position == Position(AAPL, Decimal(-5), usd("-60"))
    position, profit = position.after(a_fill(Side.BUY, "5", "11"))
    assert profit == usd("5")
    assert position == Position.flat(AAPL, USD)


def test_a_fill_of_another_symbol_does_not_touch_the_position() -> None:
    with pytest.raises(Invalid, match="symbol must be AAPL"):
        Position.flat(AAPL, USD).after(a_fill(Side.BUY, "1", "1", symbol=parse_symbol("MSFT")))


@pytest.mark.parametrize(("quantity", "cost"), [("0", "1"), ("1", "-1"), ("-1", "1")])
def test_a_position_whose_cost_points_the_other_way_is_refused(quantity: str, cost: str) -> None:
    with pytest.raises(Invalid, match="cost must be of the sign of the quantity"):
        Position(AAPL, Decimal(quantity), usd(cost))


def test_sides_are_opposite() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY
