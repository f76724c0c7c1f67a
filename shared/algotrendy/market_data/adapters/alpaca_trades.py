"""Read single trades from Alpaca's market data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.alpaca_messages import told_of, with_own_id
from algotrendy.market_data.adapters.alpaca_rest import AlpacaRest
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.tick_fetching import Told

_PAGE = 10_000


class AlpacaTrades:
    """A ``TradeHistory`` of shares and, by their slash, of pairs.

    Args:
        feed: Whose trades; pairs have one only.
        ids_restart: As of ``AlpacaTerms``: a trade has the id that the stream gives it.
        now_ns: Tells the time of receipt, nanoseconds since 1970 UTC.
    """

    def __init__(
        self,
        rest: AlpacaRest,
        feed: str | None = "iex",
        *,
        ids_restart: bool = False,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._rest, self._feed = rest, feed
        self._ids_restart, self._now_ns = ids_restart, now_ns
        self.source = f"alpaca:{feed}" if feed else "alpaca"

    def pages(self, symbol: Symbol, start: datetime, end: datetime) -> Iterator[Told]:
        """Give trades as traded, without those that were cancelled since."""
        is_pair = "/" in symbol
        path = "/v1beta3/crypto/us/trades" if is_pair else "/v2/stocks/trades"
        query: dict[str, Any] = {
            "symbols": symbol,
            "start": _text(start),
            "end": _text(end),
            "limit": _PAGE,
            "sort": "asc",
        }
        if self._feed and not is_pair:
            query["feed"] = self._feed
        for page in self._rest.pages(path, query):
            rows = (page.get("trades") or {}).get(symbol) or []
            received = self._now_ns()
            told = [told_of(symbol, row, received) for row in rows]
            # A fix follows a trade that was taken back.
            standing = [cast("Trade", items[0]) for items in told if len(items) == 1]
            trades = [self._named(trade) for trade in standing]
            # Alpaca's end is included.
            yield Told(
                [trade for trade in trades if trade.time < ns(end)], len(told) - len(standing)
            )

    def _named(self, trade: Trade) -> Trade:
        return cast("Trade", with_own_id(trade)) if self._ids_restart else trade


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
