"""Answer with no body where the caller has it already, and with a smaller one where they take it.

Only what was made whole passes through here: nothing of ours is sent piece by piece.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORTH_BYTES: Final = 1024
_LEVEL: Final = 6
_ROUTES: Final = "/v1/"
_JSON: Final = "application/json"
_TEXTS: Final = ("text/", _JSON, "application/problem+json", "application/vnd.apache.arrow")
# What a 304 would say of the body that it does not have.
_OF_THE_BODY: Final = ("content-length", "content-type", "content-encoding")


class Negotiated:
    """Gives JSON of a GET an ETag, answers If-None-Match, and compresses for who takes gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; what is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await _send(send, scope, start, bytes(body))

        await self._app(scope, receive, gather)


async def _send(send: Send, scope: Scope, start: Message, body: bytes) -> None:
    headers = MutableHeaders(raw=list(start.get("headers", ())))
    asked = MutableHeaders(raw=list(scope["headers"]))
    status = start["status"]
    if scope["method"] == "GET" and status == 200:
        if scope["path"].startswith(_ROUTES):  # a probe is as old as its answer
            _mark(headers, body)
        tag = headers.get("etag")
        if tag is not None and _has(asked.getlist("if-none-match"), tag):
            status, body = 304, b""
            for name in _OF_THE_BODY:
                del headers[name]
    if _is_worth_it(headers, body):
        headers.add_vary_header("Accept-Encoding")
        if takes_gzip(asked.getlist("accept-encoding")):
            # Without a time in it: the same body is the same bytes.
            body = gzip.compress(body, _LEVEL, mtime=0)
            headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
            _weaken(headers)
    await send({**start, "status": status, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def takes_gzip(accepted: Sequence[str]) -> bool:
    """Say whether a caller takes gzip: named, or meant by ``*``, and not with a weight of zero."""
    weights: dict[str, float] = {}
    for item in ",".join(accepted).lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        given = [text[2:] for text in parameters if text.startswith("q=")]
        try:
            weights[name] = float(given[0]) if given else 1.0
        except ValueError:
            weights[name] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _mark(headers: MutableHeaders, body: bytes) -> None:
    if "etag" in headers or "cache-control" in headers:
        return
    if headers.get("content-type", "").partition(";")[0] != _JSON:
        return
    headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    # Kept by nobody but the caller, and asked about each time.
    headers["cache-control"] = "private, no-cache"
    headers.add_vary_header("Authorization")


def _has(if_none_match: Sequence[str], tag: str) -> bool:
    known = [item.strip() for value in if_none_match for item in value.split(",")]
    # RFC 9110, 13.1.2: this comparison is the weak one.
    return any(item == "*" or _opaque(item) == _opaque(tag) for item in known)


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")


def _weaken(headers: MutableHeaders) -> None:
    # A strong ETag names bytes, and these are others now.
    tag = headers.get("etag")
    if tag is not None and not tag.startswith("W/"):
        headers["etag"] = f"W/{tag}"


def _is_worth_it(headers: MutableHeaders, body: bytes) -> bool:
    return (
        len(body) >= WORTH_BYTES
        and "content-encoding" not in headers
        and headers.get("content-type", "").startswith(_TEXTS)
    )
