"""Resample bars one at a time, as one would by hand: what the arrays are compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import fsum

from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.data.moments import datetime_ns
from algotrendy.backtest.data.timeframes import Timeframe
from algotrendy.market_data.calendar import TradingCalendar

Bar = tuple[int, int, float, float, float, float, float]
"""Time, known, open, high, low, close, volume."""

_DAY = timedelta(days=1)


def resampled(
    bars: Columns, to: Timeframe, calendar: TradingCalendar | None, *, extended: bool = False
) -> list[Bar]:
    """Give the longer bars of bars below a day; the last is left out when its end has not come."""
    found: list[tuple[datetime, datetime, list[int]]] = []
    for row in range(len(bars)):
        moment = datetime.fromtimestamp(int(bars.time[row]) // 10**9, UTC)
        span = _span(moment, to, calendar, extended=extended)
        if span is None:
            continue
        if found and found[-1][0] == span[0]:
            found[-1][2].append(row)
        else:
            found.append((*span, [row]))
    whole = []
    for begin, end, rows in found:
        if int(bars.known[-1]) < datetime_ns(end):
            continue
        known = max(int(bars.known[rows[-1]]), datetime_ns(end))
        prices = (
            float(bars.open[rows[0]]),
            max(float(bars.high[row]) for row in rows),
            min(float(bars.low[row]) for row in rows),
            float(bars.close[rows[-1]]),
        )
        volume = fsum(float(bars.volume[row]) for row in rows)
        whole.append((datetime_ns(begin), known, *prices, volume))
    return whole


def _span(
    moment: datetime, to: Timeframe, calendar: TradingCalendar | None, *, extended: bool
) -> tuple[datetime, datetime] | None:
    if calendar is None:
        midnight = datetime.combine(moment.date(), datetime.min.time(), UTC)
        if to.is_intraday:
            return _counted(moment, midnight, midnight + _DAY, to)
        first, following = _period(moment.date(), to)
        return _midnight(first), _midnight(following)
    session = calendar.session_at(moment)
    if session is None or not (extended or session.is_regular(moment)):
        return None
    if not to.is_intraday:
        first, following = _period(session.date, to)
        final = calendar.sessions(first, following - _DAY)[-1]
        return _midnight(first), final.post_close if extended else final.close
    for begin, end in (
        (session.pre_open, session.open),
        (session.open, session.close),
        (session.close, session.post_close),
    ):
        if begin <= moment < end:
            return _counted(moment, begin, end, to)
    return None


def _counted(
    moment: datetime, begin: datetime, end: datetime, to: Timeframe
) -> tuple[datetime, datetime]:
    span = timedelta(microseconds=to.ns // 1000)
    while begin + span <= moment:
        begin += span
    return begin, min(begin + span, end)


def _period(day: date, to: Timeframe) -> tuple[date, date]:
    if to.unit == "Day":
        return day, day + _DAY
    if to.unit == "Week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    month = (day.month - 1) // to.count * to.count
    following = month + to.count
    return (
        date(day.year, month + 1, 1),
        date(day.year + following // 12, following % 12 + 1, 1),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
