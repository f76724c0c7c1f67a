"""Do about missing bars what a reader declared: keep the gaps, draw over them, or refuse."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import TradingCalendar, calendar_of
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.quality.gaps import Gaps, find_gaps, instant, ns
from algotrendy.market_data.series import BarSeries, day_ns, session_date

MOST_JUDGED: Final = 200_000
"""Bars, stored and filled, that one request of a reader may be judged over."""


class GapPolicy(StrEnum):
    """What a reader does about bars that are missing by the calendar.

    ``keep`` leaves the series as it is stored. ``fill`` puts a bar for each that is missing: its
    four prices are the close before it, its volume is 0. ``refuse`` reads a series without gaps,
    or none.
    """

    KEEP = "keep"
    FILL = "fill"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Declared:
    """A series as its reader wants it.

    Attributes:
        filled: Times of the bars that nobody stored.
    """

    series: BarSeries
    filled: frozenset[int] = frozenset()


def declared(
    series: BarSeries,
    policy: GapPolicy,
    calendar: TradingCalendar | None = None,
    until: int | None = None,
    most: int | None = None,
) -> Declared:
    """Give a series as a policy wants it, from its first bar to its last.

    A filled bar is known at its end, as any other, and says nothing that was not known before it.
    That it is there follows from the calendar alone where ``until`` does not depend on the series.

    Args:
        calendar: When its market is open; None: by the symbol.
        until: Time of the last bar that is expected (ns UTC), at or after the series' own last.
        most: Bars that there may be.

    Raises:
        Invalid: If there are gaps and they are refused, or too many bars are missing.
    """
    if policy is GapPolicy.KEEP or not len(series):
        return Declared(series)
    calendar = calendar or calendar_of(series.symbol)
    last = max(series.times[-1], until or series.times[-1])
    room = None if most is None else most - len(series) + 1
    missing = tuple(islice(_missing(series, calendar, last), room))
    if room is not None and len(missing) >= room:
        raise _too_many(most or 0, series.symbol)
    if not missing:
        return Declared(series)
    if policy is GapPolicy.REFUSE:
        raise _refusal(series, missing)
    return Declared(_drawn(series, missing), frozenset(missing))


def all_declared(
    series: Sequence[BarSeries], policy: GapPolicy, calendar: TradingCalendar | None = None
) -> list[BarSeries]:
    """Give series that are looked at together as a policy wants them.

    Each is judged up to the last bar of all: whether a bar of one is filled tells nothing about
    whether it ever traded again.

    Raises:
        Invalid: As ``declared``.
    """
    until = max((each.times[-1] for each in series if len(each)), default=None)
    return [declared(each, policy, calendar, until).series for each in series]


def read_declared(
    store: BarStore,
    symbol: Symbol,
    span: tuple[date | None, date | None],
    policy: GapPolicy,
    *,
    after: int | None,
    limit: int,
    **asked: Any,
) -> Declared:
    """Read a page of the bars of a span of sessions; ``asked`` is passed to ``BarStore.read``.

    With another policy than ``keep``, all bars of the span are judged for each page.

    Raises:
        NotFound, Invalid: As ``BarStore.read``; ``gaps``, as ``declared`` or for a wide span.
    """
    if policy is GapPolicy.KEEP:
        return Declared(store.read(symbol, *span, after=after, limit=limit, **asked))
    whole = store.read(symbol, *span, limit=MOST_JUDGED + 1, **asked)
    if len(whole) > MOST_JUDGED:
        raise _too_many(MOST_JUDGED, symbol)
    found = declared(whole, policy, most=MOST_JUDGED)
    first = 0 if after is None else bisect_right(found.series.times, after)
    return replace(found, series=_cut(found.series, first, first + limit))


def _missing(series: BarSeries, calendar: TradingCalendar, last: int) -> Iterator[int]:
    """Give the times of the bars that lack, in no order, up to a last time."""
    gaps = find_gaps(series.times, series.timeframe, calendar, _date(last, series, calendar))
    found = map(day_ns, gaps.missing) if _is_daily(series) else _within(series, gaps, calendar)
    return (time for time in found if series.times[0] <= time <= last)


def _within(series: BarSeries, gaps: Gaps, calendar: TradingCalendar) -> Iterator[int]:
    for _, lacking in gaps.thin:
        yield from lacking
    span = int(series.timeframe.span.total_seconds()) * 10**9
    # Bars of an hour begin with the clock's hour at some sources, with the session at others.
    by_clock = sum(time % span == 0 for time in series.times) * 2 > len(series)
    for day in gaps.missing:
        session = calendar.session(day)
        if session is not None:
            opened = ns(session.open)
            begin = opened // span * span if by_clock else opened
            yield from range(begin, ns(session.close), span)


def _drawn(series: BarSeries, missing: Sequence[int]) -> BarSeries:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    there = dict(zip(series.times, zip(*columns, strict=True), strict=True))
    rows: dict[int, tuple[float, ...]] = {}
    close = series.open[0]
    for time in sorted({*series.times, *missing}):
        rows[time] = there.get(time) or (close, close, close, close, 0.0)
        close = rows[time][3]
    return _of_columns(series, tuple(rows), zip(*rows.values(), strict=True))


def _cut(series: BarSeries, first: int, last: int) -> BarSeries:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    return _of_columns(series, series.times[first:last], (each[first:last] for each in columns))


def _of_columns(
    series: BarSeries, times: tuple[int, ...], columns: Iterator[tuple[float, ...]]
) -> BarSeries:
    open_, high, low, close, volume = columns
    return replace(series, times=times, open=open_, high=high, low=low, close=close, volume=volume)


def _is_daily(series: BarSeries) -> bool:
    return series.timeframe is Timeframe.DAY


def _date(time: int, series: BarSeries, calendar: TradingCalendar) -> date:
    return session_date(time) if _is_daily(series) else calendar.date_at(instant(time))


def _refusal(series: BarSeries, missing: Sequence[int]) -> Invalid:
    first = min(missing)
    at = f"{session_date(first)}" if _is_daily(series) else f"{instant(first):%Y-%m-%d %H:%M} UTC"
    bars = "1 bar" if len(missing) == 1 else f"{len(missing):,} bars"
    actual = f"{series.symbol} lacks {bars} of {series.timeframe}, the first at {at}"
    return Invalid("gaps", "keep or fill, or a range without gaps", actual)


def _too_many(most: int, symbol: Symbol) -> Invalid:
    expected = f"keep, or a range of at most {most:,} bars, missing ones counted"
    return Invalid("gaps", expected, f"more of {symbol}")
