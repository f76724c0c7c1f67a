"""Splits are told from bars only where nothing else could have made them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from algotrendy.exchange.market.splits import find_splits
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import BarSeries, day_ns

FIRST = date(2024, 7, 2)


def series(closes: list[float]) -> BarSeries:
    column = tuple(closes)
    times = tuple(day_ns(FIRST + timedelta(days=day)) for day in range(len(closes)))
    volume = (1.0,) * len(closes)
    return BarSeries(Symbol("AAPL"), Timeframe.DAY, times, column, column, column, column, volume)


def found(raw: list[float], factors: list[float]) -> dict[date, tuple[int, int]]:
    adjusted = [price * factor for price, factor in zip(raw, factors, strict=True)]
    return find_splits(series(raw), series(adjusted))


@pytest.mark.parametrize(
    ("raw", "factors", "ratio"),
    [
        ([100.0, 50.5], [0.5, 1.0], (2, 1)),
        ([300.0, 98.0], [1 / 3, 1.0], (3, 1)),
        ([150.0, 101.0], [2 / 3, 1.0], (3, 2)),
        ([5.0, 49.0], [10.0, 1.0], (1, 10)),
        ([100.0, 50.0], [0.495, 1.0], (2, 1)),
    ],
)
def test_a_jump_of_factor_and_price_by_a_usual_ratio_is_a_split(
    raw: list[float], factors: list[float], ratio: tuple[int, int]
) -> None:
    assert found(raw, factors) == {FIRST + timedelta(days=1): ratio}


@pytest.mark.parametrize(
    ("raw", "factors"),
    [
        ([100.0, 99.0], [0.99, 1.0]),
        ([100.0, 50.0], [1.0, 1.0]),
        ([100.0, 99.0], [0.5, 1.0]),
        ([100.0, 80.0], [0.83, 1.0]),
        ([100.0], [1.0]),
    ],
)
def test_a_dividend_a_crash_and_a_fault_of_the_data_are_no_split(
    raw: list[float], factors: list[float]
) -> None:
    assert found(raw, factors) == {}
