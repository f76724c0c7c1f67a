"""Find the sessions and bars that are missing by the calendar."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.calendar import Session, TradingCalendar
from algotrendy.market_data.quality.findings import Finding, Kind, Weight
from algotrendy.market_data.series import day_ns, session_date

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NS_PER_US = 1000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is missing between a first and a last session.

    Attributes:
        sessions: The sessions that should be there, oldest first.
        missing: Those of them without a single bar.
        thin: Sessions with bars, and begins (ns UTC) of the bars that they lack.
        outside: Times of bars (ns UTC) that lie in no session.
    """

    sessions: tuple[date, ...]
    missing: tuple[date, ...]
    thin: tuple[tuple[date, tuple[int, ...]], ...]
    outside: tuple[int, ...]

    @property
    def bars(self) -> int:
        """Count the missing bars within sessions that have some."""
        return sum(len(lacking) for _, lacking in self.thin)


def ns(moment: datetime) -> int:
    """Give a moment in nanoseconds since 1970 UTC."""
    return (moment - _EPOCH) // _US * _NS_PER_US


def instant(time_ns: int) -> datetime:
    """Give what is so many nanoseconds after 1970 UTC, to the microsecond before it."""
    return _EPOCH + timedelta(microseconds=time_ns // _NS_PER_US)


def find_gaps(
    times: Sequence[int],
    timeframe: Timeframe,
    calendar: TradingCalendar,
    last: date | None = None,
) -> Gaps:
    """Compare the times of bars with the calendar.

    Within a session, a bar is expected for each span of the regular hours, from its first minute
    on: early closes and changes of the clock are those of the calendar. Bars in the extended hours
    are neither expected nor wrong.

    Args:
        times: Begins of bars (ns UTC), oldest first.
        last: Bars are expected up to this session; None: up to the last one that has a bar. Days
            that the calendar does not know are left out.
    """
    if not times:
        return Gaps((), (), (), ())
    daily = timeframe is Timeframe.DAY
    begin = _day(times[0], calendar, daily=daily)
    end = max(_day(times[-1], calendar, daily=daily), last or date.min)
    known = max(begin, calendar.first), min(end, calendar.last)
    if known[0] > known[1]:
        return Gaps((), (), (), ())
    if known != (begin, end):
        begin, end = known
        times = [time for time in times if begin <= _day(time, calendar, daily=daily) <= end]
    sessions = calendar.sessions(begin, end)
    if daily:
        return _daily(times, sessions, begin, end)
    return _within(times, timeframe, sessions)


def gap_findings(gaps: Gaps, timeframe: Timeframe) -> Iterator[Finding]:
    """Tell what is missing, one finding for each run of sessions and each of bars."""
    numbers = {session: number for number, session in enumerate(gaps.sessions)}
    for run in _runs(gaps.missing, lambda one, two: numbers[two] - numbers[one] == 1):
        span = str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}"
        first, last = day_ns(run[0]), day_ns(run[-1])
        yield Finding(
            Kind.MISSING_SESSION, Weight.ERROR, first, last, len(run), f"no bar on {span}"
        )
    span_ns = timeframe.span // _US * _NS_PER_US
    for session, lacking in gaps.thin:
        runs = list(_runs(lacking, lambda one, two: two - one == span_ns))
        longest = max(len(run) for run in runs)
        detail = f"{len(lacking)} bars lack on {session}, at most {longest} in a row"
        # A quiet share makes no bar in a quiet minute: that is no fault of the data by itself.
        yield Finding(Kind.MISSING_BARS, Weight.NOTE, lacking[0], lacking[-1], len(lacking), detail)
    if gaps.outside:
        first, last = gaps.outside[0], gaps.outside[-1]
        detail = "bars at times when the market was closed"
        count = len(gaps.outside)
        yield Finding(Kind.OUTSIDE_SESSIONS, Weight.WARNING, first, last, count, detail)


def _day(time: int, calendar: TradingCalendar, *, daily: bool) -> date:
    if daily:
        return session_date(time)
    return calendar.date_at(instant(time))


def _daily(times: Sequence[int], sessions: Sequence[Session], begin: date, end: date) -> Gaps:
    days = {session_date(time) for time in times}
    expected = tuple(session.date for session in sessions)
    known = set(expected)
    outside = tuple(
        time
        for time in times
        if begin <= session_date(time) <= end and session_date(time) not in known
    )
    return Gaps(expected, tuple(day for day in expected if day not in days), (), outside)


def _within(times: Sequence[int], timeframe: Timeframe, sessions: Sequence[Session]) -> Gaps:
    span = timeframe.span // _US * _NS_PER_US
    missing: list[date] = []
    thin: list[tuple[date, tuple[int, ...]]] = []
    outside: list[int] = []
    place = 0
    for session in sessions:
        begin, end = ns(session.pre_open) // span * span, ns(session.post_close)
        first = bisect_left(times, begin, place)
        outside += times[place:first]
        place = bisect_left(times, end, first)
        if first == place:
            missing.append(session.date)
        elif lacking := _lacking(set(times[first:place]), session, span):
            thin.append((session.date, lacking))
    outside += times[place:]
    expected = tuple(session.date for session in sessions)
    return Gaps(expected, tuple(missing), tuple(thin), tuple(outside))


def _lacking(there: set[int], session: Session, span: int) -> tuple[int, ...]:
    opened, closed = ns(session.open), ns(session.close)
    # Bars of an hour begin with the clock's hour at some sources, with the session at others.
    begins = sorted({opened // span * span, opened})
    grids = [range(begin, closed, span) for begin in begins]
    grid = max(grids, key=lambda each: sum(time in there for time in each))
    return tuple(time for time in grid if time not in there)


def _runs(items: Iterable[_T], follows: Callable[[_T, _T], bool]) -> Iterator[list[_T]]:
    run: list[_T] = []
    for item in items:
        if run and not follows(run[-1], item):
            yield run
            run = []
        run.append(item)
    if run:
        yield run
