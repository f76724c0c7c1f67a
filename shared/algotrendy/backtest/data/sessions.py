"""Lay a calendar's sessions out as arrays, so that a million bars find theirs at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from algotrendy.backtest.data.columns import BoolArray, IntArray
from algotrendy.backtest.data.faults import NO_TIME
from algotrendy.backtest.data.moments import DAY_NS, HOUR_NS, SECOND_NS, datetime_ns, in_words
from algotrendy.backtest.data.runs import begins_run
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_WEEK: Final = timedelta(days=7)
_YEARS: Final = (1679, 2260)
"""Whole years, and a week around them, that 64 bits of nanoseconds hold."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionTable:
    """Sessions in the order of time, one entry each in every array, and never none at all.

    Attributes:
        day: Date where the market is, in days since 1970.
        open, close: Regular hours, nanoseconds since 1970 UTC.
        pre_open, post_close: Extended hours around them.
    """

    day: IntArray
    open: IntArray
    close: IntArray
    pre_open: IntArray
    post_close: IntArray

    def at(self, times: IntArray) -> IntArray:
        """Give the place of the session that each moment lies in, extended hours too; -1: none."""
        place = np.searchsorted(self.pre_open, times, "right") - 1
        inside = (place >= 0) & (times < self.post_close[place])
        return np.where(inside, place, -1)

    def of_days(self, days: IntArray) -> IntArray:
        """Give the place of each date's session; -1: none."""
        place = np.minimum(np.searchsorted(self.day, days), len(self.day) - 1)
        return np.where(self.day[place] == days, place, -1)

    def is_regular(self, places: IntArray, times: IntArray) -> BoolArray:
        """Say of each moment whether it lies in the regular hours of the session at its place."""
        return (places >= 0) & (times >= self.open[places]) & (times < self.close[places])


def sessions_around(calendar: TradingCalendar, times: IntArray) -> SessionTable:
    """Give the sessions of all the years that some times lie in, and of a week around them.

    Raises:
        Invalid: If the calendar does not know the year of a time, which it names as a bar's.
    """
    dated = times[times != NO_TIME]
    if not len(dated):
        return _NO_SESSIONS
    for edge in (int(dated.min()), int(dated.max())):
        # A moment may have another date where the market is: a day off either way is for that.
        day = date.fromordinal(_EPOCH_DAY + edge // DAY_NS)
        if not calendar.first <= day <= calendar.last:
            row = int(np.argmax(times == edge))
            expected = f"from {calendar.first} to {calendar.last}, as the calendar {calendar.name}"
            raise Invalid(f"bars[{row}].time", expected, in_words(edge))
    first, last = (int(year) + 1970 for year in _years(dated))
    return _table(calendar, max(first, _YEARS[0]), min(last, _YEARS[1]))


def _years(times: IntArray) -> IntArray:
    edges = np.array([times.min() - DAY_NS, times.max() + DAY_NS])
    return edges.view("M8[ns]").astype("M8[Y]").astype(np.int64)


@lru_cache(maxsize=64)
def _table(calendar: TradingCalendar, first_year: int, last_year: int) -> SessionTable:
    first = max(calendar.first, date(first_year, 1, 1) - _WEEK)
    last = min(calendar.last, date(last_year, 12, 31) + _WEEK)
    sessions = calendar.sessions(first, last) if first <= last else []
    if not sessions:
        return _NO_SESSIONS

    return SessionTable(
        _column([session.date.toordinal() - _EPOCH_DAY for session in sessions]),
        _column([datetime_ns(session.open) for session in sessions]),
        _column([datetime_ns(session.close) for session in sessions]),
        _column([datetime_ns(session.pre_open) for session in sessions]),
        _column([datetime_ns(session.post_close) for session in sessions]),
    )


def _column(values: list[int]) -> IntArray:
    array = np.array(values, dtype=np.int64)
    array.flags.writeable = False
    return array


_NO_SESSIONS: Final = SessionTable(*(_column([NO_TIME]) for _ in range(5)))
"""One session that no moment lies in."""


def local_clock(calendar: TradingCalendar, times: IntArray) -> IntArray:
    """Give what a clock at the market shows: nanoseconds since 1970 as if its zone were UTC."""
    hours = times // HOUR_NS
    # No zone of a market changes its offset within an hour of UTC.
    begins = np.flatnonzero(begins_run(hours))
    offsets = np.array([_offset_ns(calendar, int(hours[row])) for row in begins], dtype=np.int64)
    return times + np.repeat(offsets, np.diff(np.append(begins, len(times))))


def _offset_ns(calendar: TradingCalendar, hour: int) -> int:
    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(calendar.zone)
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND_NS
