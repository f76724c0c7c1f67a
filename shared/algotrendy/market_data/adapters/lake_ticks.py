"""Keep trades in the lake, as the dataset ``ticks``.

Columns: symbol, date, time, place, price, size, source; ``date`` is the UTC date as text, ``time``
nanoseconds since 1970, ``place`` the trade's number in its import, which orders equal times. Files
are split by symbol and date. Trades that were streamed have a source ``stream:<feed>``, count their
place from the symbol's first one on, and have venue, id and received too (``lake_stream_rows``).
Those that a service told of the past have them as well (``lake_tick_imports``); one that was
streamed besides is read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import NO_BARS_YET, Replacement
from algotrendy.market_data.series import session_date
from algotrendy.market_data.streaming.fixing import NamedTrade, StoredFix, fixed
from algotrendy.market_data.ticks import (
    Ticks,
    TickSummary,
    dates_of,
    require_dates,
    unknown_symbol,
    unknown_version,
)
from algotrendy.platform.lake import Lake, literal

if TYPE_CHECKING:
    from arro3.core import Table

DATASET = "ticks"
PARTITIONS = ("symbol", "date")
STREAMED = "stream:"
"""What the source of trades begins with that came from a feed."""

_TOLD = ("time", "price", "size")
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
        summaries = []
        for symbol, parts in groupby(rows, key=itemgetter(0)):
            told = list(parts)
            summary = _summary(Symbol(symbol), told)
            if _is_mixed(source for _, source, *_ in told):
                summary = replace(summary, ticks=summary.ticks - self._twice(symbol))
            summaries.append(summary)
        return summaries

    def read(
        self,
        symbol: Symbol,
        first: date,
        last: date,
        as_of: int | None = None,
        version: int | None = None,
    ) -> Ticks:
        """Read trades as ``TickStore.read`` says."""
        require_dates(first, last)
        rows = self._rows(symbol, first, last, version=version)
        if as_of is not None and rows["time"]:
            rows = self._fixed(rows, symbol, (first, last), as_of, version)
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
        if any(source.startswith(STREAMED) for source in rows["source"]):
            # What streams wrote is counted, and bars are made of it.
            days = f"{first} to {last}"
            raise Conflict(f"{ticks.symbol} must have no streamed trades from {days}, has some")
        if set(rows["source"]) == {ticks.source}:
            stored = Ticks(ticks.symbol, rows["time"], rows["price"], rows["size"], ticks.source)
            if ticks.same_trades(stored):
                return Replacement(self.version(), ())
        place = _where(ticks.symbol, first, last)
        version = self._lake.write(DATASET, _table(ticks), PARTITIONS, replace=place)
        return Replacement(version, (ticks.symbol,))

    def _fixed(
        self,
        rows: dict[str, list[Any]],
        symbol: Symbol,
        days: tuple[date, date],
        as_of: int,
        version: int | None,
    ) -> dict[str, list[Any]]:
        of = f"symbol = {literal(symbol)} AND date >= {literal(str(days[0]))}"
        names = ", ".join(field.name for field in fields(StoredFix))
        sql = f"SELECT {names} FROM tick_fixes WHERE {of} ORDER BY number"  # noqa: S608
        try:
            told = self._lake.query("tick_fixes", sql)
        except NotFound:
            return rows
        fixes = [StoredFix(*values) for values in zip(*told.values(), strict=True)]
        if not fixes:
            return rows
        named = self._rows(symbol, *days, ("venue", "id"), version)
        # Trades of a file have neither.
        texts = ([text or "" for text in named[name]] for name in ("venue", "id"))
        columns = (named["time"], named["price"], named["size"], *texts)
        left = fixed([NamedTrade(*v) for v in zip(*columns, strict=True)], fixes, as_of)
        told = {name: [getattr(trade, name) for trade in left] for name in _TOLD}
        return {**told, "source": named["source"]}

    def _rows(
        self,
        symbol: Symbol,
        first: date,
        last: date,
        more: Sequence[str] = (),
        version: int | None = None,
    ) -> dict[str, list[Any]]:
        if version == NO_BARS_YET:
            return _NOTHING
        try:
            return rows_once(self._lake, _where(symbol, first, last), more, version)
        except NotFound as error:
            if version is None:
                return _NOTHING
            raise unknown_version(version, self.version()) from error

    def _twice(self, symbol: str) -> int:
        """Count the trades that were imported and streamed."""
        named = f"symbol = {literal(symbol)} AND id <> ''"
        by = f"{named} GROUP BY date, venue, id HAVING count(*) > 1"
        sql = f"SELECT count(*) AS n FROM (SELECT 1 AS one FROM {DATASET} WHERE {by}) AS twice"  # noqa: S608
        return int(self._query(sql)["n"][0])

    def _query(self, sql: str) -> dict[str, list[Any]]:
        try:
            return self._lake.query(DATASET, sql)
        except NotFound:
            return _NOTHING


_NOTHING: dict[str, list[Any]] = {name: [] for name in ("time", "price", "size", *_SUMMARY)}


def rows_once(
    lake: Lake, where: str, more: Sequence[str] = (), version: int | None = None
) -> dict[str, list[Any]]:
    """Read stored trades, oldest first; of one that was imported and streamed, the streamed row.

    Args:
        where: SQL of which, of one symbol.
        more: Columns besides time, price, size and source.
        version: Of the dataset then; None for now.

    Raises:
        NotFound: If there are no trades at all, or not of that version any more.
    """

    def selected(names: Sequence[str]) -> dict[str, list[Any]]:
        columns = ", ".join(dict.fromkeys(("time", "place", "price", "size", "source", *names)))
        sql = f"SELECT {columns} FROM {DATASET} WHERE {where} ORDER BY time, place"  # noqa: S608
        return lake.query(DATASET, sql, version)

    rows = selected(more)
    if not _is_mixed(rows["source"]):
        return rows
    return _each_once(selected((*more, "venue", "id")))


def _is_mixed(sources: Iterable[str]) -> bool:
    """Say whether some trades were streamed and others were not."""
    return len({source.startswith(STREAMED) for source in sources}) > 1


def _each_once(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Leave out imported trades that were streamed as well."""
    names = ("time", "venue", "id", "source")
    told = [
        (session_date(time), venue, id_, source.startswith(STREAMED))
        for time, venue, id_, source in zip(*(rows[name] for name in names), strict=True)
    ]
    streamed = {each[:3] for each in told if each[3] and each[2]}
    kept = [place for place, each in enumerate(told) if each[3] or each[:3] not in streamed]
    if len(kept) == len(told):
        return rows
    return {name: [column[place] for place in kept] for name, column in rows.items()}


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
