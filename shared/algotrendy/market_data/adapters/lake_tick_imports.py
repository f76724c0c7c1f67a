"""Keep trades that a service told of the past beside streamed ones in the lake, each once.

A trade is known by its venue and id within a UTC day, as the consumer of the stream knows it, and
rows have the same columns; their source is that of the service, such as ``alpaca:iex``. The mark
``imported:<symbol>`` of ``ticks`` says how many were imported: of two importers one wins, and the
other looks again. Trades that are streamed after they were imported are left out when they are
read (``LakeTicks``), so that each is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from algotrendy.kernel.errors import Conflict, NotFound, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_stream_rows import tick_table
from algotrendy.market_data.adapters.lake_ticks import DATASET, PARTITIONS
from algotrendy.market_data.streaming.accepting import utc_date
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.platform.lake import Lake, literal

_FIXES = "tick_fixes"
_ATTEMPTS = 5

Known = set[tuple[Any, ...]]


class LakeTickImports:
    """``ImportedTrades`` in a lake."""

    def __init__(self, lake: Lake) -> None:
        """Write the lake's trades."""
        self._lake = lake

    def add(self, symbol: Symbol, trades: Sequence[Trade], source: str) -> int:
        """Store what is new of a page, as ``ImportedTrades.add`` says: one commit, or none."""
        for attempt in range(_ATTEMPTS):
            try:
                return self._added(symbol, trades, source)
            except Conflict as error:
                if isinstance(error, _NamelessError) or attempt == _ATTEMPTS - 1:
                    raise
        raise Unavailable("lake", f"trades of {symbol} are imported by others at the same time")

    def _added(self, symbol: Symbol, trades: Sequence[Trade], source: str) -> int:
        mark = f"imported:{symbol}"
        there = self._lake.mark(DATASET, mark)
        if there is None:
            # The columns for ids come into being with it: they can be asked for from now on.
            self._lake.write(DATASET, tick_table([]), PARTITIONS, marks={mark: (None, 0)})
            there = 0
        known = self._known(symbol, trades)
        rows: list[tuple[Any, ...]] = []
        for trade in trades:
            day = utc_date(trade.time)
            if (day, trade.venue, trade.id) in known:
                continue
            known.add((day, trade.venue, trade.id))
            place = there + len(rows)
            begin = (str(symbol), day, trade.time, place, trade.price, trade.size, source)
            rows.append((*begin, trade.venue, trade.id, trade.received))
        if rows:
            moves: dict[str, tuple[int | None, int]] = {mark: (there, there + len(rows))}
            self._lake.write(DATASET, tick_table(rows), PARTITIONS, marks=moves)
        return len(rows)

    def _known(self, symbol: Symbol, trades: Sequence[Trade]) -> Known:
        """Give what is stored of the days of some trades, streamed and imported."""
        days = ", ".join(sorted({literal(utc_date(trade.time)) for trade in trades}))
        where = f"symbol = {literal(symbol)} AND date IN ({days})"
        nameless = self._select(DATASET, "date, source", f"{where} AND id IS NULL LIMIT 1")
        for date, source in nameless:
            raise _NamelessError(
                f"{symbol} must have no trades without ids on {date}, has some from {source}: "
                "import other days, or replace these"
            )
        first, last = trades[0].time, trades[-1].time
        span = f"time >= {first} AND time <= {last}"
        known: Known = set()
        known.update(self._select(DATASET, "date, venue, id", f"{where} AND {span} AND id <> ''"))
        # A corrected trade that history tells under its new id is the trade that was streamed.
        known.update(self._select(_FIXES, "date, venue, new_id", f"{where} AND new_id <> ''"))
        return known

    def _select(self, dataset: str, columns: str, where: str) -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM {dataset} WHERE {where}"  # noqa: S608 - by ``literal``
        try:
            return list(zip(*self._lake.query(dataset, sql).values(), strict=True))
        except NotFound:
            return []


class _NamelessError(Conflict):
    """Says that trades without ids are in the way."""
