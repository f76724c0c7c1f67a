"""Ask Alpaca, or what speaks its protocol, for prices, listings and closes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote as in_path
from urllib.parse import urlsplit

from algotrendy.brokers.alpaca.rest import SERVICE, AlpacaRest
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.live import Mode
from algotrendy.kernel.clock import Clock, parse_time
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import (
    Forbidden,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.trading.adapters.readings import last_of, made_at_of, read_price, read_time
from algotrendy.trading.ports import DailyClose, Listing, Quote

DATA_URL: Final = "https://data.alpaca.markets"
_ALPACA: Final = "alpaca.markets"
_AT_ONCE: Final = 100
_PER_CENT: Final = Decimal("0.01")
# The first is the older name of what the others tell apart.
_REQUIREMENTS: Final = (
    "maintenance_margin_requirement",
    "margin_requirement_long",
    "margin_requirement_short",
)
_CLASSES: Final = {"us_equity": AssetClass.EQUITY, "crypto": AssetClass.CRYPTO}


class AlpacaMarket:
    """Market data of one Alpaca account. Use it on one running loop, and close it in the end."""

    def __init__(self, settings: AlpacaSettings, clock: Clock) -> None:
        self._clock = clock
        self._is_stand_in = not _is_alpaca(settings)
        data = _for_data(settings)
        self._trading = AlpacaRest(replace(settings, workers=1))
        self._stocks = AlpacaRest(data)
        self._crypto = AlpacaRest(data, "v1beta3")

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for the newest quotes; a symbol that has none is absent; Unavailable."""
        pairs = sorted(each for each in symbols if _is_pair(each))
        shares = sorted(each for each in symbols if not _is_pair(each))
        market_now = await self._market_now()
        asked = [self._snapshots(group) for group in (*_groups(pairs), *_groups(shares))]
        found: dict[Symbol, Quote] = {}
        for told in await asyncio.gather(*asked):
            now = self._clock.now()
            for symbol, snapshot in told.items():
                if (quote := _quote(Symbol(symbol), snapshot, now)) is not None:
                    found[quote.symbol] = replace(quote, market_now=market_now)
        return found

    async def listing(self, symbol: Symbol) -> Listing | None:
        """Ask what is known of a symbol; None when it is not traded there; Unavailable."""
        try:
            told = await self._trading.read(f"/assets/{in_path(symbol, safe='')}")
        except NotFound:
            return None
        if not isinstance(told, Mapping):
            raise Unavailable(SERVICE, "it told of no asset")
        return read_listing(symbol, told, self._clock.now())

    async def closes(self, symbol: Symbol, days: int) -> Sequence[DailyClose]:
        """Ask for the closes of about so many days, oldest first; Unavailable."""
        today = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        query: dict[str, Any] = {
            "symbols": symbol,
            "timeframe": "1Day",
            "start": _written(today - timedelta(days=days)),
            # Before today: what is newer than 15 minutes is not for everybody.
            "end": _written(today - timedelta(seconds=1)),
            "limit": 10_000,
        }
        if _is_pair(symbol):
            told = await self._crypto.read("/crypto/us/bars", query)
        else:
            told = await self._stocks.read("/stocks/bars", query | {"adjustment": "all"})
        bars = _inner(told, "bars").get(symbol) or ()
        return [
            DailyClose(parse_time(bar["t"]).date(), price)
            for bar in bars
            if (price := read_price(bar.get("c"))) is not None
        ]

    async def close(self) -> None:
        """End the connections; a second call does nothing."""
        for rest in (self._trading, self._stocks, self._crypto):
            await rest.close()

    async def _market_now(self) -> datetime | None:
        """Ask what time it is where prices come from; None where it is the time of everybody."""
        if not self._is_stand_in:
            return None
        try:
            told = await self._trading.read("/clock")
        except Rejected as error:
            raise Unavailable(SERVICE, error.message) from error
        return read_time(_mapping(told).get("timestamp"))

    async def _snapshots(self, symbols: Sequence[Symbol]) -> Mapping[str, Any]:
        try:
            return await self._ask(symbols)
        except (Unauthenticated, Forbidden) as error:
            raise Unavailable(SERVICE, error.message) from error
        except Rejected:
            # One name that it does not like spoils the answer for all others.
            if len(symbols) == 1:
                return {}
        half = len(symbols) // 2
        first, second = await asyncio.gather(
            self._snapshots(symbols[:half]), self._snapshots(symbols[half:])
        )
        return {**first, **second}

    async def _ask(self, symbols: Sequence[Symbol]) -> Mapping[str, Any]:
        query = {"symbols": ",".join(symbols)}
        if _is_pair(symbols[0]):
            return _inner(await self._crypto.read("/crypto/us/snapshots", query), "snapshots")
        return _mapping(await self._stocks.read("/stocks/snapshots", query))


def read_listing(symbol: Symbol, told: Mapping[str, Any], now: datetime) -> Listing | None:
    """Read an asset as Alpaca tells it; None for one of a class that is not traded here."""
    kind = _CLASSES.get(str(told.get("class")))
    if kind is None:
        return None
    return Listing(
        symbol=symbol,
        asset_class=kind,
        is_tradable=bool(told.get("tradable")) and told.get("status") == "active",
        is_shortable=bool(told.get("shortable")),
        is_fractionable=bool(told.get("fractionable")),
        price_increment=read_price(told.get("price_increment")),
        at=now,
        is_easy_to_borrow=bool(told.get("easy_to_borrow")),
        maintenance_rate=_maintenance_rate(told),
    )


def _for_data(settings: AlpacaSettings) -> AlpacaSettings:
    """Give the address of market data: Alpaca's own, or the place that stands in for Alpaca."""
    if not _is_alpaca(settings):
        return replace(settings, workers=2)
    # Prices are one and the same for paper and for live trading.
    return replace(settings, workers=2, mode=Mode.LIVE, url=DATA_URL, stream_url=None)


def _is_alpaca(settings: AlpacaSettings) -> bool:
    return (urlsplit(settings.rest_url).hostname or "").endswith(_ALPACA)


def _is_pair(symbol: Symbol) -> bool:
    return "/" in symbol


def _groups(symbols: Sequence[Symbol]) -> Iterator[Sequence[Symbol]]:
    for start in range(0, len(symbols), _AT_ONCE):
        yield symbols[start : start + _AT_ONCE]


def _quote(symbol: Symbol, snapshot: object, now: datetime) -> Quote | None:
    told = _mapping(snapshot)
    quoted, traded = _mapping(told.get("latestQuote")), _mapping(told.get("latestTrade"))
    bid, ask = read_price(quoted.get("bp")), read_price(quoted.get("ap"))
    trade = read_price(traded.get("p"))
    last = last_of(bid, ask, trade)
    if last is None:
        return None
    made_at = made_at_of(bid, ask, trade, read_time(quoted.get("t")), read_time(traded.get("t")))
    return Quote(symbol=symbol, bid=bid, ask=ask, last=last, at=now, made_at=made_at)


def _maintenance_rate(told: Mapping[str, Any]) -> Decimal | None:
    """Give the part of a position that is needed to keep it; Alpaca tells per cents."""
    if told.get("marginable") is False:
        return Decimal(1)
    asked = (read_price(told.get(name)) for name in _REQUIREMENTS)
    most = max((each for each in asked if each is not None), default=None)
    return None if most is None else EXACT.multiply(most, _PER_CENT)


def _inner(told: object, name: str) -> Mapping[str, Any]:
    return _mapping(_mapping(told).get(name))


def _mapping(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
