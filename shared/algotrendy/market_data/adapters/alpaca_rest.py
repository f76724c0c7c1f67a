"""Ask Alpaca's market data over REST: all pages, under its rate limit, again where that helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from algotrendy.kernel.errors import Invalid, NotFound, Rejected, Unauthenticated, Unavailable

DATA_URL = "https://data.alpaca.markets"
SERVICE = "alpaca"

_ATTEMPTS = 6
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_TIMEOUT_S = 30.0


class AlpacaRest:
    """A client of Alpaca, or of whoever speaks its protocol.

    Args:
        key, secret: None where pages are public.
        url: Scheme and host.
        sleep: Waits that many seconds.
        unix_s: The time of day, which ``X-RateLimit-Reset`` is told in.
    """

    def __init__(
        self,
        key: str | None,
        secret: str | None,
        url: str = DATA_URL,
        *,
        sleep: Callable[[float], None] = time.sleep,
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        headers = {}
        if key and secret:
            headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret}
        self._sleep, self._unix_s = sleep, unix_s
        self._wait_s = 0.0
        try:
            self._client = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S)
        except (httpx.InvalidURL, TypeError) as error:
            raise Invalid("url", f"like {DATA_URL}", url) from error

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Give the answers to a query page by page, as JSON objects.

        Raises:
            Unauthenticated: If the keys are not taken.
            NotFound, Rejected: If Alpaca says no.
            Unavailable: If it did not answer, however often it was asked.
        """
        token: str | None = None
        while True:
            more = {} if token is None else {"page_token": token}
            page = self._ask(path, {**query, **more})
            yield page
            token = page.get("next_page_token")
            if not token:
                return

    def _ask(self, path: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        pause_s, reason = _FIRST_PAUSE_S, ""
        for attempt in range(_ATTEMPTS):
            if self._wait_s:
                self._sleep(self._wait_s)
                self._wait_s = 0.0
            try:
                answer = self._client.get(path, params=dict(query))
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                self._heed(answer)
                if answer.status_code == httpx.codes.OK:
                    return _object(answer)
                if (
                    answer.status_code != httpx.codes.TOO_MANY_REQUESTS
                    and not answer.is_server_error
                ):
                    raise _refusal(answer, path)
                reason = f"it answered {answer.status_code}"
            if attempt < _ATTEMPTS - 1:
                self._wait_s = max(self._wait_s, pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        raise Unavailable(SERVICE, f"{reason}; asked {_ATTEMPTS} times")

    def _heed(self, answer: httpx.Response) -> None:
        """Note how long to wait before the next request, by what the headers say."""
        after = answer.headers.get("retry-after", "")
        reset = answer.headers.get("x-ratelimit-reset", "")
        is_spent = answer.headers.get("x-ratelimit-remaining") == "0"
        if after.isdigit():
            self._wait_s = float(after)
        elif reset.isdigit() and (is_spent or answer.status_code == 429):
            self._wait_s = float(reset) - self._unix_s()
        self._wait_s = min(max(self._wait_s, 0.0), _LONGEST_PAUSE_S)


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise Unavailable(SERVICE, "its answer is no JSON") from error
    if not isinstance(found, dict):
        raise Unavailable(SERVICE, "its answer is no JSON object")
    return found


def _refusal(answer: httpx.Response, path: str) -> Rejected:
    message = answer.text[:300].strip() or f"it answered {answer.status_code}"
    if answer.status_code in (401, 403):
        return Unauthenticated(f"Alpaca does not take these keys, or not for this: {message}")
    if answer.status_code == 404:
        return NotFound("page of Alpaca", path, message)
    return Rejected(f"Alpaca said no: {message}", status=answer.status_code)
