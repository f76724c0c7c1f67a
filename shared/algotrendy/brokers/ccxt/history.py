"""Read an account's executions from the first to the last, and none of them twice."""

from __future__ import annotations

import asyncio
from typing import Any

from algotrendy.brokers.ccxt.answers import fill_of
from algotrendy.brokers.ccxt.calls import Calls
from algotrendy.brokers.ccxt.capabilities import page_of
from algotrendy.brokers.ccxt.profiles import Profile
from algotrendy.brokers.port import BrokerFill
from algotrendy.kernel.errors import Invalid, Unavailable


class Executions:
    """Keeps what was read of each pair; an exchange takes none back."""

    def __init__(self, exchange: Any, calls: Calls, profile: Profile) -> None:
        self._exchange = exchange
        self._calls = calls
        self._profile = profile
        self._known: dict[str, dict[str, BrokerFill]] = {}
        self._turn = asyncio.Lock()
        self._limit = page_of(exchange, "fetchMyTrades")

    async def of(self, symbol: str) -> list[BrokerFill]:
        """Give a pair's executions, oldest first; markets must be loaded."""
        async with self._turn:
            known = self._known.setdefault(symbol, {})
            while True:
                page = await self._page(symbol, known)
                before = len(known)
                known |= {fill.execution_id: fill for fill in page}
                if len(known) == before or len(page) < (self._limit or 0):
                    return sorted(known.values(), key=_by_age)

    async def _page(self, symbol: str, known: dict[str, BrokerFill]) -> list[BrokerFill]:
        last = max(known.values(), key=_by_age, default=None)
        since = None if last is None else int(last.filled_at.timestamp() * 1000)
        params = {}
        if self._profile.fill_cursor is not None:
            since = None
            params[self._profile.fill_cursor] = "0" if last is None else str(_number(last) + 1)
        exchange = self._exchange
        found = await self._calls.read(
            lambda: exchange.fetch_my_trades(symbol, since, self._limit, params)
        )
        try:
            return [fill_of(row) for row in found]
        except (Invalid, KeyError, TypeError, AttributeError) as error:
            reason = f"its executions cannot be read: {error}"
            raise Unavailable(exchange.id, reason) from error


def _number(fill: BrokerFill) -> int:
    number = fill.execution_id.rpartition("#")[2]
    return int(number) if number.isdigit() else 0


def _by_age(fill: BrokerFill) -> tuple[float, int]:
    return (fill.filled_at.timestamp(), _number(fill))
