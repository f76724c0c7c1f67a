"""Read the history of every symbol that is behind, until none is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from algotrendy.kernel.errors import Rejected, Unavailable
from algotrendy.market_data.streaming.backing_off import Backoff
from algotrendy.market_data.streaming.catch_up import Flow
from algotrendy.market_data.streaming.feeds import Feed, History, Told
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.streaming.sender import Sender
from algotrendy.market_data.streaming.skew import AGREEING, Skew

Gap = Callable[[str, int, str], None]

_DOUBT_S = 30.0
_LOOK_S = 0.1


class CatchingUp:
    """Reads some symbols' histories side by side, page by page, no faster than they are sent.

    Args:
        readers: How many side by side.
    """

    def __init__(
        self, feed: Feed, sender: Sender, backoff: Backoff, readers: int, skew: Skew
    ) -> None:
        self._feed = feed
        self._skew = skew
        self._sender = sender
        self._backoff = backoff
        self._readers = readers
        self._more = asyncio.Event()

    def wake(self) -> None:
        """Say that a symbol fell behind."""
        self._more.set()

    async def run(self, flows: Mapping[str, Flow], gap: Gap) -> None:
        """Catch up with whatever falls behind, until cancelled.

        Args:
            gap: Called with symbol, time and reason where history cannot be read, now or later.
        """
        history = self._feed.history
        if history is None:
            return
        under_way: set[str] = set()
        tasks: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            self._more.set()

        async def one(symbol: str) -> None:
            try:
                await self._catch_up(history, symbol, flows[symbol], gap)
            finally:
                under_way.discard(symbol)

        try:
            while True:
                self._more.clear()
                for symbol, flow in flows.items():
                    if flow.is_behind and symbol not in under_way and len(tasks) < self._readers:
                        under_way.add(symbol)
                        task = asyncio.create_task(one(symbol))
                        tasks.add(task)
                        task.add_done_callback(ended)
                await self._more.wait()
        finally:
            for task in (*tasks,):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _catch_up(self, history: History, symbol: str, flow: Flow, gap: Gap) -> None:
        backoff = self._backoff.another()
        loop = asyncio.get_running_loop()
        while True:
            await self._sender.room()
            # What is told after this is held; what was made before is in the history by now.
            await asyncio.sleep(max(0.0, flow.uncovered + history.settle_s - loop.time()))
            asked = loop.time()
            try:
                await self._read(history, symbol, flow)
            except Unavailable as error:
                await asyncio.sleep(backoff.failed(error.retry_after_s))
                continue
            except Rejected as error:
                gap(symbol, flow.since, error.message)
                self._sender.add(symbol, flow.go_live())
                return
            backoff.worked()
            rest = flow.caught_up(asked, history.settle_s)
            if rest is not None:
                self._sender.add(symbol, rest)
                return

    async def _read(self, history: History, symbol: str, flow: Flow) -> None:
        pages: Any = history.trades(symbol, flow.since)
        async with aclosing(pages):
            async for page in pages:
                await self._doubt(page)
                told = [self._skew.moved(i) if isinstance(i, Trade) else i for i in page]
                self._sender.add(symbol, flow.page(told))
                await self._sender.room()

    async def _doubt(self, page: Sequence[Told]) -> None:
        """Wait a while for live ticks to tell the feed's clock, where a page is of the future."""
        waited_s = 0.0
        while (
            self._skew.heard < AGREEING
            and waited_s < _DOUBT_S
            and any(self._skew.doubts(item) for item in page)
        ):
            await asyncio.sleep(_LOOK_S)
            waited_s += _LOOK_S
