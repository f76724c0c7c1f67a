"""Ask the API with typed requests, and get typed answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from uuid import uuid4

import httpx
from pydantic import TypeAdapter, ValidationError

from algotrendy.client.errors import NotUnderstood
from algotrendy.client.operations import Operations
from algotrendy.client.sending import PATIENCE_S, TIMEOUT_S, Sender, Waiting, query_of
from algotrendy.client.values import Request

T = TypeVar("T")


class Client(Operations):
    """Calls the API as a person, a machine or a script; it may be shared between threads.

    A request is sent again where that cannot do anything twice: reads, and whatever bears an
    idempotency key, which is made here where none is given. Only the fields that were set are
    sent.

    Args:
        base_url: Where the API stands, as `algotrendy status` prints it.
        credential: An API key or an access token, or what gives one that counts.
        timeout_s: How long one request may take.
        patience_s: How long a request is sent again in all, Retry-After included.
        transport: Other than the network.
        waiting: How time passes.
        new_key: Makes an idempotency key.
    """

    def __init__(
        self,
        base_url: str,
        credential: str | Callable[[], str],
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
        waiting: Waiting | None = None,
        new_key: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        given = credential if callable(credential) else lambda: credential
        self._sender = Sender(
            base_url,
            given,
            timeout_s=timeout_s,
            patience_s=patience_s,
            transport=transport,
            waiting=waiting,
        )
        self._new_key = new_key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._sender.close()

    def call(
        self,
        method: str,
        path: str,
        answer: type[T] | Any,
        *,
        query: Mapping[str, object] | None = None,
        body: Request | None = None,
        keyed: bool = False,
        idempotency_key: str | None = None,
    ) -> T:
        """Send a request, again where that is safe, and read its answer.

        Raises:
            ApiError: See ``algotrendy.client.errors``.
        """
        headers = {"accept": "application/json"}
        if keyed:
            headers["idempotency-key"] = idempotency_key or self._new_key()
        response = self._sender.send(
            method,
            path,
            query=query_of(query or {}),
            content=None if body is None else body.model_dump_json(exclude_unset=True).encode(),
            headers=headers,
        )
        if answer is None:
            return None  # type: ignore[return-value]
        try:
            found: T = _reader(cast("Any", answer)).validate_json(response.content)
        except ValidationError as error:
            raise NotUnderstood(
                f"{method} {path} answered what is not so promised: {error}"
            ) from error
        return found

    def fetch(self, path: str, media_type: str, query: Mapping[str, object]) -> bytes:
        """Read an answer in another form than JSON, as it came."""
        headers = {"accept": media_type}
        return self._sender.send("GET", path, query=query_of(query), headers=headers).content

    def download(self, url: str) -> bytes:
        """Read an address that an answer links to; it is its own permission."""
        return self._sender.download(url)


@cache
def _reader(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
