"""Remember in the lake how far imports have come, as the dataset ``imports``.

Columns: source, symbol, timeframe ("trades" for single ones), start, until (UTC); a row an import.
"""

from __future__ import annotations

from datetime import datetime

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import NotFound
from algotrendy.market_data.adapters.lake_bar_rows import microseconds
from algotrendy.market_data.fetching import AnyTask
from algotrendy.platform.lake import Lake, literal

DATASET = "imports"


class LakeImportNotes:
    """``ImportNotes`` in a lake."""

    def __init__(self, lake: Lake) -> None:
        """Read and write notes."""
        self._lake = lake

    def until(self, source: str, task: AnyTask) -> datetime | None:
        """Give the time of the last bar or trade that an import of this begin has stored."""
        sql = f"SELECT max(until) AS until FROM {DATASET} WHERE {_ours(source, task)}"  # noqa: S608
        try:
            [found] = self._lake.query(DATASET, sql)["until"]
        except NotFound:
            return None
        return None if found is None else as_utc(found)

    def remember(self, source: str, task: AnyTask, until: datetime) -> None:
        """Remember the time of the last one that is stored."""
        from arro3.core import Array, DataType, Table

        text, stamp = DataType.utf8(), DataType.timestamp("us", tz="UTC")
        moments = [microseconds(moment) for moment in (task.start, until)]
        start, last = (Array([moment], DataType.int64()).cast(stamp) for moment in moments)
        columns = {
            "source": Array([source], text),
            "symbol": Array([str(task.symbol)], text),
            "timeframe": Array([task.what], text),
            "start": start,
            "until": last,
        }
        # In the place of the earlier notes: one row an import.
        table = Table.from_arrays(list(columns.values()), names=list(columns))
        self._lake.write(DATASET, table, replace=_ours(source, task))


def _ours(source: str, task: AnyTask) -> str:
    parts = {"source": source, "symbol": str(task.symbol), "timeframe": task.what}
    named = [f"{name} = {literal(value)}" for name, value in parts.items()]
    return " AND ".join([*named, f"start = {literal(task.start)}"])
