"""Answer GET and HEAD on a few paths over HTTP/1.1: nothing that a service is for depends on it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

_READ_TIMEOUT_S = 2.0
_WRITE_TIMEOUT_S = 5.0
_LONGEST_LINE = 4096
_MOST_LINES = 100
_METHODS = ("GET", "HEAD")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Is what goes out: a status, a body and its type."""

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[], Answer]


def json_answer(body: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Give a JSON answer."""
    text = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return Answer(text.encode(), "application/json", status)


async def serve_answers(
    routes: Mapping[str, Route], port: int, host: str = "127.0.0.1"
) -> asyncio.Server:
    """Listen; close what is given back in the end.

    Args:
        routes: By path; each is called on the loop, and so must not wait.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
            method, path = await _read(reader)
            async with asyncio.timeout(_WRITE_TIMEOUT_S):
                writer.write(_encoded(_answered(routes, method, path), with_body=method != "HEAD"))
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return await asyncio.start_server(answer, host=host, port=port, limit=_LONGEST_LINE)


async def _read(reader: asyncio.StreamReader) -> tuple[str, str]:
    async with asyncio.timeout(_READ_TIMEOUT_S):
        request = (await reader.readline()).decode("latin-1")
        for _ in range(_MOST_LINES):
            if not (await reader.readline()).strip():
                break
    method, path, *_ = [*request.split(), "", ""]
    return method, path.partition("?")[0]


def _answered(routes: Mapping[str, Route], method: str, path: str) -> Answer:
    if method not in _METHODS:
        allowed = {"Allow": ", ".join(_METHODS)}
        return Answer(b"", "text/plain", HTTPStatus.METHOD_NOT_ALLOWED, allowed)
    route = routes.get(path)
    if route is None:
        known = {"error": "not found", "paths": sorted(routes)}
        return json_answer(known, HTTPStatus.NOT_FOUND)
    try:
        return route()
    # The outermost handler: who asks how a service is must not end it.
    except Exception:
        _logger.exception("no answer for %s", path)
        return json_answer({"error": "internal"}, HTTPStatus.INTERNAL_SERVER_ERROR)


def _encoded(answer: Answer, *, with_body: bool) -> bytes:
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        **_HEADERS,
        **answer.headers,
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + answer.body if with_body else head
