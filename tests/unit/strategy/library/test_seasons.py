"""Strategies that follow the calendar, against the dates on which they should hold."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import BarSeries, day_ns
from fakes.library_runs import PLAIN, interpreted

HOLIDAYS = {date(2003, 5, 26), date(2003, 7, 4), date(2003, 9, 1), date(2003, 12, 25)}
DAYS = [
    day
    for day in (date(2003, 1, 9) + timedelta(days=count) for count in range(800))
    if day.weekday() < 5 and day not in HOLIDAYS
]


def flat_bars() -> BarSeries:
    same = (10.0,) * len(DAYS)
    times = tuple(day_ns(day) for day in DAYS)
    return BarSeries(Symbol("TEST"), Timeframe.DAY, times, same, same, same, same, same)


def held_on(name: str, **parameters: float) -> list[date]:
    """Give the days at whose close there is a position."""
    result = interpreted(flat_bars(), name, PLAIN, **parameters)
    return [DAYS[place] for place in np.flatnonzero(result.exposure)]


@pytest.mark.parametrize(("before", "after"), [(1, 3), (2, 1), (4, 5)])
def test_the_turn_of_each_month_is_held_and_nothing_else(before: int, after: int) -> None:
    expected = []
    for before_it, day in pairwise(DAYS):
        of_month = [each for each in DAYS if (each.year, each.month) == (day.year, day.month)]
        is_first = day in of_month[:after] and of_month[0] > DAYS[0]
        # The order is placed a session earlier, when a holiday in between is not known.
        later = [before_it + timedelta(days=count) for count in range(1, 31)]
        left = [each for each in later if each.month == before_it.month and each.weekday() < 5]
        if is_first or len(left) <= before:
            expected.append(day)
    assert expected[0].month == 1
    found = held_on("turn_of_month", before=before, after=after)
    assert [day for day in found if day > date(2003, 1, 15)] == expected


@pytest.mark.parametrize(("buy", "sell"), [(11, 5), (5, 11), (12, 1), (3, 4)])
def test_whole_months_from_the_first_open_to_the_first_open_are_held(buy: int, sell: int) -> None:
    months = [(buy - 1 + count) % 12 + 1 for count in range((sell - buy) % 12)]
    expected = [day for day in DAYS[1:] if day.month in months]
    assert held_on("halloween", buy=buy, sell=sell) == expected
