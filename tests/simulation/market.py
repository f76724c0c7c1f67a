"""Prices and listings, as the execution service asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.trading.ports import Listing, Quote
from simulation.exchange import SYMBOLS, Exchange
from simulation.fate import Fate
from simulation.loop import Process


def quote_of(exchange: Exchange, symbol: Symbol, now: datetime) -> Quote:
    """Give the present quote of a symbol."""
    found = exchange.quote(symbol)
    bid, ask = Decimal(str(found.bid)), Decimal(str(found.ask))
    return Quote(symbol=symbol, bid=bid, ask=ask, last=(bid + ask) / 2, at=now)


def listing_of(symbol: Symbol, now: datetime) -> Listing:
    """Say what the exchange says of a symbol."""
    return Listing(
        symbol=symbol,
        asset_class=AssetClass.EQUITY,
        is_tradable=True,
        is_shortable=True,
        is_fractionable=True,
        price_increment=Decimal("0.01"),
        at=now,
    )


class MarketPort:
    """Is the ``Market`` of one process."""

    def __init__(self, exchange: Exchange, fate: Fate, process: Process) -> None:
        self._exchange = exchange
        self._fate = fate
        self._process = process

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for quotes."""
        await self._reach()
        now = self._process.now()
        return {
            symbol: quote_of(self._exchange, symbol, now) for symbol in symbols if symbol in SYMBOLS
        }

    async def listing(self, symbol: Symbol) -> Listing | None:
        """Ask for a listing."""
        await self._reach()
        return listing_of(symbol, self._process.now()) if symbol in SYMBOLS else None

    async def _reach(self) -> None:
        self._process.require_alive()
        await asyncio.sleep(0.02)
        if self._fate.strikes("no prices", 0.01):
            raise Unavailable("market data", "throttled")
