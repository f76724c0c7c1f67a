"""Send more than a limit lets through, and count exactly what it let through."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import httpx

_SENT = 120


def count_limit(http: httpx.Client, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Send requests to a route as fast as they are answered, and hold the limit to its word.

    A bucket lets ``burst`` through at once and one more for each interval that has passed: never
    more than of the time until the last answer, never fewer than of the time until the last was
    sent.
    """
    begun = time.perf_counter()
    statuses: list[int] = []
    stated: list[str] = []
    sent_at = begun
    for _ in range(_SENT):
        sent_at = time.perf_counter()
        answer = http.post(path, json={}, headers={**headers, "idempotency-key": "load"})
        statuses.append(answer.status_code)
        stated.append(answer.headers.get("ratelimit-limit", ""))
    ended = time.perf_counter()
    passed = sum(status != 429 for status in statuses)
    burst, rate = _BURST, _RATE
    most = burst + math.floor(rate * (ended - begun))
    least = min(_SENT, burst + math.floor(rate * (sent_at - begun)) - 1)
    first_refusal = statuses.index(429) if 429 in statuses else None
    return {
        "route": path,
        "limit": f"{burst} at once, {rate:g} a second",
        "sent": _SENT,
        "let_through": passed,
        "first_refused": None if first_refusal is None else first_refusal + 1,
        "allowed_by_the_limit": [least, most],
        "is_exact": least <= passed <= most and 429 in statuses,
        "refused_with_retry_after": all(stated),
    }


_BURST, _RATE = 20, 0.5
SET = {"rate_limits.research.burst": str(_BURST), "rate_limits.research.rate_per_s": str(_RATE)}
"""What is set for the count, by the names of flags."""
