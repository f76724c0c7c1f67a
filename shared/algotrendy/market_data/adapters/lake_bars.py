"""Keep bars in the lake, as the dataset ``bars``; see ``lake_bar_rows`` for what a row says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby, islice
from operator import itemgetter, lt
from typing import Any

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import Clock, SystemClock, as_utc
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionBook
from algotrendy.market_data.adapters.lake_actions import LakeActions
from algotrendy.market_data.adapters.lake_bar_rows import (
    DATASET,
    NS_PER_US,
    NUMBERS,
    TIME_US,
    has_history_in,
    known_at,
    of_series,
    standing,
    within,
)
from algotrendy.market_data.adapters.lake_bar_writing import BarWriter, Part
from algotrendy.market_data.ports import NO_BARS_YET, Replacement, SymbolSummary
from algotrendy.market_data.reading import Query, read_series
from algotrendy.market_data.refusals import require_one_import_a_series, unknown_version
from algotrendy.market_data.series import Adjustment, BarSeries, RawBars
from algotrendy.platform.lake import Lake, literal

_VALUES = ", ".join((TIME_US, *NUMBERS))
_SUMMARY = ("symbol", "timeframe", "source", "bars", "first", "last", "revisions")


class LakeBars:
    """A ``BarStore`` over a lake; its versions are those of the Delta table."""

    def __init__(self, lake: Lake, clock: Clock | None = None) -> None:
        """Read and write bars; what is written is recorded by the clock."""
        self._lake = lake
        self._clock = clock or SystemClock()
        self._writer = BarWriter(lake, self._clock)
        self._actions = LakeActions(lake, self._clock)
        self._newest = NO_BARS_YET
        self._with_history: set[int | None] = set()

    def version(self) -> int:
        """Give the newest version, or ``NO_BARS_YET``."""
        newest = self._lake.version(DATASET)
        return NO_BARS_YET if newest is None else newest

    def symbols(
        self, version: int | None = None, as_of: datetime | None = None
    ) -> list[SymbolSummary]:
        """List what is stored, by symbol and length of bar."""
        known = self.known(version, as_of)
        rows = self._grouped(f"{DATASET} WHERE {known}", version)
        revised = {row[:2] for row in rows if row[-1]}
        if revised:
            # Only what has corrections is counted bar by bar: that takes longer.
            symbols = ", ".join(literal(symbol) for symbol in sorted({key[0] for key in revised}))
            counted = standing(f"{known} AND symbol IN ({symbols})")
            again = self._grouped(counted, version)
            rows = [row for row in rows if row[:2] not in revised]
            rows += [row for row in again if row[:2] in revised]
        rows.sort(key=lambda row: (row[0], Timeframe(row[1]).span, row[2]))
        return [_summary(list(parts)) for _, parts in groupby(rows, key=itemgetter(0, 1))]

    def read(
        self,
        symbol: Symbol,
        start: date | None = None,
        end: date | None = None,
        *,
        timeframe: Timeframe | None = None,
        adjustment: Adjustment = "raw",
        limit: int | None = None,
        after: int | None = None,
        version: int | None = None,
        as_of: datetime | None = None,
        named: date | None = None,
    ) -> BarSeries:
        """Read bars as ``BarStore.read`` says."""
        if version is not None and version != NO_BARS_YET:
            self._require(version)
        source = _Source(self, version, None if as_of is None else as_utc(as_of, "as_of"))
        on = (as_of or self._clock.now()).astimezone(UTC).date()
        query = Query(symbol, start, end, timeframe, adjustment, limit, after, on, named)
        return read_series(source, query, as_of)

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        """Store series as ``BarStore.replace`` says: one commit, or none when all is there."""
        require_one_import_a_series(imports)
        version, changed = self._writer.write([_part(bars) for bars in imports])
        symbols = tuple(bars.symbol for place, bars in enumerate(imports) if place in changed)
        return Replacement(self.version() if version is None else version, symbols)

    def raw(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        where: Sequence[str],
        limit: int | None,
        version: int | None,
    ) -> RawBars:
        """Give the bars of a series that stand among the rows of some conditions."""
        page = " AND ".join((of_series(symbol, timeframe), *where))
        # One row more shows whether the last bar of the page has a correction.
        at_most = "" if limit is None else f" LIMIT {int(limit) + 1}"
        in_order = f"ORDER BY time{at_most}"
        rows = self._select(_VALUES, f"{DATASET} WHERE {page} {in_order}", version)
        found = rows["time_us"]
        if not all(map(lt, found, islice(found, 1, None))):
            # Of a bar that was corrected or taken back there are several rows.
            rows = self._select(_VALUES, f"{standing(page)} {in_order}", version)
        times = tuple(time_us * NS_PER_US for time_us in rows["time_us"][:limit])
        open_, high, low, close, volume, factor = (tuple(rows[name][:limit]) for name in NUMBERS)
        return RawBars(symbol, timeframe, times, open_, high, low, close, volume, factor, DATASET)

    def actions(self, version: int | None, as_of: datetime | None) -> ActionBook:
        """Give the corporate actions that belong to a version of the bars."""
        if version == NO_BARS_YET:
            return ActionBook()
        return self._actions.of_bars(version, as_of)

    def known(self, version: int | None, as_of: datetime | None) -> str:
        """Give the condition on the rows that were recorded by a moment."""
        if as_of is None or not self._has_history(version):
            return "true"
        return known_at(as_utc(as_of, "as_of"))

    def _has_history(self, version: int | None) -> bool:
        if version not in self._with_history:
            try:
                if version == NO_BARS_YET or not has_history_in(self._lake, version):
                    return False
            except NotFound:
                return False
            self._with_history.add(version)
        return True

    def _grouped(self, rows: str, version: int | None) -> list[tuple[Any, ...]]:
        revisions = "max(revision)" if self._has_history(version) else "0"
        values = (
            f"count(*) AS bars, min(time) AS first, max(time) AS last, {revisions} AS revisions"
        )
        by = "symbol, timeframe, source"
        found = self._select(f"{by}, {values}", f"{rows} GROUP BY {by}", version)
        return list(zip(*(found[name] for name in _SUMMARY), strict=True))

    def _select(self, values: str, rows: str, version: int | None) -> dict[str, list[Any]]:
        if version == NO_BARS_YET:
            return _NOTHING
        if version is not None:
            self._require(version)
        try:
            return self._lake.query(DATASET, f"SELECT {values} FROM {rows}", version)  # noqa: S608
        except NotFound as error:
            if version is None:
                return _NOTHING
            raise unknown_version(version, self.version()) from error

    def _require(self, version: int) -> None:
        # Delta looks for every version up to the one asked for: a wild number would take hours.
        if not 0 <= version <= self._newest:
            self._newest = self.version()
        if not 0 <= version <= self._newest:
            raise unknown_version(version, self._newest)


class _Source:
    """What a store has, as of one version and moment."""

    def __init__(self, store: LakeBars, version: int | None, as_of: datetime | None) -> None:
        self._store, self._version, self._as_of = store, version, as_of
        self._known = store.known(version, as_of)

    def raw(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        span_ns: tuple[int | None, int | None],
        after: int | None = None,
        limit: int | None = None,
    ) -> RawBars:
        """Give the bars that stand in a span."""
        where = [self._known, *within(*span_ns)]
        if after is not None:
            where.append(f"CAST(time AS BIGINT) > {after // NS_PER_US}")
        return self._store.raw(symbol, timeframe, where, limit, self._version)

    def summaries(self) -> list[SymbolSummary]:
        """List what is stored."""
        return self._store.symbols(self._version, self._as_of)

    def actions(self) -> ActionBook:
        """Give the actions that are known."""
        return self._store.actions(self._version, self._as_of)


_NOTHING: dict[str, list[Any]] = {name: [] for name in ("year", "time_us", *NUMBERS, *_SUMMARY)}


def _summary(parts: Sequence[tuple[Any, ...]]) -> SymbolSummary:
    _, _, sources, bars, firsts, lasts, _ = zip(*parts, strict=True)
    return SymbolSummary(
        symbol=Symbol(parts[0][0]),
        timeframe=Timeframe(parts[0][1]),
        first=min(firsts).date(),
        last=max(lasts).date(),
        bars=sum(bars),
        source=", ".join(sources),
    )


def _part(bars: RawBars) -> Part:
    numbers = tuple(getattr(bars, name) for name in NUMBERS)
    first, last = bars.times[0], bars.times[-1]
    return Part(bars.symbol, bars.timeframe, first, last, bars.times, numbers, bars.source)
