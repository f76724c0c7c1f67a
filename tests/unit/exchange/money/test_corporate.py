"""What dividends, splits and borrowed shares do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algotrendy.exchange.rules.corporate import (
    borrow_fee,
    dividend,
    split_price,
    split_size,
    whole_part,
)
from algotrendy.exchange.rules.positions import market_value, opening_part


def test_a_long_gets_the_dividend_and_a_short_pays_it() -> None:
    assert dividend(Decimal("10.5"), Decimal("0.24")) == Decimal("2.52")
    assert dividend(Decimal(-10), Decimal("0.24")) == Decimal("-2.40")


def test_a_split_multiplies_shares_and_divides_the_price() -> None:
    assert split_size(Decimal(10), 4, 1) == 40
    assert split_size(Decimal(10), 1, 4) == Decimal("2.5")
    assert split_price(Decimal(100), 4, 1) == 25


@pytest.mark.parametrize(
    ("size", "step", "whole"),
    [
        ("2.5", "1", "2"),
        ("-2.5", "1", "-2"),
        ("0.9", "1", "0"),
        ("3", "1", "3"),
        ("2.5", "0.1", "2.5"),
    ],
)
def test_only_whole_steps_are_kept(size: str, step: str, whole: str) -> None:
    assert whole_part(Decimal(size), Decimal(step), Decimal(0)) == Decimal(whole)
    assert whole_part(float(size), float(step), 1e-9) == pytest.approx(float(whole))


def test_borrowing_costs_by_the_night() -> None:
    assert borrow_fee(Decimal(-36_000), Decimal("0.01"), 1, 360) == 1
    assert borrow_fee(Decimal(-36_000), Decimal("0.01"), 3, 360) == 3
    assert borrow_fee(Decimal(0), Decimal("0.01"), 3, 360) == 0


@pytest.mark.parametrize(
    ("quantity", "change", "opens"),
    [
        ("0", "5", "5"),
        ("5", "5", "5"),
        ("5", "-5", "0"),
        ("5", "-8", "3"),
        ("-5", "3", "0"),
        ("-5", "-2", "2"),
    ],
)
def test_what_exceeds_the_position_opens_one(quantity: str, change: str, opens: str) -> None:
    assert opening_part(Decimal(quantity), Decimal(change)) == Decimal(opens)


def test_a_short_is_worth_less_than_nothing() -> None:
    assert market_value(Decimal(-3), Decimal(10)) == -30
