"""Say how a run grew, in all and by day, month and year.

A day, month or year is one of the UTC calendar: the day of a US session is the same in New York.
A year or month that the run covers in part counts as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.statistics.sample import Sample
from algotrendy.backtest.statistics.series import (
    FloatArray,
    Periods,
    Series,
)


@dataclass(frozen=True, slots=True)
class Growth:
    """How a run grew. Rates are fractions: 0.25 is 25 percent.

    Attributes:
        bars: How many returns there are.
        years: Calendar time in years of 365.25 days; without times, bars over those of a year.
        total_return: Final wealth over initial, less 1.
        cagr: The yearly rate that gives the same over ``years``.
        annual_return: The same over bars / periods_per_year instead of calendar time: empyrical's.
        mean_bar: Arithmetic mean of the returns.
        mean_day, best_day, worst_day: Of the returns compounded over each day; likewise of month
            and year.
        day_win_rate: Share of the days with a gain among those with a gain or a loss; likewise
            month, year. Days without a change are neither won nor lost.
    """

    bars: int
    years: float
    total_return: float
    cagr: float | None
    annual_return: float | None
    mean_bar: float | None
    mean_day: float | None
    best_day: float | None
    worst_day: float | None
    day_win_rate: float | None
    mean_month: float | None
    best_month: float | None
    worst_month: float | None
    month_win_rate: float | None
    mean_year: float | None
    best_year: float | None
    worst_year: float | None
    year_win_rate: float | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Returns by calendar.

    Attributes:
        months: (year, month from 1, return), oldest first.
        years: (year, return), oldest first.
    """

    months: tuple[tuple[int, int, float], ...]
    years: tuple[tuple[int, float], ...]


def growth(
    series: Series,
    sample: Sample,
    days: FloatArray | None,
    months: Periods | None,
    years: Periods | None,
) -> Growth:
    """Say how a run grew.

    Args:
        sample: Of the series' returns.
        days: Its returns compounded over each day.
        months, years: The same over months and years.
    """
    total = float(series.wealth[-1]) - 1.0
    count = len(series.returns)
    # Of daily bars the days are the returns, and the sample has ordered them already.
    mean_day, best_day, worst_day, day_win_rate = (
        _spread_of(sample) if days is series.returns else _spread(days)
    )
    mean_month, best_month, worst_month, month_win_rate = _spread(
        None if months is None else months.returns
    )
    mean_year, best_year, worst_year, year_win_rate = _spread(
        None if years is None else years.returns
    )
    return Growth(
        bars=count,
        years=series.years,
        total_return=total,
        cagr=yearly_rate(total, series.years),
        annual_return=yearly_rate(total, count / series.periods_per_year),
        mean_bar=sample.mean if count else None,
        mean_day=mean_day,
        best_day=best_day,
        worst_day=worst_day,
        day_win_rate=day_win_rate,
        mean_month=mean_month,
        best_month=best_month,
        worst_month=worst_month,
        month_win_rate=month_win_rate,
        mean_year=mean_year,
        best_year=best_year,
        worst_year=worst_year,
        year_win_rate=year_win_rate,
    )


def calendar(months: Periods | None, years: Periods | None) -> Calendar:
    """Give the returns by month and by year; empty without times."""
    by_month: list[tuple[int, int, float]] = []
    by_year: list[tuple[int, float]] = []
    if months is not None:
        year, month = (part.tolist() for part in np.divmod(months.labels, 12))
        by_month = [
            (1970 + y, m + 1, made)
            for y, m, made in zip(year, month, months.returns.tolist(), strict=True)
        ]
    if years is not None:
        by_year = [
            (1970 + y, made)
            for y, made in zip(years.labels.tolist(), years.returns.tolist(), strict=True)
        ]
    return Calendar(months=tuple(by_month), years=tuple(by_year))


def yearly_rate(total: float, years: float) -> float | None:
    """Give the rate that compounds to ``total``; -1 after ruin, None without time."""
    if years <= 0.0:
        return None
    if total <= -1.0:
        return -1.0
    try:
        return math.expm1(math.log1p(total) / years)
    except OverflowError:
        return None


def win_rate(returns: FloatArray) -> float | None:
    """Give the share of gains among gains and losses; None when nothing moved."""
    gains = int(np.count_nonzero(returns > 0.0))
    moved = int(np.count_nonzero(returns))
    return gains / moved if moved else None


_Spread = tuple[float | None, float | None, float | None, float | None]


def _spread(returns: FloatArray | None) -> _Spread:
    if returns is None:
        return None, None, None, None
    mean = float(returns.sum()) / len(returns)
    return mean, float(returns.max()), float(returns.min()), win_rate(returns)


def _spread_of(sample: Sample) -> _Spread:
    moved = sample.gains + sample.losses
    won = sample.gains / moved if moved else None
    return sample.mean, float(sample.ordered[-1]), float(sample.ordered[0]), won
