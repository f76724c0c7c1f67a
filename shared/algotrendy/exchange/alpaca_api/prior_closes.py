"""Remember at what price each symbol closed in the session before."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time
from decimal import Decimal

from algotrendy.exchange.floor import to_ns
from algotrendy.exchange.market.source import Asset, MarketSource
from algotrendy.kernel.instrument import AssetClass
from algotrendy.market_data.calendar import TradingCalendar, always_open

DAY_NS = 86_400_000_000_000


class PriorCloses:
    """Asks the market once for each symbol and session.

    Args:
        calendar: Of everything but crypto, whose days are UTC's.
    """

    def __init__(self, market: MarketSource, calendar: TradingCalendar) -> None:
        self._market = market
        self._calendar = calendar
        self._known: dict[str, tuple[date, Decimal | None]] = {}

    async def before(self, asset: Asset, now: datetime) -> tuple[datetime, Decimal | None]:
        """Give when the session before today's closed, and at what price, if it is known."""
        crypto = asset.asset_class is AssetClass.CRYPTO
        calendar = always_open() if crypto else self._calendar
        session = calendar.previous_session(calendar.date_at(now))
        known = self._known.get(asset.symbol)
        if known is None or known[0] != session.date:
            close = await asyncio.to_thread(self._close, asset.symbol, session.date)
            known = self._known[asset.symbol] = session.date, close
        return session.close, known[1]

    def _close(self, symbol: str, day: date) -> Decimal | None:
        begin = to_ns(datetime.combine(day, time(), UTC))
        bar = next(iter(self._market.bars(symbol, DAY_NS, begin, begin + 1)), None)
        return None if bar is None else Decimal(repr(bar.close))
