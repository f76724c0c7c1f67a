"""Ask a crypto exchange that ccxt knows for prices, listings and closes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from algotrendy.brokers.ccxt.calls import Calls
from algotrendy.brokers.ccxt.profiles import profile_of
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.brokers.ccxt.vendor import make_exchange, vendor_class
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.trading.adapters.readings import last_of, read_price, read_time
from algotrendy.trading.ports import DailyClose, Listing, Quote


class CcxtMarket:
    """Market data of one exchange, for the pairs of one account's settings.

    ``open`` it, and use it, on one running loop; close it in the end.
    """

    def __init__(self, kind: Any, settings: CcxtSettings, clock: Clock) -> None:
        profile = profile_of(settings.exchange)
        self._settings = settings
        self._clock = clock
        self._exchange = make_exchange(kind, settings, profile)
        self._calls = Calls(settings.exchange, profile)
        self._closed = False

    @classmethod
    async def open(cls, settings: CcxtSettings, clock: Clock) -> CcxtMarket:
        """Load ccxt, which takes seconds; nothing is asked yet."""
        return cls(await vendor_class(settings.exchange), settings, clock)

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for the newest quotes; a symbol that has none is absent; Unavailable."""
        known = sorted(set(symbols) & set(self._settings.symbols))
        if not known:
            return {}
        told = await self._calls.read(lambda: self._tickers(known))
        now = self._clock.now()
        quotes = (_quote(Symbol(each), told.get(each) or {}, now) for each in known)
        found = {quote.symbol: quote for quote in quotes if quote is not None}
        if self._settings.url is None:
            return found
        # What stands in for an exchange has a time of its own, and tells nobody which.
        return {symbol: replace(quote, made_at=None) for symbol, quote in found.items()}

    async def listing(self, symbol: Symbol) -> Listing | None:
        """Ask what is known of a pair; None when it is not traded there; Unavailable."""
        if symbol not in self._settings.symbols:
            return None
        markets = await self._calls.read(self._exchange.load_markets)
        told = markets.get(symbol)
        if told is None:
            return None
        return Listing(
            symbol=symbol,
            asset_class=AssetClass.CRYPTO,
            # None says that the exchange does not tell.
            is_tradable=told.get("active") is not False,
            is_shortable=False,
            is_fractionable=True,
            price_increment=self._step(told),
            at=self._clock.now(),
        )

    async def closes(self, symbol: Symbol, days: int) -> Sequence[DailyClose]:
        """Ask for the closes of about so many days, oldest first; Unavailable."""
        if symbol not in self._settings.symbols or not self._exchange.has.get("fetchOHLCV"):
            return []
        rows = await self._calls.read(lambda: self._exchange.fetch_ohlcv(symbol, "1d", limit=days))
        today = self._clock.now().date()
        closes = [
            DailyClose(datetime.fromtimestamp(row[0] / 1000, UTC).date(), price)
            for row in rows
            if (price := read_price(row[4])) is not None
        ]
        return [each for each in closes if each.day < today]

    async def close(self) -> None:
        """End the connections; a second call does nothing."""
        if not self._closed:
            self._closed = True
            await self._exchange.close()

    async def _tickers(self, symbols: Sequence[str]) -> Mapping[str, Any]:
        if self._exchange.has.get("fetchTickers"):
            found: Mapping[str, Any] = await self._exchange.fetch_tickers(list(symbols))
            return found
        asked = [self._exchange.fetch_ticker(symbol) for symbol in symbols]
        return dict(zip(symbols, await asyncio.gather(*asked), strict=True))

    def _step(self, told: Mapping[str, Any]) -> Decimal | None:
        # ccxt counts decimals for some exchanges, and gives the step itself for most.
        if self._exchange.precisionMode != _tick_size():
            return None
        return read_price((told.get("precision") or {}).get("price"))


def _tick_size() -> int:
    from ccxt.base.decimal_to_precision import TICK_SIZE

    return int(TICK_SIZE)


def _quote(symbol: Symbol, told: Mapping[str, Any], now: datetime) -> Quote | None:
    bid, ask, traded = (read_price(told.get(name)) for name in ("bid", "ask", "last"))
    last = last_of(bid, ask, traded)
    if last is None:
        return None
    made_at = read_time(told.get("timestamp"))
    return Quote(symbol=symbol, bid=bid, ask=ask, last=last, at=now, made_at=made_at)
