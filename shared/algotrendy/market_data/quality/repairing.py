"""Ask a source for bars that are missing or wrong, store what it has, note what it has not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple, Protocol

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, Rejected, Unauthenticated
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionStore
from algotrendy.market_data.calendar import calendar_of
from algotrendy.market_data.fetching import BarHistory, FetchedBar
from algotrendy.market_data.ports import BarStore, SymbolSummary
from algotrendy.market_data.quality.findings import Kind, Weight
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.quality.inspecting import Asked, Inspector
from algotrendy.market_data.quality.report import QualityReport
from algotrendy.market_data.series import BarSeries, RawBars, day_ns, session_date

EXCHANGE = "ccxt:"
"""What the source of bars begins with that came from an exchange."""
FIRST_WAIT = timedelta(hours=20)
LONGEST_WAIT = timedelta(days=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)
_BY_FACTOR = "its source adjusts the series by factors of its own: import it anew"
_SUSPECT = frozenset({Kind.OUTLIER, Kind.ZERO_VOLUME, Kind.DUPLICATE})


class Hole(NamedTuple):
    """Bars of one series that are missing or wrong, from a first to a last time (ns UTC).

    Attributes:
        wanted: Times of the bars that are asked for; None: whichever lie in the sessions.
    """

    symbol: Symbol
    timeframe: Timeframe
    kind: Kind
    first: int
    last: int
    wanted: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Unrepaired:
    """A hole that a source could not fill, or not wholly.

    Attributes:
        lacking: How many bars are still missing or wrong.
        attempts: How often the source was asked, this time included.
    """

    hole: Hole
    source: str
    lacking: int
    reason: str
    attempts: int
    asked: datetime


class RepairNotes(Protocol):
    """Remembers what could not be repaired."""

    def tried(self, symbol: Symbol, timeframe: Timeframe, source: str) -> Sequence[Unrepaired]:
        """Give the newest note of each hole of a series that this source was asked for."""
        ...

    def remember(self, notes: Sequence[Unrepaired]) -> None:
        """Add notes."""
        ...


@dataclass(slots=True)
class Repaired:
    """What a run did.

    Attributes:
        asked: Holes that the source was asked for.
        waiting: Holes that it was asked for not long ago, or that time did not suffice for.
        bars: Bars that were stored, missing ones and corrections.
        unrepaired: What is noted as not repaired.
        left: Series with holes whose exchange cannot be asked from here, in words.
    """

    asked: int = 0
    waiting: int = 0
    bars: int = 0
    unrepaired: list[Unrepaired] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Repairer:
    """Repairs the series of a store, one hole after the other.

    A series that came from an exchange is repaired from that exchange alone: at another one a pair
    has other prices.

    Args:
        history: Whom to ask about all others.
        exchange: Gives whom to ask by a source such as ``ccxt:binance``; None where nobody here
            can ask it.
    """

    def __init__(
        self,
        store: BarStore,
        inspector: Inspector,
        history: BarHistory,
        notes: RepairNotes,
        actions: ActionStore,
        clock: Callable[[], datetime],
        exchange: Callable[[str], BarHistory | None] = lambda _: None,
    ) -> None:
        self._store = store
        self._inspector = inspector
        self._history = history
        self._notes = notes
        self._actions = actions
        self._clock = clock
        self._exchange = exchange

    def run(
        self, asked: Asked | None = None, time_is_up: Callable[[], bool] | None = None
    ) -> Repaired:
        """Repair what can be: what the source does not have is noted, and asked for later again.

        After each vain attempt the wait is twice as long: 20 hours, 40 hours, up to 30 days.

        Raises:
            Unauthenticated, Unavailable: If the source does not answer; what is stored stays.
        """
        done = Repaired()
        for item in self._inspector.series(asked or Asked()):
            self._repair(item, done, time_is_up or (lambda: False))
        return done

    def _repair(self, item: SymbolSummary, done: Repaired, time_is_up: Callable[[], bool]) -> None:
        [report] = self._inspector.judge([item])
        history = self._asked_about(item)
        if history is None:
            if any(holes(report)):
                done.left.append(f"{item.symbol} {item.timeframe}, from {item.source}")
            return
        source = history.source
        tried = {
            (note.hole.kind, note.hole.first, note.hole.last): note
            for note in self._notes.tried(item.symbol, item.timeframe, source)
        }
        unrepaired: list[Unrepaired] = []
        by_factor = self._has_factors(item)
        try:
            for hole in holes(report):
                before = tried.get((hole.kind, hole.first, hole.last))
                if time_is_up() or (
                    before and self._clock() < before.asked + wait(before.attempts)
                ):
                    done.waiting += 1
                    continue
                done.asked += 1
                attempts = 1 + (before.attempts if before else 0)
                if by_factor:
                    stored, lacking, reason = 0, _expected(hole), _BY_FACTOR
                else:
                    stored, lacking, reason = self._fill(hole, history)
                done.bars += stored
                if lacking:
                    now = self._clock()
                    unrepaired.append(Unrepaired(hole, source, lacking, reason, attempts, now))
        finally:
            if unrepaired:
                self._notes.remember(unrepaired)
                done.unrepaired += unrepaired

    def _asked_about(self, item: SymbolSummary) -> BarHistory | None:
        came_from = item.source.split(", ")
        exchanges = [name for name in came_from if name.startswith(EXCHANGE)]
        if not exchanges or self._history.source in exchanges:
            return self._history
        return self._exchange(exchanges[0])

    def _fill(self, hole: Hole, history: BarHistory) -> tuple[int, int, str]:
        """Give how many bars were stored, how many are still wanted, and why."""
        begin, end = _span(hole)
        try:
            pages = history.pages(hole.symbol, hole.timeframe, begin, end)
            found = {bar.time: bar for page in pages for bar in page if is_sound(bar)}
        except Unauthenticated:
            raise
        except (Invalid, Rejected) as error:
            return 0, _expected(hole), error.message
        bars = [found[when] for when in sorted(found) if _is_wanted(hole, when)]
        stored = self._stored(hole, begin, end)
        new = [bar for bar in bars if stored.get(bar.time) != tuple(bar[1:])]
        for part in _parts(new, stored):
            self._store.replace([_series(part, hole, history.source)])
        if hole.kind in _SUSPECT:
            same = len(bars) - len(new)
            absent = _expected(hole) - len(bars)
            reason = "the source says the same" if same else "the source has no bar"
            return len(new), same + absent, reason
        return len(new), max(0, _expected(hole) - len(bars)), "the source has no bars there"

    def _has_factors(self, item: SymbolSummary) -> bool:
        """Say whether the series' own source adjusts it: a bar of another has no such factor."""
        if self._actions.read().of(item.symbol):
            return False
        raw, adjusted = (
            self._store.read(
                item.symbol, timeframe=item.timeframe, adjustment=adjustment, limit=1
            ).close
            for adjustment in ("raw", "all")
        )
        return raw != adjusted

    def _stored(
        self, hole: Hole, begin: datetime, end: datetime
    ) -> Mapping[int, tuple[float, ...]]:
        first, last = begin.date() - _ONE_DAY, end.date() + _ONE_DAY
        try:
            bars = self._store.read(hole.symbol, first, last, timeframe=hole.timeframe)
        except Invalid:
            return {}  # no bars in the range
        return dict(zip(bars.times, _rows(bars), strict=True))


def holes(report: QualityReport) -> Iterator[Hole]:
    """Give what a source should be asked for: gaps, and bars that are wrong for certain."""
    series = report.symbol, report.timeframe
    daily = report.timeframe is Timeframe.DAY
    for finding in report.findings:
        span = finding.first, finding.last
        if finding.kind is Kind.MISSING_SESSION:
            wanted = None
            if daily:
                wanted = tuple(
                    day_ns(day) for day in report.gaps.missing if span[0] <= day_ns(day) <= span[1]
                )
            yield Hole(*series, finding.kind, *span, wanted)
        elif finding.kind is Kind.MISSING_BARS:
            lacking = next(bars for _, bars in report.gaps.thin if bars[0] == finding.first)
            yield Hole(*series, finding.kind, *span, lacking)
        elif finding.kind in _SUSPECT and finding.weight is Weight.ERROR and finding.count == 1:
            yield Hole(*series, finding.kind, *span, (finding.first,))


def wait(attempts: int) -> timedelta:
    """Give how long a source is left alone about a hole after so many vain attempts."""
    return min(FIRST_WAIT * int(2 ** min(attempts - 1, 10)), LONGEST_WAIT)


def is_sound(bar: FetchedBar) -> bool:
    """Say whether a market can have made a bar."""
    open_, high, low, close, volume = ((float(value),) for value in bar[1:])
    times = (bar.time,)
    series = BarSeries(Symbol("X"), Timeframe.DAY, times, open_, high, low, close, volume)
    try:
        series.validate()
    except Invalid:
        return False
    return True


def _span(hole: Hole) -> tuple[datetime, datetime]:
    if hole.timeframe is Timeframe.DAY or hole.wanted is None:
        begin = datetime.combine(session_date(hole.first), time(), UTC)
        # Where the market is, its day may end a day later than in UTC.
        return begin, datetime.combine(session_date(hole.last), time(), UTC) + 2 * _ONE_DAY
    first, last = (_EPOCH + timedelta(microseconds=at // 1000) for at in (hole.first, hole.last))
    return first, last + hole.timeframe.span


def _sessions(hole: Hole) -> list[tuple[int, int]]:
    found = calendar_of(hole.symbol).sessions(session_date(hole.first), session_date(hole.last))
    return [(ns(session.pre_open), ns(session.post_close)) for session in found]


def _is_wanted(hole: Hole, when: int) -> bool:
    if hole.wanted is not None:
        return when in hole.wanted
    return any(first <= when < last for first, last in _sessions(hole))


def _expected(hole: Hole) -> int:
    if hole.wanted is not None:
        return len(hole.wanted)
    # What lies in the extended hours is welcome, and not expected.
    calendar = calendar_of(hole.symbol)
    first, last = session_date(hole.first), session_date(hole.last)
    span = hole.timeframe.span
    return sum(-((each.open - each.close) // span) for each in calendar.sessions(first, last))


def _parts(
    bars: Sequence[FetchedBar], stored: Mapping[int, tuple[float, ...]]
) -> Iterator[list[FetchedBar]]:
    """Part new bars where stored ones lie between them: a store replaces all in between."""
    others = sorted(stored.keys() - {bar.time for bar in bars})
    part: list[FetchedBar] = []
    for bar in bars:
        if part and bisect_left(others, part[-1].time) != bisect_left(others, bar.time):
            yield part
            part = []
        part.append(bar)
    if part:
        yield part


def _series(part: Sequence[FetchedBar], hole: Hole, source: str) -> RawBars:
    times = tuple(bar.time for bar in part)
    open_, high, low, close, volume = (
        tuple(float(bar[place]) for bar in part) for place in range(1, 6)
    )
    numbers = (open_, high, low, close, volume, (1.0,) * len(part))
    return RawBars(hole.symbol, hole.timeframe, times, *numbers, source)


def _rows(bars: BarSeries) -> Iterator[tuple[float, ...]]:
    return zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
