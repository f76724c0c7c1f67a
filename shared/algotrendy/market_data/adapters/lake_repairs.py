"""Remember in the lake what could not be repaired, as the dataset ``unrepaired_bars``.

Columns: symbol, timeframe, kind, first, last (ns UTC), lacking, source, reason, attempts, asked
(ns UTC). Each attempt has a row; the newest of a hole counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.quality.findings import Kind
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.quality.repairing import Hole, Unrepaired
from algotrendy.platform.lake import Lake, literal

DATASET = "unrepaired_bars"
_TEXTS = ("symbol", "timeframe", "kind", "source", "reason")
_WHOLES = ("first", "last", "lacking", "attempts", "asked")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LakeRepairNotes:
    """``RepairNotes`` in a lake."""

    def __init__(self, lake: Lake) -> None:
        """Read and write notes."""
        self._lake = lake

    def tried(self, symbol: Symbol, timeframe: Timeframe, source: str) -> Sequence[Unrepaired]:
        """Give the newest note of each hole, as ``RepairNotes.tried`` says."""
        where = " AND ".join(
            f"{name} = {literal(str(value))}"
            for name, value in (("symbol", symbol), ("timeframe", timeframe), ("source", source))
        )
        names = ", ".join(f'"{name}"' for name in (*_TEXTS, *_WHOLES))
        sql = f"SELECT {names} FROM {DATASET} WHERE {where} ORDER BY attempts"  # noqa: S608
        try:
            found = self._lake.query(DATASET, sql)
        except NotFound:
            return []
        newest: dict[tuple[str, int, int], Unrepaired] = {}
        for place in range(len(found["symbol"])):
            row = {name: found[name][place] for name in found}
            hole = Hole(symbol, timeframe, Kind(row["kind"]), row["first"], row["last"], None)
            asked = _EPOCH + timedelta(microseconds=row["asked"] // 1000)
            told = (row["source"], row["lacking"], row["reason"], row["attempts"], asked)
            newest[hole.kind, hole.first, hole.last] = Unrepaired(hole, *told)
        return list(newest.values())

    def remember(self, notes: Sequence[Unrepaired]) -> None:
        """Add notes, in one commit."""
        from arro3.core import Array, DataType, Table

        rows = [
            {
                "symbol": str(note.hole.symbol),
                "timeframe": str(note.hole.timeframe),
                "kind": str(note.hole.kind),
                "source": note.source,
                "reason": note.reason,
                "first": note.hole.first,
                "last": note.hole.last,
                "lacking": note.lacking,
                "attempts": note.attempts,
                "asked": ns(note.asked),
            }
            for note in notes
        ]
        kinds = {name: DataType.utf8() for name in _TEXTS}
        kinds |= {name: DataType.int64() for name in _WHOLES}
        columns = [Array([row[name] for row in rows], kind) for name, kind in kinds.items()]
        self._lake.write(DATASET, Table.from_arrays(columns, names=list(kinds)))
