"""Call the deployed API as the person who is signed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

import httpx

from algotrendy.kernel.errors import (
    AlgoTrendyError,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)

TIMEOUT_S = 35.0
# Something that has answered comes back; something that never has may not be there at all.
_PATIENCE_S, _FIRST_PATIENCE_S = 60.0, 5.0
_LONGEST_PAUSE_S = 3.0
# What a gateway or a service that is just coming back answers; safe to ask again.
_PASSING = {429, 500, 502, 503, 504}
# What is said in the message, or says nothing to a person.
_STANDARD = {"type", "title", "detail", "code", "errors", "message"}


class Refused(Rejected):
    """Says that the API refused the request; the message is its problem document's detail.

    The facts are the status, the correlation id, and what else the document says, such as
    ``breaches``.
    """

    code = "refused"


class ApiClient:
    """Speaks with the API. Every request can be sent again: reads, and writes that bear a key.

    Args:
        base_url: Where the API stands, with any path that it stands under.
        access_token: Gives a token that counts; asked before each request.
        sleep: Waits that many seconds before a request is sent again.
        monotonic: Tells how long it has been tried, in seconds.
    """

    def __init__(
        self,
        base_url: str,
        access_token: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._access_token = access_token
        self._sleep = sleep
        self._monotonic = monotonic
        self._has_answered = False
        self._http = httpx.Client(timeout=TIMEOUT_S, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: str | list[str]) -> Any:
        """Read ``path``; give the JSON body. A list says its name once for each of its words."""
        return self._patiently("GET", self._base + path, params=params).json()

    def put(self, path: str, body: object, **params: str) -> Any:
        """Put what is to be so, however often it is said; give the JSON body."""
        return self._patiently("PUT", self._base + path, json=body, params=params).json()

    def patch(self, path: str, body: object, idempotency_key: str) -> Any:
        """Change something under an idempotency key; give the JSON body."""
        headers = {"Idempotency-Key": idempotency_key}
        return self._patiently("PATCH", self._base + path, json=body, headers=headers).json()

    def delete(self, path: str, **params: str) -> Any:
        """Ask for an end, which is the same asked twice; give the JSON body."""
        return self._patiently("DELETE", self._base + path, params=params).json()

    def post(self, path: str, body: object, idempotency_key: str) -> Any:
        """Post under an idempotency key, so that sending it again is safe; give the JSON body."""
        headers = {"Idempotency-Key": idempotency_key}
        return self._patiently("POST", self._base + path, json=body, headers=headers).json()

    def download(self, url: str) -> bytes:
        """Read a signed address; it is its own permission, and gets no token."""
        return self._patiently("GET", url, signed=True).content

    def _patiently(
        self, method: str, url: str, *, signed: bool = False, **request: Any
    ) -> httpx.Response:
        started, pause_s = self._monotonic(), 0.2
        while True:
            try:
                return self._once(method, url, signed=signed, **request)
            except Unavailable:
                patience_s = _PATIENCE_S if self._has_answered else _FIRST_PATIENCE_S
                if self._monotonic() + pause_s > started + patience_s:
                    raise
            self._sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _once(self, method: str, url: str, *, signed: bool, **request: Any) -> httpx.Response:
        headers = dict(request.pop("headers", {}))
        if not signed:
            headers["Authorization"] = f"Bearer {self._access_token()}"
        try:
            response = self._http.request(method, url, headers=headers, **request)
        except httpx.TransportError as error:
            reason = f"{self._base} does not answer ({error}); see `algotrendy status`"
            raise Unavailable("API", reason) from error
        self._has_answered = True
        if response.is_success:
            return response
        raise _error(response)


def _error(response: httpx.Response) -> AlgoTrendyError:
    try:
        problem = response.json()
        detail, errors = str(problem["detail"]), problem.get("errors") or []
        facts = {name: fact for name, fact in problem.items() if name not in _STANDARD}
    except (ValueError, KeyError, TypeError):
        detail, errors, facts = response.reason_phrase or "no reason given", [], {}
    if response.status_code in _PASSING:
        return Unavailable("API", f"{response.status_code}: {detail}")
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return Unauthenticated(f"{detail}; run `algotrendy login`")
    if response.status_code == httpx.codes.NOT_FOUND:
        return _missing(response, facts, detail)
    wrong = "; ".join(
        f"{each['field']} must be {each['expected']}"
        for each in errors
        if isinstance(each, dict) and {"field", "expected"} <= each.keys()
    )
    message = f"{detail} ({wrong})" if wrong and wrong not in detail else detail
    return Refused(message, **(facts | {"status": response.status_code}))


def _missing(response: httpx.Response, facts: dict[str, Any], detail: str) -> NotFound:
    kind, key = facts.get("kind"), facts.get("key")
    if not isinstance(kind, str) or not isinstance(key, str):
        return NotFound("address", response.request.url.path, detail)
    hint = detail.removeprefix(f"{kind} {key} was not found").removeprefix("; ")
    return NotFound(kind, key, hint)
