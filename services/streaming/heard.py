"""Note what a stream heard last, and say every few seconds that the service works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from algotrendy.kernel.clock import Clock
from algotrendy.market_data.adapters.ages import BEAT_EVERY_S, write_beat
from algotrendy.market_data.streaming.listening import StateChange
from algotrendy.market_data.streaming.messages import Fix, Quote, Trade
from algotrendy.platform.cache import Cache

_NS = 1_000_000_000


class HeardLast:
    """Is a ``Listener`` that keeps when each symbol last traded.

    Args:
        now_ns: The time, in nanoseconds since 1970 UTC.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._traded: dict[str, int] = {}

    def on_trade(self, trade: Trade) -> None:
        """Take a trade; one that came late does not take the place of a newer one."""
        self._traded[trade.symbol] = max(trade.time, self._traded.get(trade.symbol, 0))

    def on_quote(self, quote: Quote) -> None:
        """Leave it."""

    def on_fix(self, fix: Fix) -> None:
        """Leave it."""

    def on_state(self, change: StateChange) -> None:
        """Leave it."""

    def age_s(self, symbols: Iterable[str]) -> float | None:
        """Give the age of the newest trade of some symbols; None: none has traded yet."""
        times = [self._traded[symbol] for symbol in symbols if symbol in self._traded]
        return round(max(0, self._now_ns() - max(times)) / _NS, 1) if times else None


async def beating(states: Callable[[], Mapping[str, str]], cache: Cache, clock: Clock) -> None:
    """Say every few seconds in the cache how each feed stands, until cancelled."""
    while True:
        await asyncio.to_thread(write_beat, cache, states(), clock.now())
        await asyncio.sleep(BEAT_EVERY_S)
