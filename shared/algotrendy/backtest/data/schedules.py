"""Say at which steps a callback is due, before a backtest begins.

A callback is called after the bar that makes it due has closed, as ``decide`` is; its orders meet
the market from the next bar on. Nothing here looks at a later bar: that a session is the last of
its month is known from the calendar. Without a calendar it is known from weekdays alone. Then a
month ends with its last day from Monday to Friday, and when that was a holiday, the end of this
month is not due at all; where a market trades on weekends, ``always_open()`` is its calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Final, Literal, NamedTuple

import numpy as np

from algotrendy.backtest.data.columns import IntArray
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.moments import DAY_NS, MINUTE_NS, SECOND_NS
from algotrendy.backtest.data.resampling import period_begins
from algotrendy.backtest.data.runs import begins_run
from algotrendy.backtest.data.sessions import SessionTable, local_clock, sessions_around
from algotrendy.backtest.data.timeframes import Timeframe, is_intraday
from algotrendy.exchange.rules.codes import FIRST_OF_SESSION, LAST_OF_SESSION, REGULAR_HOURS
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.schedules import Period, Schedule

MOST_SCHEDULES: Final = 63
"""As many as an int64 has bits besides its sign."""

_PERIODS: Final[dict[Period, Timeframe]] = {
    "session": Timeframe(1, "Day"),
    "week": Timeframe(1, "Week"),
    "month": Timeframe(1, "Month"),
    "quarter": Timeframe(3, "Month"),
}
_FRIDAY: Final = 4
_YEAR: Final = 366
_NO_DAY: Final = -1 << 62


def due(
    schedules: Sequence[Schedule], dataset: Dataset, calendar: TradingCalendar | None = None
) -> IntArray:
    """Say for each step which schedules are due: bit k is set where ``schedules[k]`` is.

    Args:
        schedules: At most 63.
        dataset: The bars of any asset count.
        calendar: When the market is open. Without one, dates and times of day are UTC's.

    Returns:
        One integer a step, shape (steps,).

    Raises:
        Invalid: If there are too many, or a time of day is asked of bars that have none.
    """
    if len(schedules) > MOST_SCHEDULES:
        raise Invalid("schedules", f"at most {MOST_SCHEDULES}", len(schedules))
    found = np.zeros(len(dataset), dtype=np.int64)
    steps = _steps(dataset, calendar)
    for bit, schedule in enumerate(schedules):
        found[_due_at(schedule, dataset, steps, calendar)] |= 1 << bit
    found.flags.writeable = False
    return found


class _Steps(NamedTuple):
    """What the bars of each step say of it.

    Attributes:
        begin: The earliest begin of its bars.
        day: Date of its session in days since 1970, or ``_NO_DAY`` outside of sessions.
        phase: Of its bars together.
        table: The sessions, where there is a calendar.
    """

    begin: IntArray
    day: IntArray
    phase: IntArray
    table: SessionTable | None


def _steps(dataset: Dataset, calendar: TradingCalendar | None) -> _Steps:
    begin = np.full(len(dataset), np.iinfo(np.int64).max)
    phase = np.zeros(len(dataset), dtype=np.int64)
    for asset in dataset.assets:
        rows = np.searchsorted(dataset.timeline, asset.base.known)
        begin[rows] = np.minimum(begin[rows], asset.base.time)
        phase[rows] |= asset.base.phase
    day = begin // DAY_NS
    if calendar is None:
        return _Steps(begin, day, phase, None)
    table = sessions_around(calendar, begin)
    if is_intraday(dataset.timeframe):
        place = table.at(begin)
        day = np.where(place >= 0, table.day[place], _NO_DAY)
    return _Steps(begin, day, phase, table)


def _due_at(
    schedule: Schedule, dataset: Dataset, steps: _Steps, calendar: TradingCalendar | None
) -> IntArray:
    """Give the steps at which a schedule is due."""
    if schedule.moment == "bars":
        return np.arange(schedule.count - 1, len(dataset), schedule.count)
    if schedule.moment == "begin":
        return _begins(_PERIODS[schedule.period], steps)
    if schedule.moment == "end":
        return _ends(_PERIODS[schedule.period], steps)
    if not is_intraday(dataset.timeframe):
        raise Invalid("schedule", "by session, week, month or quarter for bars of days", "a time")
    return _times(schedule.at or time(), dataset.timeline, steps, calendar)


def _begins(period: Timeframe, steps: _Steps) -> IntArray:
    """Find the first regular step of each period's first session."""
    regular = (steps.phase & REGULAR_HOURS != 0) & (steps.day != _NO_DAY)
    rows = np.flatnonzero(regular)
    rows = rows[begins_run(steps.day[rows])]
    if len(rows) and steps.phase[rows[0]] & FIRST_OF_SESSION == 0:
        # The bars begin in the midst of a session.
        rows = rows[1:]
    days = steps.day[rows]
    begins = begins_run(period_begins(days, period))
    if len(rows):
        before = _neighbours(days[:1], -1, steps.table)
        begins[0] = period_begins(before, period)[0] != period_begins(days[:1], period)[0]
    found: IntArray = rows[begins]
    return found


def _ends(period: Timeframe, steps: _Steps) -> IntArray:
    """Find the last step of each period's last session."""
    rows = np.flatnonzero((steps.phase & LAST_OF_SESSION != 0) & (steps.day != _NO_DAY))
    days = steps.day[rows]
    last_of_day = np.ones(len(rows), dtype=np.bool_)
    last_of_day[:-1] = days[1:] != days[:-1]
    rows, days = rows[last_of_day], days[last_of_day]
    if period.unit == "Day":
        return rows
    after = _neighbours(days, 1, steps.table)
    is_last = period_begins(after, period) != period_begins(days, period)
    if steps.table is None:
        is_last &= _weekday(days) <= _FRIDAY
    found: IntArray = rows[is_last]
    return found


def _neighbours(days: IntArray, side: Literal[-1, 1], table: SessionTable | None) -> IntArray:
    """Give the date of the session before or after each date, or of the weekday.

    Beyond the sessions there are it is the same day a year away, which is of no period of this one.
    """
    if table is None:
        weekday = _weekday(days)
        if side > 0:
            return days + np.where(weekday < _FRIDAY, 1, 7 - weekday)
        return days - np.where(weekday == 0, 3, np.maximum(weekday - _FRIDAY, 1))
    place = np.searchsorted(table.day, days, "right" if side > 0 else "left") - (side < 0)
    inside = (place >= 0) & (place < len(table.day))
    found = table.day[np.clip(place, 0, len(table.day) - 1)]
    return np.where(inside, found, days + side * _YEAR)


def _weekday(days: IntArray) -> IntArray:
    """Give 0 for a Monday to 6 for a Sunday; 1970 began on a Thursday."""
    return (days + 3) % 7


def _times(
    at: time, timeline: IntArray, steps: _Steps, calendar: TradingCalendar | None
) -> IntArray:
    """Find the first step of each session whose bars end at the time of day or later."""
    after_midnight = (at.hour * 60 + at.minute) * MINUTE_NS + at.second * SECOND_NS
    # From the midnight of the session's own date: its last bar may end on the next one.
    rows = np.flatnonzero(steps.day != _NO_DAY)
    target = steps.day[rows] * DAY_NS + after_midnight
    late = rows[_shown(timeline[rows], calendar) >= target]
    first = late[begins_run(steps.day[late])]
    if len(first) and first[0] == rows[0] and steps.phase[first[0]] & FIRST_OF_SESSION == 0:
        begin = _shown(steps.begin[first[:1]], calendar)[0]
        # The bars begin in the midst of a session, later than the time of day.
        return first[1:] if begin >= target[0] else first
    return first


def _shown(times: IntArray, calendar: TradingCalendar | None) -> IntArray:
    return times if calendar is None else local_clock(calendar, times)
