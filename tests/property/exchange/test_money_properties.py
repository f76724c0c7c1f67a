"""One source of arithmetic, three ways to run: on decimals, on floats, and compiled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.exchange.compiled import compiled
from algotrendy.exchange.rules import corporate, fees, margin, positions

CLOSE = 1e-9
FLOAT_RATES = margin.MarginRates(*(float(rate) for rate in margin.RATES))

quantities = st.integers(1, 10**6).map(Decimal) | st.integers(1, 10**12).map(
    lambda steps: Decimal(steps).scaleb(-9)
)
prices = st.integers(1, 5_000_000).map(lambda steps: Decimal(steps).scaleb(-4))
signs = st.sampled_from((1, -1))
leverages = st.sampled_from((1, 2, 4))


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    """Give the arithmetic compiled, by the name of the function."""
    functions = (
        positions.after_fill,
        positions.opening_part,
        corporate.split_size,
        corporate.whole_part,
        corporate.borrow_fee,
        corporate.dividend,
        fees.sale_fee,
        margin.initial_margin,
        margin.maintenance_margin,
        margin.intraday_margin,
        margin.leverage,
        margin.buying_power,
        margin.order_value,
        margin.day_trades,
    )
    return {function.__name__: compiled(function) for function in functions}


def assert_close(found: float, exact: Decimal, scale: Decimal) -> None:
    assert abs(found - float(exact)) <= CLOSE * max(abs(float(scale)), 1.0)


@settings(deadline=None)
@given(quantities, prices, signs, quantities, prices, signs)
def test_a_fill_is_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any],
    quantity: Decimal,
    cost: Decimal,
    sign: int,
    change: Decimal,
    price: Decimal,
    way: int,
) -> None:
    exact = positions.after_fill(quantity * sign, cost * sign, change * way, price)
    arguments = [float(each) for each in (quantity * sign, cost * sign, change * way, price)]
    loose = positions.after_fill(*arguments)
    assert machine["after_fill"](*arguments) == loose
    scale = cost + change * price + quantity
    for found, expected in zip(loose, exact, strict=True):
        assert_close(found, expected, scale)
    assert machine["opening_part"](arguments[0], arguments[2]) == positions.opening_part(
        arguments[0], arguments[2]
    )


@settings(deadline=None)
@given(quantities, prices, signs, quantities, prices, signs)
def test_cost_and_profit_explain_each_other_exactly(
    quantity: Decimal, cost: Decimal, sign: int, change: Decimal, price: Decimal, way: int
) -> None:
    before, moved = cost * sign, change * way
    after = round(positions.cost_after(quantity * sign, before, moved, price), 18)
    profit = positions.realised(before, after, moved, price)
    assert after == before + moved * price + profit


@settings(deadline=None)
@given(quantities, prices, signs, st.booleans(), leverages)
def test_margin_is_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any],
    quantity: Decimal,
    price: Decimal,
    sign: int,
    is_marginable: bool,
    times: int,
) -> None:
    size, amount = float(quantity * sign), float(price)
    value = quantity * price * 10
    for name, rest in (
        ("initial_margin", ()),
        ("maintenance_margin", ()),
        ("intraday_margin", (times,)),
    ):
        function = vars(margin)[name]
        exact = function(quantity * sign, price, is_marginable, *rest, margin.RATES)
        loose = function(size, amount, is_marginable, *rest, FLOAT_RATES)
        assert machine[name](size, amount, is_marginable, *rest, FLOAT_RATES) == loose
        assert_close(loose, exact, value)


@settings(deadline=None)
@given(quantities, prices, prices, st.booleans(), st.booleans(), leverages)
def test_an_orders_hold_is_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any],
    quantity: Decimal,
    price: Decimal,
    limit: Decimal,
    is_buy: bool,
    is_marginable: bool,
    times: int,
) -> None:
    exact = margin.order_value(is_buy, quantity, price, limit, is_marginable, times, margin.RATES)
    arguments = (is_buy, float(quantity), float(price), float(limit), is_marginable, times)
    loose = margin.order_value(*arguments, FLOAT_RATES)
    assert machine["order_value"](*arguments, FLOAT_RATES) == loose
    assert_close(loose, exact, exact)


@settings(deadline=None)
@given(prices, prices, leverages, prices)
def test_buying_power_is_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any], equity: Decimal, required: Decimal, times: int, held: Decimal
) -> None:
    exact = margin.buying_power(equity, required, times, held)
    loose = margin.buying_power(float(equity), float(required), times, float(held))
    assert machine["buying_power"](float(equity), float(required), times, float(held)) == loose
    assert loose >= 0
    assert_close(loose, exact, (equity + required) * times + held)
    leverage = margin.leverage(times, float(equity), False, FLOAT_RATES)
    assert machine["leverage"](times, float(equity), False, FLOAT_RATES) == leverage


@settings(deadline=None)
@given(quantities, prices)
def test_fees_are_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any], quantity: Decimal, price: Decimal
) -> None:
    rates = (Decimal("0.0000206"), Decimal("0.000195"), Decimal("9.79"))
    exact = fees.section_31_fee(quantity * price, rates[0])
    assert_close(fees.section_31_fee(float(quantity * price), float(rates[0])), exact, exact)
    exact = fees.trading_activity_fee(quantity, *rates[1:])
    loose = fees.trading_activity_fee(float(quantity), *map(float, rates[1:]))
    assert_close(loose, exact, exact)
    size, value = float(quantity), float(quantity * price)
    arguments = (size, value, *map(float, rates), 0.01, 1e-6)
    assert machine["sale_fee"](*arguments) == fees.sale_fee(*arguments)


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_whole_cents_stay_as_they_are(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    assert fees.rounded_up(amount, Decimal("0.01"), Decimal(0)) == amount
    assert_close(fees.rounded_up(cents / 100, 0.01, 1e-6), amount, amount)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 50), st.integers(1, 50), signs)
def test_splits_are_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any], quantity: int, new: int, old: int, sign: int
) -> None:
    exact = corporate.split_size(Decimal(quantity * sign), new, old)
    loose = corporate.split_size(float(quantity * sign), new, old)
    assert machine["split_size"](float(quantity * sign), new, old) == loose
    assert_close(loose, exact, exact)
    whole = corporate.whole_part(loose, 1.0, CLOSE)
    assert machine["whole_part"](loose, 1.0, CLOSE) == whole
    assert whole == corporate.whole_part(exact, Decimal(1), Decimal(0))
    fee = corporate.borrow_fee(loose, 0.003, 3, 360)
    assert machine["borrow_fee"](loose, 0.003, 3, 360) == fee
    assert machine["dividend"](loose, 0.24) == corporate.dividend(loose, 0.24)


@settings(deadline=None)
@given(st.integers(-50, 50), st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=12))
def test_day_trades_are_the_same_on_floats_decimals_and_compiled(
    machine: dict[str, Any], held: int, changes: list[int]
) -> None:
    exact = margin.day_trades(Decimal(held), [Decimal(each) for each in changes], len(changes))
    floats = [float(each) for each in changes]
    assert margin.day_trades(float(held), floats, len(floats)) == exact
    assert machine["day_trades"](float(held), np.array(floats), len(floats)) == exact
