"""When a scheduled callback is due, and that no later bar decides it."""

from __future__ import annotations

import numpy as np
import pytest

from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.moments import MINUTE_NS, in_words
from algotrendy.backtest.data.phases import known_times, phases
from algotrendy.backtest.data.schedules import due
from algotrendy.backtest.data.sessions import sessions_around
from algotrendy.backtest.data.timeframes import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities
from algotrendy.strategy.schedules import (
    Schedule,
    every_bars,
    every_begin,
    every_close,
    every_day_at,
    every_end,
    every_open,
)
from fakes.bar_columns import at, bars_at, daily, weekdays

US = us_equities()
HALF_HOUR = Timeframe(30, "Min")
ALL = (
    every_open(),
    every_close(),
    every_begin("week"),
    every_end("week"),
    every_begin("month"),
    every_end("month"),
    every_begin("quarter"),
    every_end("quarter"),
)


def of(bars: Columns, timeframe: str = "1Day") -> Dataset:
    return dataset([Asset("A", bars, timeframes=(timeframe,))])


def sessions(first: str, last: str) -> Columns:
    """Make a bar for each session of the exchange."""
    bars = weekdays(first, last)
    table = sessions_around(US, bars.time)
    return bars_at(bars.time[table.of_days(bars.time // (1440 * MINUTE_NS)) >= 0])


def half_hours(first: str, last: str, calendar: TradingCalendar | None = US) -> Dataset:
    """Make bars of half an hour from an hour before to an hour after each session."""
    table = sessions_around(US, np.array([at(first), at(last)]))
    inside = (table.open >= at(first)) & (table.close <= at(last))
    spans = zip(table.open[inside].tolist(), table.close[inside].tolist(), strict=True)
    hour = 60 * MINUTE_NS
    parts = [np.arange(open_ - hour, close + hour, hour // 2) for open_, close in spans]
    times = np.concatenate(parts)
    bars = bars_at(times, hour // 2, phase=phases(times, HALF_HOUR, calendar).tolist())
    assert bars.known.tolist() == known_times(times, HALF_HOUR, calendar).tolist()
    return of(bars, "30Min")


def begins(schedule: Schedule, whole: Dataset, calendar: TradingCalendar | None = US) -> list[str]:
    """Name the begin of each bar after which a schedule is due."""
    rows = np.flatnonzero(due([schedule], whole, calendar))
    times = whole.assets[0].base.time[rows].tolist()
    return [in_words(time).removesuffix(" UTC").removesuffix(" 00:00") for time in times]


YEAR = of(sessions("2024-01-01", "2024-12-31"))


def test_months_begin_and_end_with_their_sessions() -> None:
    assert begins(every_begin("month"), YEAR)[:3] == ["2024-01-02", "2024-02-01", "2024-03-01"]
    ends = begins(every_end("month"), YEAR)
    # 2024-03-29 was Good Friday.
    assert ends[:5] == ["2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30", "2024-05-31"]
    assert len(ends) == 12


def test_weeks_and_quarters_begin_and_end_with_their_sessions() -> None:
    week_begins, week_ends = begins(every_begin("week"), YEAR), begins(every_end("week"), YEAR)
    assert week_begins[:3] == ["2024-01-02", "2024-01-08", "2024-01-16"]
    assert week_ends[:3] == ["2024-01-05", "2024-01-12", "2024-01-19"]
    assert "2024-03-28" in week_ends
    assert begins(every_begin("quarter"), YEAR) == [
        "2024-01-02",
        "2024-04-01",
        "2024-07-01",
        "2024-10-01",
    ]
    assert begins(every_end("quarter"), YEAR) == [
        "2024-03-28",
        "2024-06-28",
        "2024-09-30",
        "2024-12-31",
    ]


def test_the_last_week_of_a_year_ends_in_the_next() -> None:
    assert "2024-12-31" not in begins(every_end("week"), YEAR)
    assert begins(every_end("week"), of(sessions("2024-12-30", "2025-01-03"))) == ["2025-01-03"]


def test_without_a_calendar_weekdays_decide() -> None:
    whole = of(weekdays("2024-01-01", "2024-12-31"))
    ends = begins(every_end("month"), whole, None)
    assert ends[:3] == ["2024-01-31", "2024-02-29", "2024-03-29"]
    # On the exchange's own dates the end of March has no bar, and is not due.
    assert begins(every_end("month"), YEAR, None)[:3] == ["2024-01-31", "2024-02-29", "2024-04-30"]
    assert begins(every_begin("month"), whole, None)[:3] == [
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]
    assert begins(every_end("week"), whole, None)[0] == "2024-01-05"


def test_a_market_that_never_closes_has_the_month_s_last_date() -> None:
    whole = of(daily("2024-01-01", 70))
    assert begins(every_end("month"), whole, always_open()) == ["2024-01-31", "2024-02-29"]
    assert begins(every_end("week"), whole, always_open())[0] == "2024-01-07"
    assert begins(every_end("week"), whole, None)[0] == "2024-01-05"
    assert begins(every_begin("week"), whole, None)[:2] == ["2024-01-01", "2024-01-08"]


def test_bars_that_begin_within_a_period_do_not_begin_it() -> None:
    rest = of(sessions("2024-01-10", "2024-03-05"))
    assert begins(every_begin("month"), rest) == ["2024-02-01", "2024-03-01"]
    assert begins(every_begin("month"), rest, None) == ["2024-02-01", "2024-03-01"]
    assert begins(every_begin("week"), rest)[0] == "2024-01-16"


def test_a_period_whose_first_session_has_no_bar_begins_with_the_next() -> None:
    bars = sessions("2024-01-02", "2024-03-05")
    rest = of(bars_at(bars.time[bars.time != at("2024-02-01")]))
    assert begins(every_begin("month"), rest) == ["2024-01-02", "2024-02-02", "2024-03-01"]


WEEKS = half_hours("2024-11-25", "2024-12-07")


def test_sessions_open_and_close_with_their_regular_hours() -> None:
    opens, closes = begins(every_open(), WEEKS), begins(every_close(), WEEKS)
    assert opens[:2] == ["2024-11-25 14:30", "2024-11-26 14:30"]
    assert closes[:2] == ["2024-11-25 20:30", "2024-11-26 20:30"]
    # Thanksgiving, and the half day after it.
    assert opens[3] == "2024-11-29 14:30"
    assert closes[3] == "2024-11-29 17:30"
    assert begins(every_end("month"), WEEKS) == ["2024-11-29 17:30"]
    assert begins(every_begin("month"), WEEKS) == ["2024-12-02 14:30"]


def test_a_time_of_day_is_the_market_s_and_is_not_due_after_an_early_close() -> None:
    # A bar that begins at 15:00 in New York, 20:00 UTC, has closed at 15:30.
    assert begins(every_day_at("15:30"), WEEKS)[:4] == [
        "2024-11-25 20:00",
        "2024-11-26 20:00",
        "2024-11-27 20:00",
        "2024-12-02 20:00",
    ]
    assert begins(every_day_at("15:31"), WEEKS)[0] == "2024-11-25 20:30"
    assert begins(every_day_at("15:30"), WEEKS, None)[0] == "2024-11-25 15:00"


def test_a_time_of_day_follows_summer_time() -> None:
    whole = half_hours("2024-03-08", "2024-03-12")
    assert begins(every_day_at("10:00"), whole) == ["2024-03-08 14:30", "2024-03-11 13:30"]


def test_every_so_many_bars_counts_from_the_first() -> None:
    assert np.flatnonzero(due([every_bars(3)], YEAR[:10])).tolist() == [2, 5, 8]
    assert due([every_bars(1)], YEAR[:4]).tolist() == [1, 1, 1, 1]


def test_each_schedule_has_its_bit() -> None:
    found = due([every_bars(2), every_open(), every_bars(3)], YEAR[:6], US)
    assert found.tolist() == [2, 3, 6, 3, 2, 7]
    assert not found.flags.writeable
    most = due([every_bars(2)] * 63, YEAR[:2])
    assert most.tolist() == [0, 2**63 - 1]


@pytest.mark.parametrize("calendar", [US, None])
@pytest.mark.parametrize("whole", [YEAR, WEEKS], ids=["days", "half hours"])
def test_no_later_bar_decides_whether_a_step_is_due(
    whole: Dataset, calendar: TradingCalendar | None
) -> None:
    schedules = ALL if whole is YEAR else (*ALL, every_day_at("12:00"))
    found = due(schedules, whole, calendar)
    for steps in (1, 2, 7, 21, 60, len(whole) - 1):
        assert due(schedules, whole[:steps], calendar).tolist() == found[:steps].tolist()


@pytest.mark.parametrize("whole", [YEAR, WEEKS], ids=["days", "half hours"])
def test_a_slice_has_the_same_steps_due_as_the_whole(whole: Dataset) -> None:
    schedules = ALL if whole is YEAR else (*ALL, every_day_at("12:00"))
    found = due(schedules, whole, US)
    for first in range(60):
        assert due(schedules, whole[first:], US).tolist() == found[first:].tolist()


def test_a_symbol_that_has_no_bar_does_not_keep_others_from_being_due() -> None:
    late = sessions("2024-02-12", "2024-12-31")
    both = dataset([Asset("B", late), YEAR.assets[0]])
    assert due(ALL, both, US).tolist() == due(ALL, YEAR, US).tolist()


def test_a_session_opens_once_however_many_symbols_open_in_it() -> None:
    bars = WEEKS.assets[0].base
    phase = phases(bars.time[4:], HALF_HOUR, US)
    later = bars_at(bars.time[4:], 30 * MINUTE_NS, phase=phase.tolist())
    both = dataset([WEEKS.assets[0], Asset("B", later, timeframes=("30Min",))])
    assert due(ALL, both, US).tolist() == due(ALL, WEEKS, US).tolist()


def test_what_cannot_be_due_is_refused() -> None:
    with pytest.raises(Invalid, match=r"schedules must be at most 63, was 64"):
        due([every_bars(2)] * 64, YEAR)
    with pytest.raises(Invalid, match="schedule must be by session, week, month or quarter"):
        due([every_day_at("12:00")], YEAR)
    with pytest.raises(Invalid, match=r"schedule.count must be at least 1 bar, was 0"):
        every_bars(0)
    with pytest.raises(Invalid, match=r"schedule.at must be a time of day such as 15:30"):
        every_day_at("half past three")
    with pytest.raises(Invalid, match=r"schedule.at must be a time without a zone"):
        every_day_at("15:30Z")
    with pytest.raises(
        Invalid, match=r"schedule.period must be one of session, week, month, quarter"
    ):
        every_begin("year")  # type: ignore[arg-type]  # what a caller may write


def test_of_no_steps_none_is_due() -> None:
    assert due(ALL, YEAR[4:4], US).tolist() == []
    assert due([*ALL, every_day_at("12:00")], WEEKS[4:4], US).tolist() == []
