"""Keep under the broker's rate limit, by what its headers say of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from algotrendy.kernel.errors import Unavailable

_DEFAULT_WAIT_S = 1.0
_LONGEST_WAIT_S = 600.0
_RESERVED_SHARE = 0.1


class Pace:
    """Says how long to hold a request back; safe from any thread.

    A share of the limit is left to requests that change something: reading a long list of orders
    must not keep a cancel from being sent.

    Args:
        monotonic_s: A clock that never steps back.
        unix_s: The time of day, which ``X-RateLimit-Reset`` is told in.
        patience_s: The longest that a request is held back.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        unix_s: Callable[[], float],
        patience_s: float,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._unix_s = unix_s
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._limit: float | None = None
        self._left: float | None = None
        self._renewed_at = 0.0

    def take(self, *, changes: bool) -> float:
        """Take leave to send one request; give the seconds to wait before it is sent.

        Raises:
            Unavailable: If the wait would be longer than the patience; nothing was taken.
        """
        with self._lock:
            now = self._monotonic_s()
            if self._left is not None and now >= self._renewed_at:
                self._left = None
            wait_s = max(0.0, self._closed_until - now)
            if self._left is not None and self._limit is not None:
                reserve = 0.0 if changes else self._limit * _RESERVED_SHARE
                if self._left <= reserve:
                    wait_s = max(wait_s, self._renewed_at - now)
            if wait_s > self._patience_s:
                raise Unavailable("alpaca", "its rate limit is used up", retry_after_s=wait_s)
            if self._left is not None:
                self._left -= 1
            return wait_s

    def heard(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of any answer."""
        limit = _number(headers.get("X-RateLimit-Limit"))
        left = _number(headers.get("X-RateLimit-Remaining"))
        renewed = _number(headers.get("X-RateLimit-Reset"))
        if limit is None or left is None or renewed is None:
            return
        with self._lock:
            wait_s = min(max(renewed - self._unix_s(), 0.0), _LONGEST_WAIT_S)
            renewed_at = self._monotonic_s() + wait_s
            is_same_window = self._left is not None and renewed_at < self._renewed_at + 1
            # Answers may overtake each other: within a window what is left only shrinks.
            self._left = min(self._left or 0.0, left) if is_same_window else left
            self._limit, self._renewed_at = limit, renewed_at

    def refused(self, headers: Mapping[str, str]) -> float:
        """Learn from a 429; give the seconds after which to come again."""
        asked = _number(headers.get("Retry-After"))
        if asked is None:
            renewed = _number(headers.get("X-RateLimit-Reset"))
            asked = _DEFAULT_WAIT_S if renewed is None else renewed - self._unix_s()
        wait_s = min(max(asked, _DEFAULT_WAIT_S / 10), _LONGEST_WAIT_S)
        with self._lock:
            self._closed_until = max(self._closed_until, self._monotonic_s() + wait_s)
        return wait_s


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` in seconds, where it is there and makes sense."""
    found = _number(headers.get("Retry-After"))
    return None if found is None or found < 0 else min(found, _LONGEST_WAIT_S)


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if found == found and abs(found) != float("inf") else None
