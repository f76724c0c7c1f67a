"""What the streaming service says of itself: how old its newest trade is, and that it works."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

from algotrendy.kernel.clock import ManualClock
from algotrendy.market_data.adapters.ages import BEAT_KEY
from algotrendy.market_data.streaming.messages import Trade
from services.streaming.heard import HeardLast, beating

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9


def trade(symbol: str, seconds_ago: int) -> Trade:
    time = NOW_NS - seconds_ago * 10**9
    return Trade(symbol, time, 100.0, 1.0, "", "", time)


def test_the_newest_trade_of_a_feed_tells_its_age() -> None:
    heard = HeardLast(lambda: NOW_NS)
    assert heard.age_s(["AAPL"]) is None
    heard.on_trade(trade("AAPL", 5))
    heard.on_trade(trade("AAPL", 60))
    heard.on_trade(trade("BTC/USD", 2))
    assert heard.age_s(["AAPL"]) == 5
    assert heard.age_s(["AAPL", "BTC/USD"]) == 2


class Memory:
    """A cache in memory, that tells when something was set."""

    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.told = asyncio.Event()

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        self.kept[key] = value
        self.loop.call_soon_threadsafe(self.told.set)


def test_it_says_at_once_and_again_that_it_works() -> None:
    cache = Memory()

    async def for_a_moment() -> None:
        cache.loop = asyncio.get_running_loop()
        task = asyncio.create_task(beating(lambda: {"paper": "live"}, cache, ManualClock(NOW)))
        async with asyncio.timeout(10):
            await cache.told.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(for_a_moment())
    told = json.loads(cache.kept[BEAT_KEY])
    assert told == {"at": NOW.isoformat(), "feeds": {"paper": "live"}}
