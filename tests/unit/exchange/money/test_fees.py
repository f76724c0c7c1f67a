"""What a sale costs, by the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from algotrendy.exchange.rules.fees import (
    SECTION_31,
    TRADING_ACTIVITY,
    ActivityRate,
    Section31Rate,
    rates_on,
    rounded_up,
    sale_fee,
    section_31_fee,
    trading_activity_fee,
)

CENT = Decimal("0.01")
ZERO = Decimal(0)


@pytest.mark.parametrize(
    ("day", "per_million"),
    [
        (date(2018, 5, 22), "13.00"),
        (date(2025, 5, 13), "27.80"),
        (date(2025, 5, 14), "0"),
        (date(2026, 4, 3), "0"),
        (date(2026, 4, 4), "20.60"),
        (date(2030, 1, 1), "20.60"),
    ],
)
def test_the_section_31_rate_is_the_one_of_the_day(day: date, per_million: str) -> None:
    assert rates_on(day).section_31 == Decimal(per_million) / 1_000_000


@pytest.mark.parametrize(
    ("day", "per_share", "most"),
    [
        (date(2025, 12, 31), "0.000166", "8.30"),
        (date(2026, 1, 1), "0.000195", "9.79"),
        (date(2026, 10, 1), "0.000195", "9.79"),
        (date(2026, 12, 31), "0.000195", "9.79"),
        (date(2027, 1, 1), "0.000232", "11.61"),
        (date(2028, 1, 1), "0.000240", "12.05"),
    ],
)
def test_the_activity_fee_is_the_one_of_the_day(day: date, per_share: str, most: str) -> None:
    rates = rates_on(day)
    assert (rates.per_share, rates.most) == (Decimal(per_share), Decimal(most))


def test_a_day_before_the_first_rate_takes_the_first() -> None:
    rates = rates_on(date(1990, 1, 2))
    assert rates.per_share == TRADING_ACTIVITY[0].per_share
    assert rates.section_31 * 1_000_000 == SECTION_31[0].per_million


@pytest.mark.parametrize("rates", [SECTION_31, TRADING_ACTIVITY])
def test_rates_are_in_the_order_of_time_and_name_their_source(
    rates: Sequence[Section31Rate | ActivityRate],
) -> None:
    days = [rate.since for rate in rates]
    assert days == sorted(set(days))
    assert all(rate.source for rate in rates)


def test_a_sale_pays_each_fee_rounded_up_to_a_cent() -> None:
    rates = rates_on(date(2026, 6, 1))
    quantity, value = Decimal(1000), Decimal(150_000)
    assert section_31_fee(value, rates.section_31) == Decimal("3.09")
    assert trading_activity_fee(quantity, rates.per_share, rates.most) == Decimal("0.195")
    fee = sale_fee(quantity, value, rates.section_31, rates.per_share, rates.most, CENT, ZERO)
    assert fee == Decimal("3.09") + Decimal("0.20")


def test_a_large_sale_pays_no_more_activity_fee_than_the_cap() -> None:
    rates = rates_on(date(2026, 6, 1))
    assert trading_activity_fee(Decimal(50_000), rates.per_share, rates.most) == Decimal("9.75")
    assert trading_activity_fee(Decimal(50_300), rates.per_share, rates.most) == Decimal("9.79")
    assert trading_activity_fee(Decimal(10**7), rates.per_share, rates.most) == Decimal("9.79")


@pytest.mark.parametrize(
    ("amount", "expected"), [("0", "0"), ("0.0001", "0.01"), ("0.07", "0.07"), ("3.091", "3.10")]
)
def test_amounts_are_rounded_up_to_a_cent(amount: str, expected: str) -> None:
    assert rounded_up(Decimal(amount), CENT, ZERO) == Decimal(expected)
    assert rounded_up(float(amount), 0.01, 1e-6) == pytest.approx(float(expected))
