"""Bars of two symbols, the newest trade of one, and what is missing."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from algotrendy.market_data.adapters.quality_api import inspector
from algotrendy.market_data.adapters.quotes_api import newest_cache, now_ns, stored_trades
from algotrendy.market_data.quality.inspecting import Inspector
from algotrendy.market_data.streaming.messages import Quote, Trade
from api_examples.asking import Ask
from fakes.identity import NOW
from fakes.market_data_api import World as Markets

_TICK_NS = 1_795_789_800_000_000_000

ASKS: dict[str, Ask] = {
    "get_bars_of_several": Ask(query={"symbols": "AAPL,BTC/USD", "limit": "3"}),
    "get_bars": Ask({"symbol": "AAPL"}, {"limit": "2"}),
    "list_symbols": Ask(),
    "get_quotes": Ask(query={"symbols": "AAPL"}),
    "get_quality": Ask(query={"symbols": "AAPL"}),
}


class _Newest:
    """Keeps the newest trade and quote of one symbol."""

    def __init__(self) -> None:
        trade = Trade("AAPL", _TICK_NS, 187.15, 5.0, "V", "1", _TICK_NS + 1)
        quote = Quote("AAPL", _TICK_NS, 187.14, 1.0, 187.16, 2.0, _TICK_NS + 1)
        self._kept = {
            "trade:AAPL": orjson.dumps(trade._asdict()),
            "quote:AAPL": orjson.dumps(quote._asdict()),
        }

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def newest(self, _symbols: object) -> dict[str, Trade]:
        return {}


class _Silent:
    """Is a stream that remembers nothing."""

    def refused(self, _symbol: object) -> dict[str, tuple[int, int, int]]:
        return {}

    def holes(self, *_: object) -> list[Any]:
        return []

    def quote(self, _symbol: object) -> None:
        return None


class MarketWorld:
    """Has some bars, and a stream that has just told a trade."""

    def __init__(self) -> None:
        markets = Markets()
        self._client = markets.caller("viewer")
        self.things: dict[str, str] = {}
        newest = _Newest()
        judge = Inspector(markets.store, _Silent(), lambda: NOW)
        markets.app.dependency_overrides |= {
            newest_cache: lambda: newest,
            stored_trades: lambda: newest,
            now_ns: lambda: lambda: _TICK_NS + 2_000_000_000,
            inspector: lambda: judge,
        }

    def renew(self) -> None:
        """Leave all as it is: nothing here changes anything."""

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, as a viewer."""
        return self._client.request(method, path, **options)
