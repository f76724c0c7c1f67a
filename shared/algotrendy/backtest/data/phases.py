"""Say where in its session each bar stands, and when it was known whole."""

from __future__ import annotations

import numpy as np

from algotrendy.backtest.data.columns import WHOLE_SESSION, IntArray
from algotrendy.backtest.data.moments import DAY_NS
from algotrendy.backtest.data.runs import begins_run
from algotrendy.backtest.data.sessions import sessions_around
from algotrendy.backtest.data.timeframes import Timeframe
from algotrendy.exchange.rules.codes import FIRST_OF_SESSION, LAST_OF_SESSION, REGULAR_HOURS
from algotrendy.market_data.calendar import TradingCalendar


def phases(
    time: IntArray, timeframe: Timeframe, calendar: TradingCalendar | None = None
) -> IntArray:
    """Give the phase of each bar.

    A bar of a day or longer is a whole session. A shorter one is where its begin is, as at the
    exchange: in the regular hours or not; the first there is in them is the first of the session,
    and the one that reaches the close is the last. When that bar is missing no other takes its
    place: at its own time nobody knows that it will be.

    Without a calendar each UTC date is a session, all of it regular hours, and the last bar of a
    date is the last of the session; so is the last bar that there is.

    Args:
        time: Begins of bars, nanoseconds since 1970 UTC, oldest first.
        timeframe: Of the bars.
        calendar: When the market is open.

    Raises:
        Invalid: If a bar lies in a year that the calendar does not know.
    """
    if not timeframe.is_intraday:
        return np.full(len(time), WHOLE_SESSION, dtype=np.int64)
    if calendar is None:
        return _by_date(time)
    table = sessions_around(calendar, time)
    found = np.zeros(len(time), dtype=np.int64)
    place = table.at(time)
    regular = np.flatnonzero(table.is_regular(place, time))
    place = place[regular]
    found[regular] = REGULAR_HOURS
    found[regular[begins_run(place)]] |= FIRST_OF_SESSION
    ends = timeframe.ends(time[regular])
    found[regular[ends >= table.close[place]]] |= LAST_OF_SESSION
    return found


def known_times(
    time: IntArray, timeframe: Timeframe, calendar: TradingCalendar | None = None
) -> IntArray:
    """Give when each bar is whole: at the end of its span.

    With a calendar a bar of minutes or hours ends with the session at the latest. No bar ends
    later than the next begins.
    """
    ends = timeframe.ends(time)
    if calendar is not None and timeframe.is_intraday:
        table = sessions_around(calendar, time)
        place = table.at(time)
        closing = np.where(table.is_regular(place, time), table.close[place], ends)
        ends = np.minimum(ends, closing)
    in_order = time[1:] > time[:-1]
    ends[:-1] = np.where(in_order, np.minimum(ends[:-1], time[1:]), ends[:-1])
    return ends


def _by_date(time: IntArray) -> IntArray:
    found = np.full(len(time), REGULAR_HOURS, dtype=np.int64)
    if len(time):
        begins = begins_run(time // DAY_NS)
        found[begins] |= FIRST_OF_SESSION
        found[np.roll(begins, -1)] |= LAST_OF_SESSION
    return found
