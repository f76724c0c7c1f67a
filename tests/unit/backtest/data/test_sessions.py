"""Where bars stand in their sessions, how longer ones are made of them, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from algotrendy.backtest.data.columns import Columns, IntArray
from algotrendy.backtest.data.gaps import Gaps, gaps
from algotrendy.backtest.data.moments import MINUTE_NS, in_words
from algotrendy.backtest.data.phases import known_times, phases
from algotrendy.backtest.data.resampling import resample
from algotrendy.backtest.data.sessions import local_clock
from algotrendy.backtest.data.timeframes import Timeframe, parse_timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import always_open, us_equities
from fakes.bar_columns import at, bars_at, daily, minutes, weekdays

US = us_equities()
HALF_HOUR = Timeframe(30, "Min")
HOUR, DAY = Timeframe(1, "Hour"), Timeframe(1, "Day")


def words(times: IntArray) -> list[str]:
    return [in_words(int(time)) for time in times]


def half_hours(first: str, count: int) -> Columns:
    return minutes(first, count, every=30)


def test_the_bar_that_reaches_the_close_is_the_last_of_its_session() -> None:
    bars = half_hours("2024-03-08 12:00", 24)
    found = phases(bars.time, HALF_HOUR, US).tolist()
    # 09:30 to 16:00 in New York is 14:30 to 21:00 UTC in winter.
    assert found == [0] * 5 + [5] + [4] * 11 + [6] + [0] * 6


def test_summer_time_moves_the_session_in_utc() -> None:
    found = phases(half_hours("2024-03-11 12:00", 24).time, HALF_HOUR, US).tolist()
    assert found == [0] * 3 + [5] + [4] * 11 + [6] + [0] * 8


def test_a_half_day_ends_early() -> None:
    bars = half_hours("2024-11-29 14:00", 10)
    assert phases(bars.time, HALF_HOUR, US).tolist() == [0, 5, 4, 4, 4, 4, 4, 6, 0, 0]


def test_a_holiday_has_no_session() -> None:
    assert phases(half_hours("2024-11-28 14:00", 14).time, HALF_HOUR, US).tolist() == [0] * 14


def test_when_the_last_bar_is_missing_no_other_is_the_last() -> None:
    bars = half_hours("2024-03-08 14:30", 12)
    assert phases(bars.time, HALF_HOUR, US).tolist() == [5] + [4] * 11


def test_when_the_first_bar_is_missing_the_first_there_is_takes_its_place() -> None:
    bars = half_hours("2024-03-08 15:30", 3)
    assert phases(bars.time, HALF_HOUR, US).tolist() == [5, 4, 4]


def test_a_bar_is_where_its_begin_is() -> None:
    bars = minutes("2024-03-08 14:00", 3, every=60)
    # The bar at 14:00 UTC begins before the open, though it holds it.
    assert phases(bars.time, HOUR, US).tolist() == [0, 5, 4]


def test_without_a_calendar_a_utc_date_is_a_session() -> None:
    times = np.append(half_hours("2024-03-08 14:30", 3).time, half_hours("2024-03-11", 1).time)
    assert phases(times, HALF_HOUR).tolist() == [5, 4, 6, 7]
    assert phases(times[:0], HALF_HOUR).tolist() == []


def test_a_longer_bar_is_a_whole_session() -> None:
    for name in ("1Day", "1Week", "1Month"):
        assert phases(daily("2024-01-01", 3).time, parse_timeframe(name), US).tolist() == [7] * 3


def test_a_bar_ends_with_its_session_at_the_latest() -> None:
    bars = bars_at([at("2024-03-08 19:30"), at("2024-03-08 20:30"), at("2024-03-11 13:30")], 1)
    assert words(known_times(bars.time, HOUR, US)) == [
        "2024-03-08 20:30 UTC",
        "2024-03-08 21:00 UTC",
        "2024-03-11 14:30 UTC",
    ]
    assert words(known_times(bars.time, HOUR))[1] == "2024-03-08 21:30 UTC"


def test_no_bar_ends_later_than_the_next_begins() -> None:
    weeks = bars_at([at("2024-01-02"), at("2024-01-08"), at("2024-01-16")], 1)
    known = known_times(weeks.time, Timeframe(1, "Week"))
    assert words(known) == ["2024-01-08 00:00 UTC", "2024-01-15 00:00 UTC", "2024-01-23 00:00 UTC"]


def test_hours_are_counted_from_the_open_and_end_with_the_session() -> None:
    made = resample(half_hours("2024-11-29 14:00", 12), HALF_HOUR, HOUR, US)
    assert [word[11:16] for word in words(made.time)] == ["14:30", "15:30", "16:30", "17:30"]
    assert words(made.known)[-1] == "2024-11-29 18:00 UTC"
    assert made.phase.tolist() == [7, 7, 7, 7]


def test_hours_without_a_calendar_are_counted_from_midnight() -> None:
    made = resample(half_hours("2024-11-29 14:30", 12), HALF_HOUR, HOUR)
    assert [word[11:16] for word in words(made.time)] == [
        "14:00",
        "15:00",
        "16:00",
        "17:00",
        "18:00",
        "19:00",
    ]


def test_a_day_is_made_of_the_regular_hours_of_its_session() -> None:
    bars = half_hours("2024-03-08 12:00", 24)
    made = resample(bars, HALF_HOUR, DAY, US)
    assert words(made.time) == ["2024-03-08 00:00 UTC"]
    assert words(made.known) == ["2024-03-08 21:00 UTC"]
    assert (made.open[0], made.close[0]) == (bars.open[5], bars.close[17])
    assert made.volume[0] == bars.volume[5:18].sum()
    assert made.phase.tolist() == [7]
    late = half_hours("2024-03-08 09:00", 32)
    longest = resample(late, HALF_HOUR, DAY, US, extended=True)
    assert longest.open[0] == late.open[0]
    assert words(longest.known) == ["2024-03-09 01:00 UTC"]


def test_the_last_bar_is_left_out_until_its_end_has_come() -> None:
    bars = half_hours("2024-03-08 14:30", 12)
    assert len(resample(bars, HALF_HOUR, DAY, US)) == 0
    made = resample(bars, HALF_HOUR, DAY, US, partial=True)
    assert words(made.known) == ["2024-03-08 20:30 UTC"]
    assert len(resample(half_hours("2024-03-08 14:30", 13), HALF_HOUR, DAY, US)) == 1
    # The last bar of the day is missing: one that comes later tells that the day is over.
    missing = np.delete(half_hours("2024-03-08 14:30", 16).time, 12)
    whole = resample(bars_at(missing, 30 * MINUTE_NS), HALF_HOUR, DAY, US)
    assert words(whole.known) == ["2024-03-08 21:00 UTC"]


def test_a_week_with_a_holiday_at_its_end_is_known_after_its_last_session() -> None:
    # 2024-03-29 was Good Friday.
    bars = weekdays("2024-03-25", "2024-03-28")
    made = resample(bars, DAY, Timeframe(1, "Week"), US)
    assert words(made.time) == ["2024-03-25 00:00 UTC"]
    assert words(made.known) == ["2024-03-29 00:00 UTC"]
    assert len(resample(bars, DAY, Timeframe(1, "Week"))) == 0
    assert len(resample(bars, DAY, Timeframe(1, "Month"), US)) == 1


def test_quarters_and_years_are_made_of_months() -> None:
    year = weekdays("2024-01-01", "2025-01-03")
    quarters = resample(year, DAY, Timeframe(3, "Month"), US)
    assert [word[:10] for word in words(quarters.time)] == [
        "2024-01-01",
        "2024-04-01",
        "2024-07-01",
        "2024-10-01",
    ]
    assert words(resample(year, DAY, Timeframe(12, "Month"), US).known) == ["2025-01-01 00:00 UTC"]
    months = resample(year, DAY, Timeframe(1, "Month"), US)
    again = resample(months, Timeframe(1, "Month"), Timeframe(3, "Month"), US)
    assert again.close.tolist() == quarters.close.tolist()
    assert again.known.tolist() == quarters.known.tolist()


@pytest.mark.parametrize(
    ("of", "to"),
    [
        ("1Hour", "1Hour"),
        ("1Day", "4Hour"),
        ("4Hour", "6Hour"),
        ("7Min", "1Hour"),
        ("1Week", "1Month"),
        ("2Month", "3Month"),
    ],
)
def test_what_is_no_whole_number_of_bars_cannot_be_made(of: str, to: str) -> None:
    with pytest.raises(Invalid, match=f"that of the bars, was {to!r}"):
        resample(daily("2024-01-01", 3), parse_timeframe(of), parse_timeframe(to))


def test_of_no_bars_no_bars_are_made() -> None:
    assert len(resample(daily("2024-01-01", 3)[:0], DAY, Timeframe(1, "Week"), US)) == 0
    outside = half_hours("2024-11-28 14:00", 14)
    assert len(resample(outside, HALF_HOUR, HOUR, US)) == 0


@pytest.mark.parametrize("text", ["", "1", "60Min", "24Hour", "2Day", "5Month", "1min", "١Min"])
def test_what_names_no_timeframe_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="timeframe must be 1Min to 59Min"):
        parse_timeframe(text)


def test_the_clock_at_the_market_follows_its_summer_time() -> None:
    times = np.array([at("2024-03-10 06:30"), at("2024-03-10 07:30"), at("2024-07-01 12:00")])
    shown = words(local_clock(US, times))
    assert [word[11:16] for word in shown] == ["01:30", "03:30", "08:00"]


def test_sessions_that_are_missing_are_counted_and_holidays_are_not() -> None:
    bars = weekdays("2024-11-25", "2024-12-06")
    assert gaps(bars, DAY, US) == Gaps(0, 0, 0, None)
    rest = bars_at(np.delete(bars.time, [1, 2, 7]))
    assert gaps(rest, DAY, US) == Gaps(2, 3, 2, at("2024-11-25"))
    assert gaps(rest, DAY) == Gaps(2, 3, 2, at("2024-11-25"))


def test_minutes_that_are_missing_are_counted_over_the_night_with_a_calendar_alone() -> None:
    first, second = half_hours("2024-11-27 14:30", 11), half_hours("2024-11-29 15:30", 5)
    bars = bars_at(np.append(first.time, second.time), 30 * MINUTE_NS)
    assert gaps(bars, HALF_HOUR, US) == Gaps(1, 4, 4, at("2024-11-27 19:30"))
    assert gaps(bars, HALF_HOUR) == Gaps(0, 0, 0, None)
    within = bars_at(np.delete(first.time, [3, 4]), 30 * MINUTE_NS)
    assert gaps(within, HALF_HOUR) == Gaps(1, 2, 2, at("2024-11-27 15:30"))


def test_a_market_with_bars_on_weekends_has_gaps_on_weekends() -> None:
    bars = daily("2024-01-01", 14)
    rest = bars_at(np.delete(bars.time, 6))
    assert gaps(rest, DAY) == Gaps(1, 1, 1, at("2024-01-06"))
    assert gaps(rest, DAY, always_open()) == Gaps(1, 1, 1, at("2024-01-06"))


def test_weeks_and_months_that_are_missing_are_counted() -> None:
    weeks = bars_at([at(day) for day in ("2023-12-26", "2024-01-02", "2024-01-16")])
    assert gaps(weeks, Timeframe(1, "Week")) == Gaps(1, 1, 1, at("2024-01-02"))
    months = bars_at([at(day) for day in ("2023-12-01", "2024-01-02", "2024-04-01")])
    assert gaps(months, Timeframe(1, "Month"), US) == Gaps(1, 2, 2, at("2024-01-02"))
