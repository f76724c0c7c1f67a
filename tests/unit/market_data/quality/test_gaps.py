"""Gaps are those of the exchange's calendar: half days, holidays, changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.calendar import always_open, us_equities
from algotrendy.market_data.quality.findings import Kind, Weight
from algotrendy.market_data.quality.gaps import Gaps, find_gaps, gap_findings, ns
from algotrendy.market_data.series import BarSeries, day_ns
from fakes.quality_bars import MINUTE_NS, daily, minutes, walk, without

# Thanksgiving on the 27th, a half day on the 28th.
THANKSGIVING = date(2025, 11, 24), date(2025, 11, 28)


def gaps_of(series: BarSeries, last: date | None = None) -> Gaps:
    return find_gaps(series.times, series.timeframe, us_equities(), last)


def test_whole_history_has_no_gap() -> None:
    found = gaps_of(daily(date(2024, 1, 1), date(2025, 12, 31)))
    assert (found.missing, found.thin, found.outside) == ((), (), ())
    assert len(found.sessions) == 502


def test_a_missing_session_is_named_and_a_holiday_is_not() -> None:
    series = without(daily(*THANKSGIVING), 1)
    found = gaps_of(series)
    assert found.missing == (date(2025, 11, 25),)
    (told,) = gap_findings(found, Timeframe.DAY)
    assert (told.kind, told.weight, told.count) == (Kind.MISSING_SESSION, Weight.ERROR, 1)
    assert told.detail == "no bar on 2025-11-25"


def test_sessions_in_a_row_are_one_finding_across_a_weekend() -> None:
    series = without(daily(date(2025, 6, 2), date(2025, 6, 20)), 3, 4, 5, 6, 10)
    told = list(gap_findings(gaps_of(series), Timeframe.DAY))
    assert [(each.count, each.detail) for each in told] == [
        (4, "no bar on 2025-06-05 to 2025-06-10"),
        (1, "no bar on 2025-06-16"),
    ]


def test_sessions_after_the_last_bar_are_missing_when_they_are_expected() -> None:
    series = daily(date(2025, 6, 2), date(2025, 6, 3))
    assert gaps_of(series, date(2025, 6, 5)).missing == (date(2025, 6, 4), date(2025, 6, 5))


def test_a_daily_bar_on_a_holiday_lies_outside() -> None:
    series = walk([day_ns(date(2025, 11, day)) for day in (26, 27, 28)], Timeframe.DAY)
    found = gaps_of(series)
    assert found.outside == (day_ns(date(2025, 11, 27)),)
    (told,) = gap_findings(found, Timeframe.DAY)
    assert told.kind is Kind.OUTSIDE_SESSIONS


def test_a_half_day_has_fewer_minutes() -> None:
    found = gaps_of(minutes(*THANKSGIVING))
    assert (found.missing, found.thin, found.outside) == ((), (), ())
    half_day = minutes(date(2025, 11, 28), date(2025, 11, 28))
    assert len(half_day) == 210


def test_minutes_follow_the_clock_of_the_exchange() -> None:
    # Daylight saving began on 2025-03-09: the opening moved from 14:30 to 13:30 UTC.
    series = minutes(date(2025, 3, 7), date(2025, 3, 10))
    opens = [datetime.fromtimestamp(series.times[at] // 10**9, UTC).hour for at in (0, 390)]
    assert opens == [14, 13]
    assert gaps_of(series).thin == ()


def test_missing_minutes_are_counted_with_the_longest_run() -> None:
    series = minutes(date(2025, 6, 2), date(2025, 6, 3))
    found = gaps_of(without(series, 0, 100, 101, 102, 779))
    assert [(day, len(lacking)) for day, lacking in found.thin] == [
        (date(2025, 6, 2), 4),
        (date(2025, 6, 3), 1),
    ]
    assert found.bars == 5
    first, _ = gap_findings(found, Timeframe.MINUTE)
    assert first.detail == "4 bars lack on 2025-06-02, at most 3 in a row"
    assert first.first == series.times[0]


def test_bars_of_extended_hours_are_neither_expected_nor_wrong() -> None:
    series = minutes(date(2025, 6, 2), date(2025, 6, 2))
    early = range(series.times[0] - 30 * MINUTE_NS, series.times[0], MINUTE_NS)
    found = find_gaps([*early, *series.times], Timeframe.MINUTE, us_equities())
    assert (found.thin, found.outside) == ((), ())


def test_bars_in_the_night_lie_outside() -> None:
    series = minutes(date(2025, 6, 2), date(2025, 6, 3))
    night = ns(datetime(2025, 6, 3, 4, tzinfo=UTC))
    times = sorted({*series.times, night})
    assert find_gaps(times, Timeframe.MINUTE, us_equities()).outside == (night,)


@pytest.mark.parametrize("minute", [0, 30])
def test_hours_may_begin_with_the_clock_or_with_the_session(minute: int) -> None:
    first = ns(datetime(2025, 6, 2, 13, minute, tzinfo=UTC))
    times = list(range(first, ns(datetime(2025, 6, 2, 20, tzinfo=UTC)), 60 * MINUTE_NS))
    assert find_gaps(times, Timeframe.HOUR, us_equities()).thin == ()


def test_a_market_round_the_clock_has_every_day_and_minute() -> None:
    series = daily(date(2025, 6, 6), date(2025, 6, 9), always_open())
    assert len(series) == 4
    assert find_gaps(without(series, 1).times, Timeframe.DAY, always_open()).missing == (
        date(2025, 6, 7),
    )
    whole = minutes(date(2025, 6, 7), date(2025, 6, 7), always_open())
    assert find_gaps(whole.times, Timeframe.MINUTE, always_open()).thin == ()


def test_days_that_the_calendar_does_not_know_are_left_out() -> None:
    times = [day_ns(date(1989, 12, day)) for day in (1, 2, 3)]
    assert find_gaps(times, Timeframe.DAY, us_equities()).sessions == ()
    times += [day_ns(date(1990, 1, 2))]
    found = find_gaps(times, Timeframe.DAY, us_equities())
    assert (found.sessions, found.outside) == ((date(1990, 1, 2),), ())


def test_no_bars_have_no_gaps() -> None:
    assert find_gaps([], Timeframe.DAY, us_equities()).sessions == ()
