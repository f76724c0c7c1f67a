"""Send requests, and send them again where that cannot do anything twice."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from algotrendy.client.errors import (
    InProgress,
    NoAnswer,
    ProblemError,
    TooManyRequests,
    problem_of,
)

TIMEOUT_S = 35.0
# Something that has answered comes back; something that never has may not be there at all.
PATIENCE_S, FIRST_PATIENCE_S = 60.0, 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 3.0
_PASSING = {500, 502, 503, 504}
_IDEMPOTENCY_KEY = "idempotency-key"
_SAFE_TWICE = {"GET", "HEAD", "PUT", "DELETE"}
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_USER_AGENT = "algotrendy-client/1"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Says how time passes; a test gives another one.

    Args:
        sleep: Waits that many seconds.
        monotonic: Tells the time, in seconds.
        jitter: Gives a number from 0 to 1, so that many clients do not come back at once.
    """

    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = secrets.SystemRandom().random


class Sender:
    """Speaks HTTP with the API.

    Args:
        base_url: Where the API stands, with any path that it stands under.
        credential: Gives an access token or an API key; asked before each request.
        timeout_s: How long one request may take.
        patience_s: How long a request is sent again, once the API has answered anything.
        transport: Other than the network.
    """

    def __init__(
        self,
        base_url: str,
        credential: Callable[[], str],
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._credential = credential
        self._patience_s = patience_s
        self._waiting = waiting or Waiting()
        self._has_answered = False
        headers = {"user-agent": _USER_AGENT}
        self._http = httpx.Client(timeout=timeout_s, transport=transport, headers=headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request until it is answered well, for as long as patience lasts.

        What was never sent, and what was turned away for too many requests, is always sent again;
        what may have been done already only where the method or an idempotency key makes that
        safe. A Retry-After is kept to; one longer than the patience is not waited for.

        Raises:
            ApiError: What the last answer says, or that there was none.
        """
        merged = {**({} if content is None else {"content-type": "application/json"}),
                  **(headers or {})}  # fmt: skip
        is_safe = method in _SAFE_TWICE or any(n.lower() == _IDEMPOTENCY_KEY for n in merged)
        request: dict[str, Any] = {"params": list(query) or None, "content": content}

        def once() -> httpx.Response:
            bearer = {"authorization": f"Bearer {self._credential()}"}
            url = self._base + path
            return self._http.request(method, url, headers={**merged, **bearer}, **request)

        return self._patiently(once, is_safe=is_safe)

    def download(self, url: str) -> bytes:
        """Read a signed address; it is its own permission, and gets no credential."""
        return self._patiently(lambda: self._http.get(url), is_safe=True).content

    def _patiently(self, once: Callable[[], httpx.Response], *, is_safe: bool) -> httpx.Response:
        started, pause_s = self._waiting.monotonic(), _FIRST_PAUSE_S
        while True:
            error, may_repeat = self._tried(once, is_safe=is_safe)
            if isinstance(error, httpx.Response):
                return error
            wait_s = pause_s * (0.5 + self._waiting.jitter() / 2)
            if isinstance(error, ProblemError) and error.retry_after_s is not None:
                wait_s = max(wait_s, error.retry_after_s)
            patience_s = self._patience_s if self._has_answered else FIRST_PATIENCE_S
            elapsed_s = self._waiting.monotonic() - started
            if not may_repeat or elapsed_s + wait_s > min(patience_s, self._patience_s):
                raise error
            self._waiting.sleep(wait_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _tried(
        self, once: Callable[[], httpx.Response], *, is_safe: bool
    ) -> tuple[httpx.Response | ProblemError | NoAnswer, bool]:
        try:
            response = once()
        except httpx.TransportError as found:
            was_sent = not isinstance(found, _NEVER_SENT)
            error = NoAnswer(f"{self._base} does not answer ({found})", may_have_happened=was_sent)
            error.__cause__ = found
            return error, is_safe or not was_sent
        self._has_answered = True
        if response.is_success:
            return response, False
        problem = problem_of(response)
        # Nothing was done of the one; of the other, the key leads to the same answer.
        if isinstance(problem, TooManyRequests | InProgress):
            return problem, True
        is_passing = response.status_code in _PASSING
        # Of the API's own problems only "unavailable" passes: a defect and an unknown outcome stay.
        if problem.is_of_the_api and response.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            is_passing = False
        return problem, is_passing and is_safe


def query_of(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Write a query; what is None is left out, and a list says its name for each of its words."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        several = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _text(each)) for each in several if each is not None]
    return pairs


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case _:
            return str(value)
