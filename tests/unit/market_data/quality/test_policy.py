"""A reader says what becomes of gaps: they stay, are drawn over, or refuse the series."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import always_open
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.quality.policy import GapPolicy, all_declared, declared
from algotrendy.market_data.series import BarSeries, day_ns
from fakes.quality_bars import daily, minutes, walk, without

HOUR_NS = 3_600_000_000_000
# Thanksgiving on the 27th, a half day on the 28th.
THANKSGIVING = date(2025, 11, 24), date(2025, 12, 1)


def hours(minute: int) -> BarSeries:
    """Give a bar for each hour of two days, from the clock's hour or from the session's begin."""
    times = [
        ns(datetime(2025, 6, day, 13, minute, tzinfo=UTC)) + hour * HOUR_NS
        for day in (2, 3, 4)
        for hour in range(7)
    ]
    return walk(times, Timeframe.HOUR)


def test_kept_is_the_series_as_it_is() -> None:
    series = without(daily(*THANKSGIVING), 1)
    found = declared(series, GapPolicy.KEEP)
    assert found.series is series
    assert found.filled == frozenset()


@pytest.mark.parametrize("policy", [GapPolicy.FILL, GapPolicy.REFUSE])
def test_a_whole_series_stays_as_it_is(policy: GapPolicy) -> None:
    series = daily(*THANKSGIVING)
    assert declared(series, policy).series is series


def test_a_missing_day_is_the_close_before_without_volume_and_a_holiday_is_none() -> None:
    series = without(daily(*THANKSGIVING), 1, 3)
    found = declared(series, GapPolicy.FILL)
    filled = {day_ns(date(2025, 11, 25)), day_ns(date(2025, 11, 28))}
    assert found.filled == filled
    assert found.series.times == daily(*THANKSGIVING).times
    for place in (1, 3):
        columns = (found.series.open, found.series.high, found.series.low, found.series.close)
        assert {column[place] for column in columns} == {found.series.close[place - 1]}
        assert found.series.volume[place] == 0.0
    found.series.validate()


def test_refused_says_how_many_lack_and_which_is_the_first() -> None:
    series = without(daily(*THANKSGIVING), 1, 3)
    told = (
        "gaps must be keep or fill, or a range without gaps, "
        "was 'AAPL lacks 2 bars of 1Day, the first at 2025-11-25'"
    )
    with pytest.raises(Invalid) as error:
        declared(series, GapPolicy.REFUSE)
    assert error.value.message == told
    minute = without(minutes(date(2025, 6, 2), date(2025, 6, 2)), 5)
    with pytest.raises(Invalid, match="lacks 1 bar of 1Min, the first at 2025-06-02 13:35 UTC"):
        declared(minute, GapPolicy.REFUSE)


def test_sessions_without_a_bar_are_filled_minute_by_minute() -> None:
    whole = minutes(date(2025, 6, 2), date(2025, 6, 4))
    found = declared(without(whole, *range(380, 800)), GapPolicy.FILL)
    assert found.series.times == whole.times
    assert len(found.filled) == 420


@pytest.mark.parametrize("minute", [0, 30])
def test_a_session_without_hours_is_filled_as_the_others_begin(minute: int) -> None:
    whole = hours(minute)
    found = declared(without(whole, *range(6, 15)), GapPolicy.FILL)
    assert found.series.times == whole.times


def test_nothing_is_filled_before_the_first_bar_or_after_the_last() -> None:
    series = without(minutes(date(2025, 6, 2), date(2025, 6, 2)), *range(10), *range(300, 390))
    assert declared(series, GapPolicy.FILL).series is series
    assert declared(series, GapPolicy.REFUSE).series is series


def test_a_pair_is_filled_round_the_clock_by_its_name_and_others_by_a_calendar() -> None:
    weekend = walk([day_ns(date(2025, 6, day)) for day in (6, 9)], Timeframe.DAY, "BTC/USD")
    assert len(declared(weekend, GapPolicy.FILL).filled) == 2
    share = walk(weekend.times, Timeframe.DAY)
    assert declared(share, GapPolicy.FILL).filled == frozenset()
    assert len(declared(share, GapPolicy.FILL, always_open()).filled) == 2


def test_of_series_together_each_is_judged_up_to_the_last_bar_of_all() -> None:
    whole = daily(date(2025, 6, 2), date(2025, 6, 13))
    ended = without(whole, 2, *range(6, 10))
    filled = all_declared([ended, whole], GapPolicy.FILL)
    assert [each.times for each in filled] == [whole.times, whole.times]
    assert set(filled[0].close[6:]) == {ended.close[-1]}
    with pytest.raises(Invalid, match="AAPL lacks 5 bars of 1Day"):
        all_declared([ended, whole], GapPolicy.REFUSE)


def test_more_missing_bars_than_a_reader_may_have_are_refused() -> None:
    first, last = (ns(datetime(year, 6, 2, 14, tzinfo=UTC)) for year in (2000, 2025))
    told = "gaps must be keep, or a range of at most 1,000 bars, missing ones counted"
    with pytest.raises(Invalid, match=told):
        declared(walk([first, last], Timeframe.MINUTE), GapPolicy.FILL, most=1_000)


def test_filled_bars_are_in_order_of_time() -> None:
    series = without(minutes(date(2025, 6, 2), date(2025, 6, 6)), *range(3, 1000, 7))
    times = declared(series, GapPolicy.FILL).series.times
    assert all(before < after for before, after in pairwise(times))
