"""Put the streaming service together, from the settings."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from algotrendy.kernel.clock import SystemClock, seconds_passed
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.kinesis_ticks import KinesisTicks
from algotrendy.market_data.adapters.newest_ticks import NewestTicks
from algotrendy.market_data.adapters.redis_bars import RedisBars
from algotrendy.market_data.adapters.stored_ticks import StoredTicks
from algotrendy.market_data.streaming.feeds import Feed
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.listening import Listeners
from algotrendy.market_data.streaming.producer import Producer
from algotrendy.market_data.streaming.sender import Sender
from algotrendy.platform.lake import lake_at
from algotrendy.platform.settings import settings
from services.streaming.heard import HeardLast, beating

_DRAIN_S = 5.0


class Streaming:
    """All feeds of this process, and what they go to.

    Args:
        run: Names this process, and no other one that ever was.
    """

    def __init__(self, feeds: Sequence[Feed], listeners: Listeners, run: str) -> None:
        self._run = run
        self._parts: list[tuple[Feed, Sender, Producer]] = []
        self._heard = HeardLast(time.time_ns)
        listeners.add(self._heard)
        cache_url = settings().optional("cache_url")
        self._newest = NewestTicks(cache_url, wiring.cache_prefix()) if cache_url else None
        if self._newest is not None:
            listeners.add(self._newest)
        clock = SystemClock()
        for feed in feeds:
            sink = KinesisTicks(settings().need("tick_stream"))
            sender = Sender(sink, feed.name, run, random.random)
            stored = StoredTicks(lake_at(settings().need("lake_url")))
            producer = Producer(feed, sender, stored, listeners, clock, random.random)
            self._parts.append((feed, sender, producer))

    async def run(self, stopping: asyncio.Event) -> None:
        """Stream until asked to stop; then what waits is sent, for some seconds.

        What is left behind even so, is read from the history by whoever comes next.
        """
        sending = [asyncio.create_task(sender.run()) for _, sender, _ in self._parts]
        listening = [asyncio.create_task(producer.run()) for _, _, producer in self._parts]
        if self._newest is not None:
            sending.append(asyncio.create_task(self._newest.run()))
            beats = beating(self.states, wiring.page_cache(), SystemClock())
            sending.append(asyncio.create_task(beats))
        stop = asyncio.create_task(stopping.wait())
        try:
            await _until(stop, sending, listening)
            await _end(listening)
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_S):
                    await asyncio.gather(*(sender.drain() for _, sender, _ in self._parts))
        finally:
            await _end([stop, *listening, *sending])

    def describe(self) -> dict[str, Any]:
        """Say how each feed stands, as JSON values."""
        return {"run": self._run, "feeds": self.feeds()}

    def feeds(self) -> dict[str, dict[str, Any]]:
        """Say how each feed stands, by name."""
        return {
            feed.name: {
                "state": producer.state.state.value,
                "reason": producer.state.reason,
                "since": producer.state.time,
                "symbols": list(feed.symbols),
                "newest_trade_age_s": self._heard.age_s(feed.symbols),
                "pending": sender.pending,
                "records": sender.records,
                "retries": sender.retries,
                "trouble": sender.trouble,
                **producer.counts.as_json(),
            }
            for feed, sender, producer in self._parts
        }

    def states(self) -> dict[str, str]:
        """Say in a word how each feed stands, by name."""
        return {feed.name: producer.state.state.value for feed, _, producer in self._parts}


async def bars_reader(hub: Hub) -> None:
    """Read bars from the cache into the hub, until cancelled; without a cache there are none."""
    url = settings().optional("cache_url")
    if url is None:
        await asyncio.Event().wait()
        return
    await RedisBars(hub, url, wiring.cache_prefix(), seconds_passed).run()


async def _until(
    stop: asyncio.Task[Any],
    sending: Sequence[asyncio.Task[None]],
    listening: Sequence[asyncio.Task[None]],
) -> None:
    """Wait for the stop, or raise what one of the others ended with; a recording may be over."""
    waited: set[asyncio.Task[Any]] = {stop, *sending, *listening}
    while not stop.done():
        done, waited = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
