"""Tell how far the lake's streamed trades go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from algotrendy.kernel.errors import NotFound
from algotrendy.market_data.adapters.lake_ticks import DATASET
from algotrendy.platform.lake import Lake, literal

SOURCE = "stream"


class StoredTicks:
    """Is a ``Stored`` over a lake."""

    def __init__(self, lake: Lake) -> None:
        """Read the lake's trades."""
        self._lake = lake

    async def newest(self, feed: str, symbols: Sequence[str]) -> Mapping[str, int]:
        """Give the time of each symbol's newest stored trade of a feed."""
        return await asyncio.to_thread(self._newest, feed, symbols)

    def _newest(self, feed: str, symbols: Sequence[str]) -> dict[str, int]:
        listed = ", ".join(literal(symbol) for symbol in symbols)
        # Dates are folders: the newest is found first, so that not all trades are looked at.
        where = f"source = {literal(f'{SOURCE}:{feed}')} AND symbol IN ({listed})"
        days = self._pairs("max(date)", where)
        if not days:
            return {}
        each = " OR ".join(
            f"(symbol = {literal(symbol)} AND date = {literal(str(day))})"
            for symbol, day in days.items()
        )
        found = self._pairs("max(time)", f"{where} AND ({each})")
        return {symbol: int(str(time)) for symbol, time in found.items()}

    def _pairs(self, value: str, where: str) -> dict[str, object]:
        sql = f"SELECT symbol, {value} AS value FROM {DATASET} WHERE {where} GROUP BY symbol"  # noqa: S608
        try:
            found = self._lake.query(DATASET, sql)
        except NotFound:
            return {}
        return dict(zip(found["symbol"], found["value"], strict=True))
