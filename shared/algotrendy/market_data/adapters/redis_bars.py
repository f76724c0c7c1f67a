"""Read bars from Redis streams into the hub, across outages, and say what could not be had.

``bars:<symbol>:<style>`` is a stream whose ids are the numbers of its bars; reading goes on from
the last one that is known, so an outage leaves no hole as long as the stream still reaches back.
Where it does not, or where Redis has lost what it had, the hub tells clients so in a snapshot.
``partial:<symbol>:<style>`` holds the unfinished bar.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from algotrendy.kernel.errors import Invalid, JsonValue
from algotrendy.market_data.streaming import encoding
from algotrendy.market_data.streaming.hub import INTERRUPTED, LIVE, Hub
from algotrendy.market_data.streaming.tails import KEPT_BARS, Bar
from algotrendy.market_data.streaming.topics import Topic

BARS_KEY: Final = "bars"
PARTIAL_KEY: Final = "partial"
_BLOCK_MS: Final = 200
_PARTIALS_EACH_S: Final = 0.25
_CHECK_EACH_S: Final = 2.0
_TIMEOUT_S: Final = 5.0
_LEAST_REST_S: Final = 0.1
_MOST_REST_S: Final = 2.0
_AT_ONCE: Final = 500
_FAULTS: Final = (redis.RedisError, OSError, TimeoutError)
_logger = logging.getLogger(__name__)

Row = tuple[bytes, Mapping[bytes, bytes]]


class RedisBars:
    """The reader of all bars that clients of one hub listen to.

    Args:
        url: As of the cache.
        prefix: What every key stands behind, as of the cache.
        seconds: Of a clock that never steps.
        check_each_s: How often to look whether Redis has lost something.
    """

    def __init__(
        self,
        hub: Hub,
        url: str,
        prefix: str,
        seconds: Callable[[], float],
        check_each_s: float = _CHECK_EACH_S,
    ) -> None:
        if url.startswith("valkey"):
            url = "redis" + url.removeprefix("valkey")
        self._hub = hub
        self._prefix = prefix
        self._seconds = seconds
        self._check_each_s = check_each_s
        # Its types tell apart neither decoded from plain nor one protocol from the other.
        self._redis: Any = redis.Redis.from_url(
            url,
            # Before Python 3.12 its own way to wait so long at most can lose a cancellation.
            socket_timeout=None,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._checked_s = 0.0
        self._other: set[Topic] = set()
        self._read_to: dict[Topic, int] = {}
        self._lost: set[Topic] = set()
        self._shown: dict[Topic, bytes | None] = {}
        self.outages = 0
        self.losses = 0
        self.malformed = 0
        hub.figures_of_bars = self.describe

    def describe(self) -> dict[str, JsonValue]:
        """Give the counters as JSON values."""
        return {"outages": self.outages, "losses": self.losses, "malformed": self.malformed}

    async def run(self) -> None:
        """Read until cancelled, through every outage."""
        rest_s = _LEAST_REST_S
        try:
            while True:
                try:
                    await _within(self._redis.ping())
                    # What Redis lost meanwhile is to be seen before anything is read on.
                    await self._check()
                    self._hub.on_bars(LIVE)
                    rest_s = _LEAST_REST_S
                    await self._read()
                except _FAULTS as error:
                    self._hub.on_bars(INTERRUPTED, "bars cannot be read now, and will go on")
                    if rest_s == _LEAST_REST_S:
                        self.outages += 1
                        _logger.warning("bars cannot be read: %s", error)
                    await asyncio.sleep(rest_s)
                    rest_s = min(2 * rest_s, _MOST_REST_S)
        finally:
            await self._redis.aclose()

    async def _read(self) -> None:
        """Read as long as Redis answers; raises one of ``_FAULTS`` when it does not."""
        showing = asyncio.create_task(self._show_partials())
        try:
            while not showing.done():
                await self._load()
                await self._follow()
                if self._seconds() - self._checked_s >= self._check_each_s:
                    await self._check()
            await showing
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    async def _load(self) -> None:
        """Read what is stored of topics that nothing is known of."""
        for topic, newest in self._hub.positions().items():
            if newest is None:
                rows = await self._stored(topic)
                self._read_to.pop(topic, None)
                self._hub.load(topic, self._bars(topic, rows[::-1]))

    async def _follow(self) -> None:
        """Wait a moment for bars after those that are known."""
        known = {
            self._key(BARS_KEY, topic): (topic, newest)
            for topic, newest in self._hub.positions().items()
            if newest is not None
        }
        if not known:
            await asyncio.sleep(_BLOCK_MS / 1000)
            return
        read_to = self._read_to
        ids = {key: f"{max(n, read_to.get(topic, 0), 0)}-0" for key, (topic, n) in known.items()}
        answer = await _within(self._redis.xread(ids, count=_AT_ONCE, block=_BLOCK_MS))
        # A list of pairs in the second version of Redis's protocol, a dictionary in the third.
        found = answer.items() if isinstance(answer, dict) else answer or ()
        for key, rows in found:
            topic, _ = known[key.decode()]
            flat = rows[0] if isinstance(answer, dict) else rows
            was_lost = topic in self._lost
            self._lost.discard(topic)
            # Past one that cannot be read, too.
            self._read_to[topic] = _number(flat[-1][0])
            self._hub.add(topic, self._bars(topic, flat), lost=was_lost)
        self._read_to = {t: n for t, n in self._read_to.items() if t in self._hub.positions()}

    async def _check(self) -> None:
        """Find out whether Redis has less than what is known, or other bars: it has lost something.

        Of other bars one look is not enough: it may be filled again just now.
        """
        self._checked_s = self._seconds()
        known = {t: newest for t, newest in self._hub.positions().items() if (newest or 0) > 0}
        async with self._redis.pipeline(transaction=False) as asked:
            for topic in known:
                asked.xrevrange(self._key(BARS_KEY, topic), count=1)
            answers = await _within(asked.execute())
        self._lost &= set(known)
        other = set()
        for (topic, newest), rows in zip(known.items(), answers, strict=True):
            stored = self._bars(topic, rows)
            if stored and not self._hub.agrees(topic, stored[0]):
                other.add(topic)
            elif (not rows or _number(rows[0][0]) < (newest or 0)) and topic not in self._lost:
                self._lost.add(topic)
                self.losses += 1
        for topic in other & self._other:
            rows = await self._stored(topic)
            self.losses += topic not in self._lost
            self._lost.discard(topic)
            self._read_to.pop(topic, None)
            self._hub.restart(topic, self._bars(topic, rows[::-1]))
        self._other = other - self._other

    async def _show_partials(self) -> None:
        while True:
            topics = self._hub.partial_topics()
            self._shown = {t: shown for t, shown in self._shown.items() if t in set(topics)}
            for start in range(0, len(topics), _AT_ONCE):
                part = topics[start : start + _AT_ONCE]
                keys = [self._key(PARTIAL_KEY, topic) for topic in part]
                values = await _within(self._redis.mget(keys))
                for topic, value in zip(part, values, strict=True):
                    if value is None:
                        self._hub.partial(topic, None)
                    elif value != self._shown.get(topic):
                        self._show(topic, value)
                    self._shown[topic] = value
            await asyncio.sleep(_PARTIALS_EACH_S)

    def _show(self, topic: Topic, value: bytes) -> None:
        bar = self._bar(topic, value)
        if bar is not None:
            self._hub.partial(topic, bar)

    def _bars(self, topic: Topic, rows: Sequence[Row]) -> list[Bar]:
        found = (self._bar(topic, fields.get(b"bar", b""), _number(id_)) for id_, fields in rows)
        return [bar for bar in found if bar is not None]

    def _bar(self, topic: Topic, value: bytes, number: int | None = None) -> Bar | None:
        try:
            told = orjson.loads(value)
            fields = encoding.bar_fields(told)
            if number is not None and told["number"] != number:
                raise Invalid("bar.number", f"{number}, as its id", told["number"])
        except (orjson.JSONDecodeError, AttributeError, Invalid) as error:
            # Left out, so that a number is missing, and clients are told.
            self.malformed += 1
            _logger.error("a bar of %s %s cannot be read: %s", topic.symbol, topic.name, error)
            return None
        return Bar(told["number"], fields)

    async def _stored(self, topic: Topic) -> Any:
        return await _within(self._redis.xrevrange(self._key(BARS_KEY, topic), count=KEPT_BARS))

    def _key(self, kind: str, topic: Topic) -> str:
        return f"{self._prefix}{kind}:{topic.symbol}:{topic.style}"


async def _within(answer: Awaitable[Any]) -> Any:
    async with asyncio.timeout(_TIMEOUT_S):
        return await answer


def _number(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])
