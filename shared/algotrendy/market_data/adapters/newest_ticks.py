"""Keep each symbol's newest trade and quote in Redis, where any API finds them.

``trade:<symbol>`` and ``quote:<symbol>`` hold JSON of the fields of ``Trade`` and ``Quote``, of
which ``received`` tells how fresh it is. Losing them loses nothing: the next ones come.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from algotrendy.market_data.streaming.listening import StateChange
from algotrendy.market_data.streaming.messages import Fix, Quote, Trade
from algotrendy.market_data.streaming.screening import Limits

TRADE_KEY = "trade"
QUOTE_KEY = "quote"
KEPT_S = 7 * 86_400
_EACH_S = 0.05
_TIMEOUT_S = 1.0
_REST_S = 2.0
_FAULTS = (redis.RedisError, OSError, TimeoutError)

_logger = logging.getLogger(__name__)


class NewestTicks:
    """Is a ``Listener`` that writes the newest, at most every 50 ms for each symbol.

    The newest is that of the latest time at the exchange, which need not be what came last.

    Args:
        url: As of the cache.
        prefix: What every key stands behind, as of the cache.
    """

    def __init__(self, url: str, prefix: str) -> None:
        if url.startswith("valkey"):
            url = "redis" + url.removeprefix("valkey")
        self._prefix = prefix
        # No time-outs of the client: before Python 3.12 they can swallow that we are cancelled.
        self._redis: Any = redis.Redis.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        self._newest: dict[str, Trade | Quote] = {}
        self._waiting: dict[str, Trade | Quote] = {}
        self._more = asyncio.Event()
        self._is_failing = False

    def on_trade(self, trade: Trade) -> None:
        """Take a trade."""
        self._take(f"{TRADE_KEY}:{trade.symbol}", trade)

    def on_quote(self, quote: Quote) -> None:
        """Take a quote."""
        self._take(f"{QUOTE_KEY}:{quote.symbol}", quote)

    def on_fix(self, fix: Fix) -> None:
        """Leave it: the trade that it mends is seldom the newest."""

    def on_state(self, change: StateChange) -> None:
        """Leave it: what is kept says itself how old it is."""

    async def run(self) -> None:
        """Write until cancelled, through every outage."""
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                await self._write()
                await asyncio.sleep(_EACH_S)
        finally:
            await self._redis.aclose()

    def _take(self, key: str, tick: Trade | Quote) -> None:
        newest = self._newest.get(key)
        # A feed that was ahead, and is no more, is not waited for.
        if newest is not None and tick.time < newest.time <= tick.received + Limits().ahead_ns:
            return
        self._newest[key] = self._waiting[key] = tick
        self._more.set()

    async def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                self._redis.pipeline(transaction=False) as asked,
            ):
                for key, tick in waiting.items():
                    asked.set(self._prefix + key, orjson.dumps(tick._asdict()), ex=KEPT_S)
                await asked.execute()
        except _FAULTS as error:
            if not self._is_failing:
                _logger.warning("the newest ticks cannot be kept: %s", error)
            self._is_failing = True
            self._waiting = waiting | self._waiting
            self._more.set()
            await asyncio.sleep(_REST_S)
            return
        if self._is_failing:
            _logger.info("the newest ticks are kept again")
        self._is_failing = False
