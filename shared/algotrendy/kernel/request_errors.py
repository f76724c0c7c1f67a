"""Name how the way in says no to a request, before anybody looks at what it asks for.

Rejected
├─ Conflict
│  ├─ KeyReused       an idempotency key came with another request: take a new one
│  └─ InProgress      the same request is being done: ask again soon
├─ TooManyRequests    more than the caller may send: wait as long as it says
└─ TooLarge           more bytes than the limit
"""

from __future__ import annotations

from algotrendy.kernel.errors import Conflict, Rejected, shown


class KeyReused(Conflict):
    """Says that an idempotency key came with a request of its own before.

    Args:
        key: The key, which is the caller's own.
        facts: What it stands for already, where that can be told.
    """

    code = "idempotency-key-reused"

    def __init__(self, key: str, **facts: object) -> None:
        message = f"the idempotency key {shown(key)} came with another request before"
        super().__init__(f"{message}: take a new one", key=key, **facts)
        self.key = key


class InProgress(Conflict):
    """Says that a request under the same idempotency key is being done just now."""

    code = "idempotency-in-progress"

    def __init__(self, key: str, retry_after_s: float) -> None:
        message = f"the request of the idempotency key {shown(key)} is being done: ask again soon"
        super().__init__(message, key=key, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class TooManyRequests(Rejected):
    """Says that a caller has used up what may be sent; nothing was done.

    Args:
        policy: What is counted, such as ``trade``.
        rate_per_s: How many a second there may be for ever.
        burst: How many at once, after a silence.
        retry_after_s: When the next one will be let through.
    """

    code = "too-many-requests"

    def __init__(self, policy: str, rate_per_s: float, burst: int, retry_after_s: float) -> None:
        super().__init__(
            f"{policy} requests must be at most {rate_per_s:g} a second, {burst} at once: "
            f"wait {retry_after_s:.3g} s",
            policy=policy,
            rate_per_s=rate_per_s,
            burst=burst,
            retry_after_s=retry_after_s,
        )
        self.retry_after_s = retry_after_s


class TooLarge(Rejected):
    """Says that a body has more bytes than the limit.

    Args:
        limit_bytes: The most that is taken.
        actual_bytes: What came, or None when reading stopped at the limit.
    """

    code = "too-large"

    def __init__(self, limit_bytes: int, actual_bytes: int | None = None) -> None:
        actual = "more" if actual_bytes is None else f"{actual_bytes} bytes"
        super().__init__(
            f"body must be at most {limit_bytes} bytes, was {actual}",
            limit_bytes=limit_bytes,
            actual_bytes=actual_bytes,
        )
        self.limit_bytes = limit_bytes
        self.actual_bytes = actual_bytes
