"""Make bars of longer timeframes of shorter ones, session by session."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from algotrendy.backtest.data.columns import (
    WHOLE_SESSION,
    BoolArray,
    Columns,
    IntArray,
    columns,
    frozen,
)
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.moments import DAY_NS
from algotrendy.backtest.data.runs import begins_run
from algotrendy.backtest.data.sessions import SessionTable, sessions_around
from algotrendy.backtest.data.timeframes import Timeframe, parse_timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar


class _Spans(NamedTuple):
    """The longer bar that each bar belongs to: whether to any, its begin, and its end."""

    kept: BoolArray
    begin: IntArray
    end: IntArray


def resample(
    bars: Columns,
    timeframe: Timeframe,
    to: Timeframe,
    calendar: TradingCalendar | None = None,
    *,
    extended: bool = False,
    partial: bool = False,
) -> Columns:
    """Make longer bars of shorter ones.

    A longer bar is known when the last of its bars is; where bars are missing at its end, not
    before that end, because until then nobody knows that none will come.

    With a calendar, bars of minutes and hours are counted from each session's open and end with it
    at the latest; a day, week or month is that of its sessions' dates and ends with the last
    session's close. Without one, days are UTC dates, and bars are counted from midnight.

    Volumes are added by numpy, always in the same order: exact where they are whole numbers below
    2**53 in all.

    Args:
        bars: Oldest first.
        timeframe: Of ``bars``.
        to: Of the result; below a day, a multiple of ``timeframe``.
        calendar: When the market is open.
        extended: Whether bars of the extended hours count; they are never mixed with those of the
            regular hours in a bar shorter than a day. Without, only regular hours count.
        partial: Whether to keep the last bar when its end has not come yet. It is then known when
            the last of its bars is.

    Raises:
        Invalid: If ``to`` is not longer than the timeframe of the bars, or cannot be made of it.
    """
    _require_longer(timeframe, to)
    spans = _spans(bars.time, timeframe, to, calendar, extended=extended)
    rows = np.flatnonzero(spans.kept)
    begins, ends = spans.begin[rows], spans.end[rows]
    first = np.flatnonzero(begins_run(begins))
    last = np.append(first[1:], len(rows)) - 1
    if not len(first):
        return bars[:0]
    arrays = {
        "time": begins[first],
        "open": bars.open[rows[first]],
        "high": np.maximum.reduceat(bars.high[rows], first),
        "low": np.minimum.reduceat(bars.low[rows], first),
        "close": bars.close[rows[last]],
        "volume": np.add.reduceat(bars.volume[rows], first),
    }
    known = np.maximum(bars.known[rows[last]], ends[first])
    is_whole = bool(bars.known[-1] >= ends[-1])
    if not is_whole:
        known[-1] = bars.known[rows[-1]]
    phase = np.bitwise_or.reduceat(bars.phase[rows], first)
    if not to.is_intraday:
        phase[:] = WHOLE_SESSION
    made = columns(arrays, known=frozen(known, np.int64, "known"), phase=phase)
    return made if is_whole or partial else made[:-1]


def _require_longer(timeframe: Timeframe, to: Timeframe) -> None:
    if to.order() <= timeframe.order():
        raise Invalid("timeframe", f"longer than {timeframe}, that of the bars", str(to))
    uneven = to.ns % timeframe.ns if to.is_intraday else 0
    if timeframe.unit == "Month":
        uneven = to.count % timeframe.count
    if uneven or (timeframe.unit == "Week" and to.unit == "Month"):
        raise Invalid("timeframe", f"a whole number of {timeframe}, that of the bars", str(to))


def _spans(
    time: IntArray,
    timeframe: Timeframe,
    to: Timeframe,
    calendar: TradingCalendar | None,
    *,
    extended: bool,
) -> _Spans:
    every = np.ones(len(time), dtype=np.bool_)
    if calendar is None:
        if to.is_intraday:
            midnight = time - time % DAY_NS
            return _counted(every, time, midnight, midnight + DAY_NS, to.ns)
        return _dated(every, time // DAY_NS, to)
    table = sessions_around(calendar, time)
    if not timeframe.is_intraday:
        return _dated(every, time // DAY_NS, to, table.day, _closes(table, extended=extended))
    place = table.at(time)
    kept = place >= 0 if extended else table.is_regular(place, time)
    if to.is_intraday:
        return _counted(kept, time, *_hours(table, place, time), to.ns)
    return _dated(kept, table.day[place], to, table.day, _closes(table, extended=extended))


def _closes(table: SessionTable, *, extended: bool) -> IntArray:
    return table.post_close if extended else table.close


def _hours(table: SessionTable, place: IntArray, time: IntArray) -> tuple[IntArray, IntArray]:
    """Give begin and end of the hours that each bar lies in: before, regular, or after them."""
    open_, close = table.open[place], table.close[place]
    is_before, is_after = time < open_, time >= close
    begin = np.select([is_before, is_after], [table.pre_open[place], close], open_)
    end = np.select([is_before, is_after], [open_, table.post_close[place]], close)
    return begin, end


def _counted(
    kept: BoolArray, time: IntArray, begin: IntArray, end: IntArray, span_ns: int
) -> _Spans:
    """Cut hours into spans of one length, counted from their begin; the last may be shorter."""
    begins = time - (time - begin) % span_ns
    return _Spans(kept, begins, np.minimum(begins + span_ns, end))


def _dated(
    kept: BoolArray,
    day: IntArray,
    to: Timeframe,
    days: IntArray | None = None,
    closes: IntArray | None = None,
) -> _Spans:
    """Put each date into its day, week or months; with sessions these end at a close."""
    first_day = period_begins(day, to)
    begins = first_day * DAY_NS
    ends = to.ends(begins)
    if days is None or closes is None:
        return _Spans(kept, begins, ends)
    final = np.searchsorted(days, ends // DAY_NS, "left") - 1
    has_session = (final >= 0) & (days[final] >= first_day)
    return _Spans(kept, begins, np.where(has_session, closes[final], ends))


def period_begins(day: IntArray, of: Timeframe) -> IntArray:
    """Give the first day of the day, week (from Monday) or months that each date lies in.

    Args:
        day: Dates in days since 1970.
        of: A timeframe of a day or longer; months are counted from January.
    """
    if of.unit == "Day":
        return day
    if of.unit == "Week":
        # 1970 began on a Thursday, three days after a Monday.
        return day - (day + 3) % 7
    month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    # 1970 began with a January, so that months since then count as months of a year.
    begins = (month - month % of.count).astype("M8[M]").astype("M8[D]")
    return begins.astype(np.int64)


def on_timeframe(bars: Dataset, timeframe: str, calendar: TradingCalendar | None) -> Dataset:
    """Give bars on a timeframe that is as long as theirs, or longer.

    Raises:
        Invalid: For a shorter one, or one as long as the others that a strategy reads besides.
    """
    if timeframe == bars.timeframe:
        return bars
    short, long = parse_timeframe(bars.timeframe), parse_timeframe(timeframe)
    if long.order() < short.order():
        raise Invalid("timeframe", f"{short} or longer, as the bars are", timeframe)
    kept = [name for name in bars.timeframes[1:] if parse_timeframe(name).order() > long.order()]
    if len(kept) < len(bars.timeframes) - 1:
        expected = f"below {bars.timeframes[1]}, which the strategy reads besides"
        raise Invalid("timeframe", expected, timeframe)
    made = [
        replace(
            asset,
            base=resample(asset.base, short, long, calendar),
            timeframes=(str(long), *bars.timeframes[1:]),
        )
        for asset in bars.assets
    ]
    return dataset(made, currency=bars.currency, rates=bars.rates)
