"""Remember answers for a while. Losing the cache loses time, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from algotrendy.kernel.errors import Invalid
from algotrendy.platform import telemetry

PREFIX = "algotrendy:"
TIMEOUT_S = 0.25
REST_S = 5.0


class Cache(Protocol):
    """Remembers bytes by key. Never raises: a fault is a miss."""

    def get(self, key: str) -> bytes | None:
        """Give what was set, or None when it is not known, no longer known, or out of reach."""
        ...

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        """Remember a value for ``ttl_s`` seconds, at least 1, if that works."""
        ...


class NoCache:
    """Remembers nothing, where a deployment has no cache."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002
        """Give None."""
        return None

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        """Forget it."""


class RedisCache:
    """Remembers on a Redis or Valkey server.

    A server that does not answer is left alone for ``rest_s`` seconds, so that an outage costs one
    time-out in that time and not one a request. It is logged once, and once when it is over.

    Args:
        url: ``redis://``, ``rediss://`` (TLS), ``valkey://``, ``valkeys://`` or ``unix://``.
        prefix: What every key is put behind.
        timeout_s: How long a request may wait for the server.
        rest_s: How long a server that failed is left alone.
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
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise Invalid("cache_url", "redis://host:port/0", "another address") from error
        self._faults = (redis.RedisError, OSError)
        self._prefix = prefix
        self._rest_s = rest_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._rests_until_s = float("-inf")
        self._is_failing = False

    def get(self, key: str) -> bytes | None:
        """Give what was set, or None when it is not known, no longer known, or out of reach."""
        found = self._tried(lambda: self._redis.get(self._prefix + key))
        return found if isinstance(found, bytes) else None

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        """Remember a value for ``ttl_s`` seconds, at least 1, if that works."""
        self._tried(lambda: self._redis.set(self._prefix + key, value, ex=max(1, ttl_s)))

    def ping(self) -> None:
        """Raise whatever keeps the server from answering: for a readiness check."""
        self._redis.ping()

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _tried(self, call: Callable[[], object]) -> object:
        with self._lock:
            if self._monotonic() < self._rests_until_s:
                return None
        try:
            answer = call()
        except self._faults as error:
            with self._lock:
                is_news, self._is_failing = not self._is_failing, True
                self._rests_until_s = self._monotonic() + self._rest_s
            if is_news:
                telemetry.logger.warning("the cache fails; going on without it: %s", error)
            return None
        with self._lock:
            is_news, self._is_failing = self._is_failing, False
        if is_news:
            telemetry.logger.info("the cache answers again")
        return answer


def cache_at(url: str | None, prefix: str = PREFIX) -> Cache:
    """Open the cache at an address; None is a deployment without one."""
    return NoCache() if url is None else RedisCache(url, prefix)
