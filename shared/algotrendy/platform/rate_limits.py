"""Count requests by caller: in any t seconds a bucket lets ``burst + rate_per_s * t`` through.

The rule is GCRA, which keeps one time a bucket, and no counters and windows: the moment at which
the bucket is full again. It is read and moved in one step on the server, by the server's clock, so
that any number of processes share a bucket exactly.

Source: ITU-T I.371 (2004), annex A, the virtual scheduling algorithm.
"""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.platform import telemetry
from algotrendy.platform.flags import RateLimit
from algotrendy.platform.settings import settings

PREFIX: Final = "algotrendy:limits:"
TIMEOUT_S: Final = 0.1
REST_S: Final = 1.0
MOST_BUCKETS: Final = 10_000
_MICROSECONDS: Final = 1_000_000

# Numbers of Lua are doubles, which hold microseconds since 1970 whole; `tostring` would not.
_TAKE: Final = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
full_at = math.min(math.max(full_at, now), now + interval * burst)
local taken = full_at + interval
local wait = taken - interval * burst - now
if wait > 0 then
  return {0, math.ceil(wait), math.ceil(full_at - now)}
end
redis.call('SET', KEYS[1], string.format('%.0f', taken), 'PX', math.ceil((taken - now) / 1000))
return {1, 0, math.ceil(taken - now)}
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Says whether a request may go on, and how its bucket stands then.

    Attributes:
        retry_after_s: When the next request will be let through, if it comes alone; 0 where this
            one is.
        full_after_s: When as many as ``limit.burst`` may come at once again.
    """

    is_allowed: bool
    limit: RateLimit
    retry_after_s: float
    full_after_s: float

    @property
    def remaining(self) -> int:
        """Tell how many more would be let through at this moment."""
        # A little above: a difference of floats must not hide a whole one.
        owed = self.full_after_s * self.limit.rate_per_s
        return max(0, math.floor(self.limit.burst - owed + 1e-6))


class Buckets(Protocol):
    """Keeps count of what callers have had."""

    def take(self, name: str, limit: RateLimit) -> Verdict:
        """Take one of a bucket, if there is one.

        Raises:
            Unavailable: If nobody knows whether there is one.
        """
        ...


class RedisBuckets:
    """Counts on a Redis or Valkey server, for all processes together.

    A server that does not answer is left alone for ``rest_s`` seconds, so that an outage costs one
    time-out in that time and not one a request. A bucket that is full takes no memory.

    Args:
        url: As ``RedisCache`` takes it.
        prefix: What every bucket's name is put behind.
        timeout_s: How long a request may wait for the server.
        monotonic: Tells the time in seconds.
    """

    def __init__(
        self,
        url: str,
        prefix: str = PREFIX,
        timeout_s: float = TIMEOUT_S,
        rest_s: float = REST_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        if url.startswith("valkey"):
            url = "redis" + url.removeprefix("valkey")
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                # A connection that the server closed while this process was frozen is no outage.
                # What is counted twice then is one request too many, of the caller's own.
                retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            )
        except ValueError as error:
            raise Invalid("cache_url", "redis://host:port/0", "another address") from error
        self._script = self._redis.register_script(_TAKE)
        self._faults = (redis.RedisError, OSError)
        self._prefix = prefix
        self._rest_s = rest_s
        self._monotonic = monotonic
        self._rests_until_s = float("-inf")
        self._is_failing = False

    def take(self, name: str, limit: RateLimit) -> Verdict:
        """Take one of a bucket, if there is one.

        Raises:
            Unavailable: If the server does not answer.
        """
        left_s = self._rests_until_s - self._monotonic()
        if left_s > 0:
            raise _unavailable(left_s)
        interval_us = _MICROSECONDS / limit.rate_per_s
        try:
            found = self._script([self._prefix + name], [repr(interval_us), limit.burst])
        except self._faults as error:
            self._rests_until_s = self._monotonic() + self._rest_s
            if not self._is_failing:
                telemetry.logger.warning("requests cannot be counted: %s", error)
            self._is_failing = True
            raise _unavailable(self._rest_s) from error
        if self._is_failing:
            self._is_failing = False
            telemetry.logger.info("requests are counted again")
        is_allowed, wait_us, full_us = found
        return Verdict(bool(is_allowed), limit, wait_us / _MICROSECONDS, full_us / _MICROSECONDS)

    def ping(self) -> None:
        """Raise whatever keeps the server from answering: for a readiness check."""
        self._redis.ping()

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


class LocalBuckets:
    """Counts in this process alone: where a stage has no server, and while the server is down."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, most: int = MOST_BUCKETS
    ) -> None:
        self._monotonic = monotonic
        self._most = most
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}

    def take(self, name: str, limit: RateLimit) -> Verdict:
        """Take one of a bucket, if there is one."""
        interval_s = 1 / limit.rate_per_s
        with self._lock:
            now = self._monotonic()
            whole_s = interval_s * limit.burst
            full_at = min(max(self._full_at.pop(name, now), now), now + whole_s)
            taken = full_at + interval_s
            wait_s = taken - whole_s - now
            # Floats of one sum in two orders differ in the last digits.
            is_allowed = wait_s <= 1e-9
            if is_allowed:
                full_at, wait_s = taken, 0.0
            self._full_at[name] = full_at
            self._make_room()
        return Verdict(is_allowed, limit, wait_s, full_at - now)

    def _make_room(self) -> None:
        # The oldest first: each take puts its bucket at the end.
        while len(self._full_at) > self._most:
            self._full_at.pop(next(iter(self._full_at)))


@functools.cache
def shared_buckets() -> Buckets:
    """Give the buckets of this deployment: on the server at ``cache_url``, or of this process."""
    url = settings().optional("cache_url")
    if url is None:
        return own_buckets()
    return RedisBuckets(url, f"{PREFIX}{settings().stage}:")


@functools.cache
def own_buckets() -> LocalBuckets:
    """Give the buckets of this process."""
    return LocalBuckets()


def reset_buckets() -> None:
    """Forget what was counted in this process, and where else."""
    shared_buckets.cache_clear()
    own_buckets.cache_clear()


def _unavailable(retry_after_s: float) -> Unavailable:
    reason = "requests cannot be counted now, and nothing is done that could not be limited"
    return Unavailable("rate limits", reason, retry_after_s)
