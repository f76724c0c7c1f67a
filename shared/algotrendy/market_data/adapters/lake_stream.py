"""Keep streamed trades, what was refused of them, their fixes and their bars in the lake.

Marks of ``ticks``: ``ticks:<symbol>``, how many streamed trades are in, and ``clock:<symbol>``, up
to when the feed has told everything. Of ``quarantined_ticks``, ``tick_fixes`` and
``stream_holes``: ``rows:<symbol>``. Of ``chart_bars``: ``bars:<symbol>:<style>``, of how many
trades the bars are, and ``numbers:<symbol>:<style>``, how many bars there are. A write goes through
only where all its marks stand as the writer believes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from algotrendy.kernel.errors import NotFound
from algotrendy.market_data.adapters import lake_stream_rows as rows_of
from algotrendy.market_data.adapters.lake_ticks import DATASET as TICKS
from algotrendy.market_data.adapters.lake_ticks import PARTITIONS, STREAMED
from algotrendy.market_data.streaming.accepting import Identity, Lacking, Standing, next_date
from algotrendy.market_data.streaming.bars import Closed, Stored
from algotrendy.market_data.streaming.screening import Reason
from algotrendy.market_data.streaming.stores import BarMark, Key, Moved, NewBars
from algotrendy.platform.lake import Lake, literal

QUARANTINE: Final = "quarantined_ticks"
FIXES: Final = "tick_fixes"
HOLES: Final = "stream_holes"
BARS: Final = "chart_bars"

_STREAMED: Final = f"source LIKE '{STREAMED}%'"
Marks = dict[str, tuple[int | None, int]]
Row = dict[str, Any]
T = TypeVar("T")


class StreamLake:
    """A ``TickLake`` over a lake."""

    def __init__(self, lake: Lake) -> None:
        """Read and write the lake's datasets of streams."""
        self._lake = lake

    def standings(self, symbols: Collection[str]) -> dict[str, Standing]:
        """Read where symbols stand."""
        of_ticks = [f"{kind}:{symbol}" for symbol in symbols for kind in ("ticks", "clock")]
        ticks = self._lake.marks(TICKS, of_ticks)
        rows = [f"rows:{symbol}" for symbol in symbols]
        refusals, fixes = self._lake.marks(QUARANTINE, rows), self._lake.marks(FIXES, rows)
        found = {}
        for symbol in symbols:
            trades = ticks[f"ticks:{symbol}"]
            standing = found[symbol] = Standing(symbol, is_new=trades is None)
            standing.clock = ticks[f"clock:{symbol}"] or 0
            standing.refusals = refusals[f"rows:{symbol}"] or 0
            standing.fixes = fixes[f"rows:{symbol}"] or 0
            if trades:
                self._newest(standing, trades)
            if standing.refusals:
                self._suspect(standing)
        return found

    def _newest(self, standing: Standing, trades: int) -> None:
        where = f"symbol = {literal(standing.symbol)} AND place = {trades} AND {_STREAMED}"
        (newest,) = self._rows(TICKS, "time, price", where)
        standing.trades, standing.time, standing.price = trades, newest["time"], newest["price"]
        standing.known_from = standing.time + 1

    def at(self, symbol: str) -> tuple[int, int] | None:
        """Tell ``trades`` and ``clock`` of a symbol; None of one that is new."""
        trades, clock = f"ticks:{symbol}", f"clock:{symbol}"
        marks = self._lake.marks(TICKS, (trades, clock))
        stored = marks[trades]
        return None if stored is None else (stored, marks[clock] or 0)

    def known(self, symbol: str, spans: Mapping[str, tuple[int, int]]) -> set[Identity]:
        """Give what is stored, as ``TickLake.known`` says."""
        found: set[Identity] = set()
        alike: dict[tuple[int, float, float], int] = {}
        for day, (first, last) in spans.items():
            of = f"symbol = {literal(symbol)}"
            span = f"date = {literal(day)} AND time >= {first} AND time <= {last}"
            where = f"{of} AND {span} AND {_STREAMED}"
            for row in self._rows(TICKS, "time, price, size, venue, id", where):
                if row["id"]:
                    found.add((day, row["venue"], row["id"]))
                    continue
                content = (row["time"], row["price"], row["size"])
                alike[content] = alike.get(content, 0) + 1
                found.add((*content, alike[content]))
            # A fix of after midnight may be of a trade of before.
            told = f"date IN ({literal(day)}, {literal(next_date(day))})"
            for row in self._rows(FIXES, "venue, new_id", f"{of} AND {told} AND new_id <> ''"):
                found.add((day, row["venue"], row["new_id"]))
        return found

    def quarantine(self, moved: Sequence[Moved]) -> int:
        """Store what was refused, as ``TickLake.quarantine`` says."""
        rows: list[tuple[Any, ...]] = []
        marks: Marks = {}
        after: dict[str, int] = {}
        for item in moved:
            symbol = item.standing.symbol
            new = self._new(QUARANTINE, symbol, item.verdict.quarantined)
            after[symbol] = item.refusals + len(new)
            if new:
                marks[f"rows:{symbol}"] = (item.refusals or None, after[symbol])
                rows += rows_of.quarantine_rows(symbol, new, item.refusals + 1)
        if rows:
            table = rows_of.quarantine_table(rows)
            self._lake.write(QUARANTINE, table, ("symbol",), marks=marks)
        for item in moved:
            item.standing.refusals = after[item.standing.symbol]
        return len(rows)

    def add(self, moved: Sequence[Moved]) -> None:
        """Store trades and clocks, as ``TickLake.add`` says."""
        rows: list[tuple[Any, ...]] = []
        marks: Marks = {}
        for item in moved:
            standing = item.standing
            trades, clock = item.before or (None, None)
            marks[f"ticks:{standing.symbol}"] = (trades, standing.trades)
            marks[f"clock:{standing.symbol}"] = (clock, standing.clock)
            rows += rows_of.tick_rows(standing.symbol, item.verdict.accepted)
        if marks:
            self._lake.write(TICKS, rows_of.tick_table(rows), PARTITIONS, marks=marks)

    def fix(self, moved: Sequence[Moved]) -> int:
        """Store fixes, as ``TickLake.fix`` says."""
        rows: list[tuple[Any, ...]] = []
        marks: Marks = {}
        after: dict[str, int] = {}
        for item in moved:
            symbol = item.standing.symbol
            new = self._new(FIXES, symbol, item.verdict.fixes)
            after[symbol] = item.fixes + len(new)
            if new:
                marks[f"rows:{symbol}"] = (item.fixes or None, after[symbol])
                rows += rows_of.fix_rows(symbol, new, item.fixes + 1)
        if rows:
            self._lake.write(FIXES, rows_of.fix_table(rows), ("symbol", "date"), marks=marks)
        for item in moved:
            item.standing.fixes = after[item.standing.symbol]
        return len(rows)

    def lack(self, moved: Sequence[Moved]) -> list[Lacking]:
        """Store holes, as ``TickLake.lack`` says."""
        names = {item.standing.symbol: f"rows:{item.standing.symbol}" for item in moved}
        # The marks first: who stores the same after this look is refused.
        stored = self._lake.marks(HOLES, list(names.values())) if names else {}
        rows: list[tuple[Any, ...]] = []
        marks: Marks = {}
        found: list[Lacking] = []
        for item in moved:
            symbol = item.standing.symbol
            new = self._new(HOLES, symbol, item.verdict.holes)
            if new:
                before = stored[names[symbol]]
                count = before or 0
                marks[names[symbol]] = (before, count + len(new))
                rows += rows_of.hole_rows(symbol, new, count + 1)
                found += new
        if rows:
            self._lake.write(HOLES, rows_of.hole_table(rows), ("symbol",), marks=marks)
        return found

    def trades(self, symbol: str, after: int, upto: int) -> Iterator[Stored]:
        """Read streamed trades by place."""
        where = f"symbol = {literal(symbol)} AND place > {after} AND place <= {upto}"
        columns = "place, time, price, size"
        for row in self._rows(TICKS, columns, f"{where} AND {_STREAMED} ORDER BY place"):
            yield Stored(**row)

    def bar_marks(self, keys: Collection[Key]) -> dict[Key, BarMark | None]:
        """Tell how far the stored bars go; None: there are none."""
        names = [_name(kind, key) for key in keys for kind in ("bars", "numbers")]
        marks = self._lake.marks(BARS, names)
        found: dict[Key, BarMark | None] = {}
        for key in keys:
            trades, bars = marks[_name("bars", key)], marks[_name("numbers", key)]
            found[key] = None if trades is None or bars is None else BarMark(trades, bars)
        return found

    def add_bars(self, new: Sequence[NewBars]) -> int:
        """Store bars, as ``TickLake.add_bars`` says."""
        marks: Marks = {}
        for bars in new:
            trades, numbers = bars.before or (None, None)
            marks[_name("bars", bars.key)] = (trades, bars.after.trades)
            marks[_name("numbers", bars.key)] = (numbers, bars.after.bars)
        rows = [row for bars in new for row in rows_of.bar_rows(bars)]
        table = rows_of.bar_table(rows)
        return self._lake.write(BARS, table, ("symbol", "date"), marks=marks)

    def bars(self, key: Key, after: int, upto: int) -> list[Closed]:
        """Read stored bars by number."""
        of = f"symbol = {literal(key.symbol)} AND style = {literal(key.style)}"
        where = f"{of} AND number > {after} AND number <= {upto} ORDER BY number"
        found = self._rows(BARS, ", ".join(rows_of.BAR_COLUMNS), where)
        return [rows_of.closed_of(row) for row in found]

    def _suspect(self, standing: Standing) -> None:
        where = (
            f"symbol = {literal(standing.symbol)} AND reason = {literal(str(Reason.JUMP))} "
            f"AND (time >= {standing.floor} OR after = {standing.trades}) "
            f"AND after <= {standing.trades} ORDER BY number"
        )
        columns = "key, after, feed, time, price, size, venue, id, which, received"
        for row in self._rows(QUARANTINE, columns, where):
            is_open = row["time"] >= standing.floor
            if is_open:
                standing.refused[row["key"]] = row["time"]
            # The last one alone is asked about: where a clock passed it, nobody is.
            is_suspect = is_open and row["after"] == standing.trades
            standing.suspect = rows_of.seen_of(standing.symbol, row) if is_suspect else None

    def _new(self, dataset: str, symbol: str, found: Mapping[str, T]) -> list[T]:
        keys = ", ".join(literal(key) for key in found)
        where = f"symbol = {literal(symbol)} AND key IN ({keys})"
        stored = {row["key"] for row in self._rows(dataset, "key", where)} if found else set()
        return [item for key, item in found.items() if key not in stored]

    def _rows(self, dataset: str, columns: str, where: str) -> list[Row]:
        sql = f"SELECT {columns} FROM {dataset} WHERE {where}"  # noqa: S608 - by ``literal``
        try:
            found = self._lake.query(dataset, sql)
        except NotFound:
            return []
        return [
            dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)
        ]


def _name(mark: str, key: Key) -> str:
    return f"{mark}:{key.symbol}:{key.style}"
