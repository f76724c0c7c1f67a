"""Append bars to the lake: what is new, what a source corrects, and what it takes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, NotFound, Unavailable
from algotrendy.market_data.adapters.lake_bar_rows import (
    COLUMNS,
    DATASET,
    NS_PER_US,
    NUMBERS,
    PARTITIONS,
    TIME_US,
    has_history_in,
    instant,
    microseconds,
    of_series,
    standing,
    table_of,
    within,
)
from algotrendy.platform.lake import Lake, literal

_ATTEMPTS = 12
_WRITTEN = tuple(name for name in COLUMNS if name != "year")


@dataclass(frozen=True, slots=True)
class Part:
    """Bars of one series that take the place of all there are from a first to a last time.

    Attributes:
        first_ns, last_ns: Both included; the bars lie within.
        times: In nanoseconds since 1970 UTC, increasing.
        numbers: Columns in the order of ``NUMBERS``.
    """

    symbol: str
    timeframe: Timeframe
    first_ns: int
    last_ns: int
    times: Sequence[int]
    numbers: Sequence[Sequence[float]]
    source: str

    @property
    def mark(self) -> str:
        """Name the mark of the dataset that moves with each write to the series."""
        return mark_of(self.symbol, self.timeframe)


class _Stored(NamedTuple):
    numbers: tuple[float, ...]
    source: str
    recorded_us: int
    revision: int
    gone: bool

    @property
    def order(self) -> tuple[int, int]:
        """Give what grows from row to row of one bar."""
        return self.revision, self.recorded_us


def mark_of(symbol: str, timeframe: Timeframe) -> str:
    """Name the mark of a series in the dataset."""
    return f"bars:{symbol}:{timeframe}"


class BarWriter:
    """Writes parts in one commit, so that what was known before can still be read."""

    def __init__(self, lake: Lake, clock: Clock) -> None:
        """Write into the lake, by this clock."""
        self._lake, self._clock = lake, clock
        self._has_history = False

    def write(self, parts: Sequence[Part]) -> tuple[int | None, frozenset[int]]:
        """Append what differs from what stands.

        Returns:
            The version of the commit, None when nothing differed; and the places of the parts that
            had something to append.

        Raises:
            Unavailable: If other writers of the same series kept coming first.
        """
        for _ in range(_ATTEMPTS):
            # Marks are read before rows: a write that falls between is seen as a conflict.
            marks = self._lake.marks(DATASET, {part.mark for part in parts})
            rows: dict[str, list[Any]] = {name: [] for name in _WRITTEN}
            changed = frozenset(
                place for place, part in enumerate(parts) if self._differing(part, rows)
            )
            if not changed:
                return None, changed
            names = {parts[place].mark for place in changed}
            moves = {name: (marks[name], (marks[name] or 0) + 1) for name in names}
            try:
                version = self._lake.write(DATASET, table_of(rows), PARTITIONS, marks=moves)
            except Conflict:
                continue
            return version, changed
        raise Unavailable("lake", f"{DATASET} is written too often")

    def take_back(self, symbols: Sequence[str], timeframe: Timeframe, source: str) -> None:
        """Note in one commit that a source no longer has its bars of these symbols.

        Raises:
            Unavailable: If other writers of the same series kept coming first.
        """
        from arro3.core import Table

        names = [mark_of(symbol, timeframe) for symbol in symbols]
        for _ in range(_ATTEMPTS):
            marks = self._lake.marks(DATASET, names)
            sql = self._taken_back(symbols, timeframe, source)
            batches = list(self._lake.batches(DATASET, sql))
            if not batches:
                return
            moves = {name: (number, (number or 0) + 1) for name, number in marks.items()}
            try:
                self._lake.write(DATASET, Table.from_batches(batches), PARTITIONS, marks=moves)
            except Conflict:
                continue
            return
        raise Unavailable("lake", f"{DATASET} is written too often")

    def _taken_back(self, symbols: Sequence[str], timeframe: Timeframe, source: str) -> str:
        """Give the SELECT of the rows that take bars of a source back."""
        names = ", ".join(literal(symbol) for symbol in symbols)
        where = f"symbol IN ({names}) AND timeframe = {literal(str(timeframe))}"
        rows, revision, now_us = DATASET, "0", microseconds(self._clock.now())
        if has_history_in(self._lake):
            rows, revision = standing(where), "coalesce(revision, 0)"
            newest = f"SELECT CAST(max(recorded) AS BIGINT) AS us FROM {DATASET} WHERE {where}"  # noqa: S608
            [newest_us] = self._lake.query(DATASET, newest)["us"]
            now_us = max(now_us, 1 + (newest_us or 0))
        added = {
            "recorded": instant(now_us),
            "revision": f"CAST({revision} + 1 AS BIGINT)",
            "gone": "true",
        }
        # Without an ELSE a column may be null, as those of the dataset may.
        values = [
            *(name for name in COLUMNS if name not in added),
            *(
                f"CASE WHEN time IS NOT NULL THEN {value} END AS {name}"
                for name, value in added.items()
            ),
        ]
        ours = f"{where} AND source = {literal(source)}"
        return f"SELECT {', '.join(values)} FROM {rows} WHERE {ours}"  # noqa: S608 - literals quoted

    def _differing(self, part: Part, rows: dict[str, list[Any]]) -> bool:
        """Add to the rows what a part changes, and say whether it changes anything."""
        before = len(rows["time"])
        stored = self._stored(part)
        now_us = microseconds(self._clock.now())
        if stored:
            # A later row has a later moment, whatever the clocks of two machines say.
            now_us = max(now_us, 1 + max(old.recorded_us for old in stored.values()))
        if not stored:
            times = [time // NS_PER_US for time in part.times]
            _extend(rows, part, times, part.numbers, [0] * len(times), now_us, gone=False)
            return bool(times)
        fresh, corrected, revisions = _compared(part, stored)
        numbers = [[column[place] for place in corrected] for column in part.numbers]
        times = [part.times[place] // NS_PER_US for place in corrected]
        _extend(rows, part, times, numbers, revisions, now_us, gone=False)
        lost = [time for time, old in stored.items() if not old.gone and time not in fresh]
        olds = [stored[time] for time in lost]
        _extend(
            rows,
            part,
            lost,
            [[old.numbers[place] for old in olds] for place in range(len(NUMBERS))],
            [old.revision + 1 for old in olds],
            now_us,
            gone=True,
        )
        return len(rows["time"]) > before

    def _stored(self, part: Part) -> dict[int, _Stored]:
        """Give the newest row of each time in the part's range, by microsecond."""
        series = of_series(part.symbol, part.timeframe)
        where = " AND ".join([series, *within(part.first_ns, part.last_ns)])
        try:
            has_history = self._has_history or has_history_in(self._lake)
            self._has_history = has_history
            more = "CAST(recorded AS BIGINT) AS recorded, coalesce(revision, 0) AS revision, gone"
            values = ", ".join([TIME_US, *NUMBERS, "source", *([more] if has_history else [])])
            found = self._lake.query(DATASET, f"SELECT {values} FROM {DATASET} WHERE {where}")  # noqa: S608
        except NotFound:
            return {}
        newest: dict[int, _Stored] = {}
        for time_us, stored in _stored_rows(found, has_history=has_history):
            known = newest.get(time_us)
            if known is None or known.order < stored.order:
                newest[time_us] = stored
        return newest


def _stored_rows(
    found: Mapping[str, list[Any]], *, has_history: bool
) -> Iterable[tuple[int, _Stored]]:
    count = len(found["time_us"])
    none: list[Any] = [None] * count
    recorded, gone = (found[name] if has_history else none for name in ("recorded", "gone"))
    revision = found["revision"] if has_history else [0] * count
    numbers = zip(*(found[name] for name in NUMBERS), strict=True)
    for time_us, values, source, at, number, is_gone in zip(
        found["time_us"], numbers, found["source"], recorded, revision, gone, strict=True
    ):
        # What was always known was recorded before all else.
        known = _ALWAYS if at is None else at
        yield time_us, _Stored(values, source, known, number, bool(is_gone))


_ALWAYS = -(2**62)


def _compared(part: Part, stored: Mapping[int, _Stored]) -> tuple[set[int], list[int], list[int]]:
    """Give the times of a part, the places of its bars that differ, and their revisions."""
    times: set[int] = set()
    places: list[int] = []
    revisions: list[int] = []
    for place, values in enumerate(zip(*part.numbers, strict=True)):
        time_us = part.times[place] // NS_PER_US
        times.add(time_us)
        old = stored.get(time_us)
        if old is not None and not old.gone and (old.numbers, old.source) == (values, part.source):
            continue
        places.append(place)
        revisions.append(0 if old is None else old.revision + 1)
    return times, places, revisions


def _extend(
    rows: dict[str, list[Any]],
    part: Part,
    times_us: Sequence[int],
    numbers: Sequence[Sequence[float]],
    revisions: Sequence[int],
    now_us: int,
    *,
    gone: bool,
) -> None:
    count = len(times_us)
    rows["symbol"] += [str(part.symbol)] * count
    rows["timeframe"] += [str(part.timeframe)] * count
    rows["time"] += times_us
    for name, column in zip(NUMBERS, numbers, strict=True):
        rows[name] += column
    rows["source"] += [part.source] * count
    rows["recorded"] += [now_us] * count
    rows["revision"] += revisions
    rows["gone"] += [gone] * count
