"""The small server that says how a service is."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

import pytest

from services.answers import Answer, json_answer, serve_answers


def broken() -> Answer:
    raise RuntimeError("the secret of the house")


ROUTES = {
    "/ready": lambda: json_answer({"ready": False}, HTTPStatus.SERVICE_UNAVAILABLE),
    "/metrics": lambda: Answer(b"up 1\n", "text/plain; version=0.0.4"),
    "/broken": broken,
}


async def said(request: bytes) -> tuple[bytes, bytes]:
    server = await serve_answers(ROUTES, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        whole = await reader.read()
        writer.close()
        await writer.wait_closed()
    head, _, body = whole.partition(b"\r\n\r\n")
    return head, body


def ask(request: str) -> tuple[bytes, bytes]:
    return asyncio.run(said(request.encode("latin-1")))


def test_a_path_is_answered_whatever_its_query_and_told_not_to_be_kept() -> None:
    head, body = ask("GET /ready?now=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable")
    assert b"Cache-Control: no-store" in head
    assert json.loads(body) == {"ready": False}
    assert ask("GET /metrics HTTP/1.1\r\n\r\n")[1] == b"up 1\n"


def test_head_has_the_length_and_no_body() -> None:
    head, body = ask("HEAD /metrics HTTP/1.1\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert body == b""


def test_other_paths_and_methods_are_refused() -> None:
    assert ask("GET /else HTTP/1.1\r\n\r\n")[0].startswith(b"HTTP/1.1 404")
    refused, _ = ask("POST /ready HTTP/1.1\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 405")
    assert b"Allow: GET, HEAD" in refused


def test_what_is_broken_says_nothing_of_the_house() -> None:
    head, body = ask("GET /broken HTTP/1.1\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500")
    assert json.loads(body) == {"error": "internal"}


@pytest.mark.parametrize("request_", ["\r\n\r\n", "nonsense\r\n\r\n", "G" * 9000 + "\r\n\r\n"])
def test_nonsense_does_not_end_the_server(request_: str) -> None:
    head, _ = ask(request_)
    assert head == b"" or head.startswith(b"HTTP/1.1 405")
