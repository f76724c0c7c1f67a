"""Keep bars in the lake, as the dataset ``bars``.

Columns: symbol, timeframe, year, time, open, high, low, close, volume, factor, source; prices are
raw, and one row stands for one bar of a symbol and timeframe. Files are split by symbol and year.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import NO_BARS_YET, Replacement, SymbolSummary
from algotrendy.market_data.refusals import (
    nothing_to_read,
    require_one_import_a_symbol,
    require_order,
    unknown_version,
)
from algotrendy.market_data.series import (
    Adjustment,
    BarSeries,
    RawBars,
    day_ns,
    session_date,
)
from algotrendy.platform.lake import Lake, literal

if TYPE_CHECKING:
    from arro3.core import Table
    from arro3.core.types import ArrowArrayExportable

DATASET = "bars"
PARTITIONS = ("symbol", "year")

_NS_PER_US = 1000
_COLUMNS = ("open", "high", "low", "close", "volume", "factor")
_SUMMARY = ("symbol", "source", "bars", "first", "last")
_VALUES = f"CAST(time AS BIGINT) AS time_us, {', '.join(_COLUMNS)}"


class LakeBars:
    """A ``BarStore`` over a lake; its versions are those of the Delta table."""

    def __init__(self, lake: Lake, timeframe: Timeframe = Timeframe.DAY) -> None:
        """Read and write the bars of one timeframe."""
        self._lake = lake
        self._timeframe = timeframe
        self._newest = NO_BARS_YET

    def version(self) -> int:
        """Give the newest version, or ``NO_BARS_YET``."""
        newest = self._lake.version(DATASET)
        return NO_BARS_YET if newest is None else newest

    def symbols(self, version: int | None = None) -> list[SymbolSummary]:
        """List what is stored, by symbol."""
        of_ours = f"FROM {DATASET} WHERE timeframe = {literal(str(self._timeframe))}"
        values = "count(*) AS bars, min(time) AS first, max(time) AS last"
        grouped = f"SELECT symbol, source, {values} {of_ours} GROUP BY symbol, source"
        found = self._query(f"{grouped} ORDER BY symbol, source", version)
        rows = zip(*(found[name] for name in _SUMMARY), strict=True)
        return [
            self._summary(Symbol(symbol), list(parts))
            for symbol, parts in groupby(rows, key=itemgetter(0))
        ]

    def read(
        self,
        symbol: Symbol,
        start: date | None = None,
        end: date | None = None,
        *,
        adjustment: Adjustment = "raw",
        limit: int | None = None,
        after: int | None = None,
        version: int | None = None,
    ) -> BarSeries:
        """Read bars as ``BarStore.read`` says."""
        require_order(start, end)
        where = self._where(symbol, start, end)
        page = (
            where if after is None else f"{where} AND CAST(time AS BIGINT) > {after // _NS_PER_US}"
        )
        at_most = "" if limit is None else f" LIMIT {int(limit)}"
        sql = f"SELECT {_VALUES} FROM {DATASET} WHERE {page} ORDER BY time{at_most}"  # noqa: S608
        rows = self._query(sql, version)
        if not rows["time_us"] and (after is None or self._is_empty(where, version)):
            raise nothing_to_read(symbol, start, end, self.symbols(version))
        open_, high, low, close, volume, factor = (tuple(rows[name]) for name in _COLUMNS)
        times = tuple(time_us * _NS_PER_US for time_us in rows["time_us"])
        timeframe = self._timeframe
        raw = RawBars(symbol, timeframe, times, open_, high, low, close, volume, factor, DATASET)
        return raw.adjusted(adjustment)

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        """Store series as ``BarStore.replace`` says: one commit, or none when all is there."""
        require_one_import_a_symbol(imports)
        changed = [bars for bars in imports if not self._is_stored(bars)]
        if not changed:
            return Replacement(self.version(), ())
        places = " OR ".join(f"({self._range_of(bars)})" for bars in changed)
        version = self._lake.write(DATASET, _table(changed), PARTITIONS, replace=places)
        return Replacement(version, tuple(bars.symbol for bars in changed))

    def _is_stored(self, bars: RawBars) -> bool:
        columns = f"{_VALUES}, source"
        where = self._range_of(bars)
        sql = f"SELECT {columns} FROM {DATASET} WHERE {where} ORDER BY time"  # noqa: S608
        rows = self._query(sql, None)
        return (
            len(rows["time_us"]) == len(bars)
            and all(
                time_us * _NS_PER_US == time
                for time_us, time in zip(rows["time_us"], bars.times, strict=True)
            )
            and all(rows[name] == list(getattr(bars, name)) for name in _COLUMNS)
            and set(rows["source"]) == {bars.source}
        )

    def _range_of(self, bars: RawBars) -> str:
        first, last = session_date(bars.times[0]), session_date(bars.times[-1])
        return self._where(bars.symbol, first, last)

    def _where(self, symbol: Symbol, start: date | None, end: date | None) -> str:
        parts = [f"symbol = {literal(symbol)}", f"timeframe = {literal(str(self._timeframe))}"]
        # The year is in the path of each file: files of other years are not opened.
        if start is not None:
            parts += [f"year >= {start.year}", f"time >= {_instant(start)}"]
        if end is not None:
            parts += [f"year <= {end.year}", f"time <= {_instant(end)}"]
        return " AND ".join(parts)

    def _is_empty(self, where: str, version: int | None) -> bool:
        sql = f"SELECT year FROM {DATASET} WHERE {where} LIMIT 1"  # noqa: S608 - literals quoted
        return not self._query(sql, version)["year"]

    def _summary(self, symbol: Symbol, parts: list[tuple[Any, ...]]) -> SymbolSummary:
        _, sources, bars, firsts, lasts = zip(*parts, strict=True)
        return SymbolSummary(
            symbol=symbol,
            timeframe=self._timeframe,
            first=min(firsts).date(),
            last=max(lasts).date(),
            bars=sum(bars),
            source=", ".join(sources),
        )

    def _query(self, sql: str, version: int | None) -> dict[str, list[Any]]:
        if version == NO_BARS_YET:
            return _NOTHING
        if version is not None:
            self._require(version)
        try:
            return self._lake.query(DATASET, sql, version)
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


_NOTHING: dict[str, list[Any]] = {name: [] for name in ("year", "time_us", *_COLUMNS, *_SUMMARY)}


def _instant(session: date) -> str:
    time_us = day_ns(session) // _NS_PER_US
    return f"arrow_cast({time_us}, 'Timestamp(Microsecond, Some(\"UTC\"))')"


def _table(imports: Sequence[RawBars]) -> Table:
    from arro3.core import Array, DataType, Table

    text, number = DataType.utf8(), DataType.float64()
    times = [time // _NS_PER_US for bars in imports for time in bars.times]
    years = [session_date(time).year for bars in imports for time in bars.times]
    columns: dict[str, ArrowArrayExportable] = {
        "symbol": Array([str(bars.symbol) for bars in imports for _ in bars.times], text),
        "timeframe": Array([str(bars.timeframe) for bars in imports for _ in bars.times], text),
        "year": Array(years, DataType.int32()),
        "time": Array(times, DataType.int64()).cast(DataType.timestamp("us", tz="UTC")),
    }
    for name in _COLUMNS:
        values = [value for bars in imports for value in getattr(bars, name)]
        columns[name] = Array(values, number)
    columns["source"] = Array([bars.source for bars in imports for _ in bars.times], text)
    return Table.from_arrays(list(columns.values()), names=list(columns))
