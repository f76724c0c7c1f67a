"""Show bars on Redis, where the streaming services of clients read them.

``bars:<symbol>:<style>`` is a stream with the numbers of bars as ids, so that Redis itself refuses
one that is there, or that is late. ``partial:<symbol>:<style>`` is the unfinished bar.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.market_data.charts.records import ChartBar
from algotrendy.market_data.streaming.bars import told
from algotrendy.market_data.streaming.stores import Key, Missing, Shown
from algotrendy.platform.telemetry import logger

KEPT: Final = 1_000
"""Bars that a stream holds, about."""
TIMEOUT_S: Final = 0.5
REST_S: Final = 5.0


class RedisBoard:
    """A ``Board`` on a Redis or Valkey server; one that does not answer is left alone for a while.

    Args:
        url: As of the cache.
        prefix: What every key is put behind.
        seconds: Of a clock that never steps.
    """

    def __init__(
        self, url: str, prefix: str, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        if url.startswith("valkey"):
            url = "redis" + url.removeprefix("valkey")
        self._redis: Any = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._prefix = prefix
        self._seconds = seconds
        self._rests_until_s = float("-inf")

    def show(self, shown: Sequence[Shown], missing: Missing) -> None:
        """Let everybody see; what a fault leaves out comes with what is shown next."""
        if not shown or self._seconds() < self._rests_until_s:
            return
        try:
            self._write(shown, missing)
        except (redis.RedisError, OSError, AlgoTrendyError) as error:
            self._rests_until_s = self._seconds() + REST_S
            logger.warning("bars cannot be shown, and will be later: %s", error)

    def _write(self, shown: Sequence[Shown], missing: Missing) -> None:
        with self._redis.pipeline(transaction=False) as asked:
            for item in shown:
                asked.xrevrange(self._key("bars", item.key), count=1)
            answers = asked.execute()
        with self._redis.pipeline(transaction=False) as told_of:
            for item, newest in zip(shown, answers, strict=True):
                last = int(newest[0][0].partition(b"-")[0]) if newest else 0
                self._add(told_of, item, last, missing)
            # Of two consumers the later one's bars are there already, and Redis says so.
            told_of.execute(raise_on_error=False)

    def _add(self, pipe: Any, item: Shown, last: int, missing: Missing) -> None:
        first = max(last, item.bars - KEPT) + 1
        bars = [closed for closed in item.newest if closed.number >= first]
        at_hand = bars[0].number if bars else item.bars + 1
        if first < at_hand:
            # The lake has them, and a consumer died, or Redis lost what it had.
            bars = [*missing(item.key, first - 1, at_hand - 1), *bars]
        key = self._key("bars", item.key)
        for closed in bars:
            value = _json(closed.number, closed.bar)
            pipe.xadd(key, {"bar": value}, id=f"{closed.number}-0", maxlen=KEPT, approximate=True)
        partial = self._key("partial", item.key)
        if item.partial is None:
            pipe.delete(partial)
        else:
            pipe.set(partial, _json(item.bars + 1, item.partial))

    def _key(self, kind: str, key: Key) -> str:
        return f"{self._prefix}{kind}:{key.symbol}:{key.style}"


class NoBoard:
    """Shows nothing, where a deployment has no Redis."""

    def show(self, shown: Sequence[Shown], missing: Missing) -> None:
        """Leave it."""


def _json(number: int, bar: ChartBar) -> bytes:
    return orjson.dumps({"number": number, **told(bar)})
