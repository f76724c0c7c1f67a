"""Find the newest trade of symbols in the lake."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_ticks import DATASET
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.platform.lake import Lake, literal


class LakeNewest:
    """``StoredTrades`` over the lake's dataset of trades, imported and streamed.

    Args:
        lake: Gives the lake, when something is to be read of it.
    """

    def __init__(self, lake: Callable[[], Lake]) -> None:
        self._lake = lake

    def newest(self, symbols: Sequence[Symbol]) -> dict[str, Trade]:
        """Give the newest trade of each symbol that has one; reads one day of each."""
        listed = ", ".join(literal(symbol) for symbol in symbols)
        # Partitions are by symbol and date: only the last day of each is opened.
        days = f"""SELECT symbol, max(date) AS date FROM {DATASET}
            WHERE symbol IN ({listed}) GROUP BY symbol"""  # noqa: S608 - quoted above
        found: dict[str, Trade] = {}
        try:
            lake = self._lake()
            columns = lake.query(DATASET, days)
            for symbol, day in zip(columns["symbol"], columns["date"], strict=True):
                sql = f"""SELECT time, price, size FROM {DATASET}
                    WHERE symbol = {literal(symbol)} AND date = {literal(day)}
                    ORDER BY time DESC, place DESC LIMIT 1"""  # noqa: S608
                row = lake.query(DATASET, sql)
                time, price, size = (row[name][0] for name in ("time", "price", "size"))
                found[symbol] = Trade(symbol, time, price, size, "", "", time)
        except NotFound:
            return found
        return found
