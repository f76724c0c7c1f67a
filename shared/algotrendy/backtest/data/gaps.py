"""Count the bars that are missing between others. A gap is no error; it is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.data.columns import Columns, IntArray
from algotrendy.backtest.data.moments import DAY_NS
from algotrendy.backtest.data.runs import begins_run
from algotrendy.backtest.data.sessions import sessions_around
from algotrendy.backtest.data.timeframes import Timeframe
from algotrendy.market_data.calendar import TradingCalendar

_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is missing between bars.

    Attributes:
        count: Gaps: bars after which one or more are missing.
        missing: Bars that are missing in all of them.
        longest: Bars that are missing in the longest.
        longest_after: Begin of the bar before the first of the longest, nanoseconds since 1970
            UTC; None without a gap.
    """

    count: int
    missing: int
    longest: int
    longest_after: int | None


def gaps(bars: Columns, timeframe: Timeframe, calendar: TradingCalendar | None = None) -> Gaps:
    """Count the bars that are missing between the first bar and the last.

    With a calendar, a bar of each span of the regular hours, or of each session, is expected; bars
    outside of them are not looked at. Without one, bars of minutes and hours are expected to
    follow each other within a UTC date and not from one to the next, and daily bars from Monday to
    Friday, or every day when there is a bar on any weekend.

    Args:
        bars: Oldest first.
        timeframe: Of the bars.
        calendar: When the market is open.
    """
    rows, slots = _slots(bars.time, timeframe, calendar)
    between = np.diff(slots) - 1
    if calendar is None and timeframe.is_intraday:
        between[begins_run(bars.time // DAY_NS)[1:]] = 0
    found = np.flatnonzero(between > 0)
    if not len(found):
        return Gaps(0, 0, 0, None)
    longest = int(np.argmax(between))
    after = int(bars.time[rows[longest]])
    return Gaps(len(found), int(between[found].sum()), int(between[longest]), after)


def _slots(
    time: IntArray, timeframe: Timeframe, calendar: TradingCalendar | None
) -> tuple[IntArray, IntArray]:
    """Give the rows that are looked at, and the number of each among all bars expected."""
    day = time // DAY_NS
    rows = np.arange(len(time))
    if timeframe.unit == "Week":
        return rows, (day + 3) // 7
    if timeframe.unit == "Month":
        months = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
        return rows, months // timeframe.count
    if calendar is not None:
        return _session_slots(time, timeframe, calendar)
    if timeframe.is_intraday:
        return rows, time // timeframe.ns
    weekday = (day + 3) % 7
    if (weekday > _FRIDAY).any():
        return rows, day
    return rows, (day + 3) // 7 * (_FRIDAY + 1) + weekday


def _session_slots(
    time: IntArray, timeframe: Timeframe, calendar: TradingCalendar
) -> tuple[IntArray, IntArray]:
    table = sessions_around(calendar, time)
    if not timeframe.is_intraday:
        place = table.of_days(time // DAY_NS)
        rows = np.flatnonzero(place >= 0)
        return rows, place[rows]
    place = table.at(time)
    rows = np.flatnonzero(table.is_regular(place, time))
    place = place[rows]
    # Rounded up: the last bar of a session may be shorter than the others.
    slots = -((table.open - table.close) // timeframe.ns)
    before = np.cumsum(slots) - slots
    return rows, before[place] + (time[rows] - table.open[place]) // timeframe.ns
