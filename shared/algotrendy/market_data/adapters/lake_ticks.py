"""Keep trades in the lake, as the dataset ``ticks``.

Columns: symbol, date, time, place, price, size, source; ``date`` is the UTC date as text, ``time``
nanoseconds since 1970, ``place`` the trade's number in its import, which orders equal times. Files
are split by symbol and date.
"""

from __future__ import annotations

from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import NO_BARS_YET, Replacement
from algotrendy.market_data.series import session_date
from algotrendy.market_data.ticks import (
    Ticks,
    TickSummary,
    dates_of,
    require_dates,
    unknown_symbol,
)
from algotrendy.platform.lake import Lake, literal

if TYPE_CHECKING:
    from arro3.core import Table

DATASET = "ticks"
PARTITIONS = ("symbol", "date")

_SUMMARY = ("symbol", "source", "ticks", "first", "last")


class LakeTicks:
    """A ``TickStore`` over a lake; its versions are those of the Delta table."""

    def __init__(self, lake: Lake) -> None:
        """Read and write the lake's trades."""
        self._lake = lake

    def version(self) -> int:
        """Give the newest version, or ``NO_BARS_YET``."""
        newest = self._lake.version(DATASET)
        return NO_BARS_YET if newest is None else newest

    def symbols(self) -> list[TickSummary]:
        """List what is stored, by symbol."""
        values = "count(*) AS ticks, min(date) AS first, max(date) AS last"
        of_all = f"{values} FROM {DATASET} GROUP BY symbol, source ORDER BY symbol, source"
        found = self._query(f"SELECT symbol, source, {of_all}")
        rows = zip(*(found[name] for name in _SUMMARY), strict=True)
        return [
            _summary(Symbol(symbol), list(parts))
            for symbol, parts in groupby(rows, key=itemgetter(0))
        ]

    def read(self, symbol: Symbol, first: date, last: date) -> Ticks:
        """Read trades as ``TickStore.read`` says."""
        require_dates(first, last)
        rows = self._rows(symbol, first, last)
        if not rows["time"]:
            stored = self.symbols()
            if symbol not in {item.symbol for item in stored}:
                raise unknown_symbol(symbol, stored)
        source = ", ".join(sorted(set(rows["source"])))
        return Ticks(symbol, rows["time"], rows["price"], rows["size"], source)

    def replace(self, ticks: Ticks) -> Replacement:
        """Store trades as ``TickStore.replace`` says: one commit, or none when all is there."""
        ticks.validate()
        first, last = dates_of(ticks)
        rows = self._rows(ticks.symbol, first, last)
        if set(rows["source"]) == {ticks.source}:
            stored = Ticks(ticks.symbol, rows["time"], rows["price"], rows["size"], ticks.source)
            if ticks.same_trades(stored):
                return Replacement(self.version(), ())
        place = _where(ticks.symbol, first, last)
        version = self._lake.write(DATASET, _table(ticks), PARTITIONS, replace=place)
        return Replacement(version, (ticks.symbol,))

    def _rows(self, symbol: Symbol, first: date, last: date) -> dict[str, list[Any]]:
        where = _where(symbol, first, last)
        columns = "time, place, price, size, source"
        sql = f"SELECT {columns} FROM {DATASET} WHERE {where} ORDER BY time, place"  # noqa: S608
        return self._query(sql)

    def _query(self, sql: str) -> dict[str, list[Any]]:
        try:
            return self._lake.query(DATASET, sql)
        except NotFound:
            return _NOTHING


_NOTHING: dict[str, list[Any]] = {name: [] for name in ("time", "price", "size", *_SUMMARY)}


def _where(symbol: Symbol, first: date, last: date) -> str:
    # ISO dates of four-digit years sort as text as they do as dates.
    days = f"date >= {literal(str(first))} AND date <= {literal(str(last))}"
    return f"symbol = {literal(symbol)} AND {days}"


def _summary(symbol: Symbol, parts: list[tuple[Any, ...]]) -> TickSummary:
    _, sources, ticks, firsts, lasts = zip(*parts, strict=True)
    return TickSummary(
        symbol,
        date.fromisoformat(min(firsts)),
        date.fromisoformat(max(lasts)),
        sum(ticks),
        ", ".join(sources),
    )


def _table(ticks: Ticks) -> Table:
    from arro3.core import Array, DataType, Table

    text, whole, number = DataType.utf8(), DataType.int64(), DataType.float64()
    count = len(ticks)
    columns = {
        "symbol": Array([str(ticks.symbol)] * count, text),
        "date": Array([str(session_date(time)) for time in ticks.times], text),
        "time": Array(list(ticks.times), whole),
        "place": Array(list(range(count)), whole),
        "price": Array(list(ticks.prices), number),
        "size": Array(list(ticks.sizes), number),
        "source": Array([ticks.source] * count, text),
    }
    return Table.from_arrays(list(columns.values()), names=list(columns))
