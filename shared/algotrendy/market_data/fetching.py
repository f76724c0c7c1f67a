"""Import bars from a service page by page; what was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import NamedTuple, Protocol

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import MAX_ROWS_KEPT, Invalid, RowError
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import PRICE_LIMITS, VOLUME_LIMIT, RawBars, row_fault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FetchedBar(NamedTuple):
    """One bar as a service told it.

    Attributes:
        time: In nanoseconds since 1970 UTC; of a daily bar 00:00 UTC of its session.
    """

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class BarHistory(Protocol):
    """A service that tells bars of the past.

    Attributes:
        source: What the store calls it, such as ``alpaca:iex``.
    """

    source: str

    def pages(
        self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Iterator[Sequence[FetchedBar]]:
        """Give the bars that begin in a span, as traded, oldest first, a page at a time.

        Only bars that are over by ``end`` are given. Waits where the service asks for it.

        Raises:
            NotFound: If the service does not know the symbol.
            Unauthenticated: If it does not take the keys.
            Unavailable: If it does not answer however often it is asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """Which bars to import: those of a series that begin from ``start`` on and before ``end``."""

    symbol: Symbol
    timeframe: Timeframe
    start: datetime
    end: datetime

    @property
    def what(self) -> str:
        """Name what is imported."""
        return str(self.timeframe)


class AnyTask(Protocol):
    """An import of a symbol from a begin on, whatever is imported."""

    @property
    def symbol(self) -> Symbol:
        """Say of which symbol."""
        ...

    @property
    def start(self) -> datetime:
        """Say from when on."""
        ...

    @property
    def what(self) -> str:
        """Name what is imported: a timeframe, or trades."""
        ...


class ImportNotes(Protocol):
    """Remembers how far an import has come."""

    def until(self, source: str, task: AnyTask) -> datetime | None:
        """Give the time of the last bar or trade that an import of this begin has stored."""
        ...

    def remember(self, source: str, task: AnyTask, until: datetime) -> None:
        """Remember the time of the last one that is stored."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an import did.

    Attributes:
        bars: That it read.
        changed: Pages that had something new.
        quarantined: Bars that were left out, since no market can have made them.
        faults: Why, the first 100; a "line" is the place among all bars that were read.
        resumed: Where it went on, None when it began at the beginning.
        first, last: Times of the first and last good bar; None when there was none.
    """

    bars: int = 0
    changed: int = 0
    quarantined: int = 0
    faults: tuple[RowError, ...] = ()
    resumed: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None


def fetch_bars(
    store: BarStore,
    history: BarHistory,
    notes: ImportNotes,
    task: Task,
    tell: Callable[[Fetched], None] = lambda _: None,
) -> Fetched:
    """Import bars, a commit a page, and remember after each how far it came.

    A run that ends early goes on from its last bar when it is started again; so does a later run,
    which then only reads what is new. Bars of a page take the place of what lay between them.

    Raises:
        Invalid: If the span ends before it begins.
        NotFound, Unauthenticated, Unavailable: As ``BarHistory.pages``; what is stored stays.
    """
    if task.start >= task.end:
        raise Invalid("start", f"before the end, {task.end.isoformat()}", task.start.isoformat())
    resumed = notes.until(history.source, task)
    begin = task.start if resumed is None else max(task.start, resumed)
    done, before = Fetched(resumed=resumed), None
    for page in history.pages(task.symbol, task.timeframe, begin, task.end):
        good, done = _checked(page, before, done)
        if not good:
            continue
        # The page before ends with the bar that this one begins with: nothing lies between them.
        rows = good if before is None or before.time == good[0].time else [before, *good]
        stored = store.replace([_series(rows, task, history.source).validate()])
        before = good[-1]
        last = _moment(before.time)
        notes.remember(history.source, task, last)
        done = replace(
            done,
            changed=done.changed + bool(stored.changed),
            first=done.first or _moment(good[0].time),
            last=last,
        )
        tell(done)
    return done


def _checked(
    page: Sequence[FetchedBar], before: FetchedBar | None, done: Fetched
) -> tuple[list[FetchedBar], Fetched]:
    good: list[FetchedBar] = []
    faults: list[RowError] = []
    newest = before.time - 1 if before is not None else None
    for place, bar in enumerate(page, done.bars + 1):
        fault = _fault(bar)
        if fault is None and newest is not None and bar.time <= newest:
            fault = "time", f"{_moment(bar.time).isoformat()} is not later than the bar before it"
        if fault is not None:
            faults.append(RowError(place, *fault))
            continue
        good.append(bar)
        newest = bar.time
    return good, replace(
        done,
        bars=done.bars + len(page),
        quarantined=done.quarantined + len(faults),
        faults=(*done.faults, *faults)[:MAX_ROWS_KEPT],
    )


def _fault(bar: FetchedBar) -> tuple[str, str] | None:
    least, most = PRICE_LIMITS
    for name in ("open", "high", "low", "close"):
        price = getattr(bar, name)
        if not (isfinite(price) and least <= price <= most):
            return name, f"{price!r} is not a price of {least:g} to {most:g}"
    if not (isfinite(bar.volume) and 0 <= bar.volume <= VOLUME_LIMIT):
        return "volume", f"{bar.volume!r} is not a volume of 0 to {VOLUME_LIMIT:g}"
    return row_fault(bar.open, bar.high, bar.low, bar.close)


def _series(rows: Sequence[FetchedBar], task: Task, source: str) -> RawBars:
    times, *numbers = zip(*rows, strict=True)
    open_, high, low, close, volume = (tuple(map(float, column)) for column in numbers)
    ones = (1.0,) * len(rows)
    return RawBars(
        task.symbol, task.timeframe, times, open_, high, low, close, volume, ones, source
    )


def _moment(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
