"""Call the deployed API as the person who is signed in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from algotrendy.client import errors
from algotrendy.client.sending import Sender, Waiting, query_of
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)

_PASSING = {429, 500, 502, 503, 504}


class Refused(Rejected):
    """Says that the API refused the request; the message is its problem document's detail.

    The facts are the status, the correlation id, and what else the document says, such as
    ``breaches``.
    """

    code = "refused"


class ApiClient:
    """Speaks JSON with the API, as ``algotrendy.client`` sends it; its errors become the kernel's.

    Every request can be sent again: reads, and writes that bear a key.

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
        waiting = Waiting(sleep, monotonic)
        self._sender = Sender(base_url, access_token, transport=transport, waiting=waiting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sender.close()

    def get(self, path: str, **params: str | list[str]) -> Any:
        """Read ``path``; give the JSON body. A list says its name once for each of its words."""
        return self._json("GET", path, params)

    def put(self, path: str, body: object, **params: str) -> Any:
        """Put what is to be so, however often it is said; give the JSON body."""
        return self._json("PUT", path, params, body)

    def patch(self, path: str, body: object, idempotency_key: str) -> Any:
        """Change something under an idempotency key; give the JSON body."""
        return self._json("PATCH", path, {}, body, idempotency_key)

    def delete(self, path: str, **params: str) -> Any:
        """Ask for an end, which is the same asked twice; give the JSON body."""
        return self._json("DELETE", path, params)

    def post(self, path: str, body: object, idempotency_key: str) -> Any:
        """Post under an idempotency key, so that sending it again is safe; give the JSON body."""
        return self._json("POST", path, {}, body, idempotency_key)

    def download(self, url: str) -> bytes:
        """Read a signed address; it is its own permission, and gets no token."""
        with _told():
            return self._sender.download(url)

    def _json(
        self,
        method: str,
        path: str,
        params: Mapping[str, object],
        body: object = None,
        idempotency_key: str | None = None,
    ) -> Any:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
        with _told():
            answer = self._sender.send(
                method, path, query=query_of(params), content=content, headers=headers
            )
        return answer.json()


@contextmanager
def _told() -> Iterator[None]:
    """Raise what the client says as one of the kernel's errors, with what a person can do."""
    try:
        yield
    except errors.NoAnswer as error:
        raise Unavailable("API", f"{error}; see `algotrendy status`") from error
    except errors.ProblemError as error:
        raise _error(error) from error


def _error(found: errors.ProblemError) -> AlgoTrendyError:
    if found.status in _PASSING:
        return Unavailable("API", f"{found.status}: {found.detail}", found.retry_after_s)
    if isinstance(found, errors.NotSignedIn):
        return Unauthenticated(f"{found.detail}; run `algotrendy login`")
    if found.status == httpx.codes.FORBIDDEN and not found.is_of_the_api:
        # The gateway's one word for a credential that proves nothing to it.
        return Unauthenticated("the gateway does not know the credential; run `algotrendy login`")
    if isinstance(found, errors.NotFound):
        return _missing(found)
    wrong = "; ".join(
        f"{each['field']} must be {each['expected']}"
        for each in found.errors
        if isinstance(each, dict) and {"field", "expected"} <= each.keys()
    )
    detail = found.detail
    message = f"{detail} ({wrong})" if wrong and wrong not in detail else detail
    known = {} if found.correlation_id is None else {"correlation_id": found.correlation_id}
    return Refused(message, **(known | found.facts | {"status": found.status}))


def _missing(found: errors.ProblemError) -> NotFound:
    kind, key = found.facts.get("kind"), found.facts.get("key")
    if not isinstance(kind, str) or not isinstance(key, str):
        return NotFound("address", found.path, found.detail)
    hint = found.detail.removeprefix(f"{kind} {key} was not found").removeprefix("; ")
    return NotFound(kind, key, hint)
