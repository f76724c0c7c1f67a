"""How much equity positions need, and what may still be bought."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from algotrendy.exchange.rules.margin import (
    END_OF_DAY_TRADING_RULES,
    RATES,
    buying_power,
    day_trades,
    initial_margin,
    intraday_margin,
    is_pattern_day_trader,
    leverage,
    maintenance_margin,
    order_value,
)


def test_half_of_a_marginable_position_is_its_initial_margin() -> None:
    assert initial_margin(Decimal(100), Decimal(50), True, RATES) == 2500
    assert initial_margin(Decimal(-100), Decimal(50), True, RATES) == 2500
    assert initial_margin(Decimal(100), Decimal(50), False, RATES) == 5000


@pytest.mark.parametrize(
    ("quantity", "price", "required"),
    [
        ("100", "10", "300"),
        ("100", "2.50", "75"),
        ("100", "2.49", "249"),
        ("-100", "100", "3000"),
        ("-100", "16.67", "500.1"),  # from here on 30 % is more than five dollars a share
        ("-100", "16.66", "500"),
        ("-100", "5", "500"),
        ("-100", "4.99", "499"),
        ("-100", "1", "250"),
        ("0", "10", "0"),
    ],
)
def test_maintenance_margin_depends_on_side_and_price(
    quantity: str, price: str, required: str
) -> None:
    assert maintenance_margin(Decimal(quantity), Decimal(price), True, RATES) == Decimal(required)


def test_what_cannot_be_margined_needs_its_whole_value() -> None:
    assert maintenance_margin(Decimal(2), Decimal(60_000), False, RATES) == 120_000
    assert intraday_margin(Decimal(2), Decimal(60_000), False, 4, RATES) == 120_000


@pytest.mark.parametrize(
    ("quantity", "price", "times", "required"),
    [
        ("100", "100", 4, "2500"),
        ("100", "100", 2, "5000"),
        ("100", "100", 1, "10000"),
        ("-100", "100", 4, "3000"),  # FINRA asks 30 % of a short
        ("-100", "100", 2, "5000"),
        ("100", "2", 4, "200"),
    ],
)
def test_intraday_margin_is_the_leverages_part_but_not_below_finras(
    quantity: str, price: str, times: int, required: str
) -> None:
    assert intraday_margin(Decimal(quantity), Decimal(price), True, times, RATES) == Decimal(
        required
    )


@pytest.mark.parametrize(
    ("multiplier", "equity", "old_rules", "times"),
    [
        (4, "2000", False, 4),
        (4, "1999.99", False, 1),
        (2, "2000", False, 2),
        (1, "1000000", False, 1),
        (4, "25000", True, 4),
        (4, "24999.99", True, 2),
        (2, "24999.99", True, 2),
    ],
)
def test_leverage_needs_equity(multiplier: int, equity: str, old_rules: bool, times: int) -> None:
    assert leverage(multiplier, Decimal(equity), old_rules, RATES) == times


def test_buying_power_is_never_negative() -> None:
    assert buying_power(Decimal(100), Decimal(25), 4, Decimal(50)) == 250
    assert buying_power(Decimal(100), Decimal(25), 4, Decimal(301)) == 0


@pytest.mark.parametrize(
    ("is_buy", "price", "limit", "marginable", "times", "value"),
    [
        (True, "100", "0", True, 4, "1000"),
        (True, "100", "90", True, 4, "900"),
        (True, "100", "90", True, 1, "900"),
        (True, "100", "0", False, 4, "4000"),
        (False, "100", "0", True, 2, "1030"),
        (False, "100", "110", True, 2, "1100"),
        (False, "100", "90", True, 2, "1030"),
        (False, "100", "0", True, 4, "1236"),
        (True, "2", "0", True, 4, "80"),
    ],
)
def test_an_order_holds_its_worth_or_what_its_margin_takes(
    is_buy: bool, price: str, limit: str, marginable: bool, times: int, value: str
) -> None:
    assert order_value(
        is_buy, Decimal(10), Decimal(price), Decimal(limit), marginable, times, RATES
    ) == Decimal(value)


def test_a_fourth_day_trade_made_a_pattern_below_25000() -> None:
    assert is_pattern_day_trader(4, Decimal("24999.99"), RATES)
    assert not is_pattern_day_trader(3, Decimal("24999.99"), RATES)
    assert not is_pattern_day_trader(4, Decimal(25_000), RATES)


@pytest.mark.parametrize(
    ("held", "changes", "count"),
    [
        (0, [], 0),
        (0, [10], 0),
        (0, [10, -10], 1),
        (0, [10, 10, -5, -15], 1),
        (0, [10, -10, 10, -10], 2),
        (0, [-10, 10], 1),
        (10, [-10], 0),
        (10, [-10, 10], 0),
        (10, [-10, 10, -10], 1),
        (10, [10, -10], 1),
        (0, [10, -15, 5], 2),
    ],
)
def test_a_day_trade_is_opened_and_closed_on_one_day(
    held: int, changes: list[int], count: int
) -> None:
    made = [Decimal(each) for each in changes]
    assert day_trades(Decimal(held), made, len(made)) == count


def test_the_rules_for_day_trades_ended_when_finra_says() -> None:
    # Regulatory Notice 26-10; that Alpaca dropped the fields a month later is another matter.
    assert date(2026, 6, 4) == END_OF_DAY_TRADING_RULES
