"""The edge of every app: the body limit, the correlation id, and the headers of each answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from algotrendy.kernel.errors import Conflict
from algotrendy.platform import problems
from algotrendy.platform.edge import add_answer_headers
from algotrendy.platform.http import create_app
from algotrendy.platform.settings import reset_settings
from algotrendy.platform.telemetry import HEADER, correlation_id
from fakes.app_client import AppClient

LIMIT = 1000


class Order(BaseModel):
    symbol: str
    quantity: int


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("ALGOTRENDY_MAX_BODY_BYTES", str(LIMIT))
    reset_settings()
    made = create_app("Orders", "trading")

    @made.post("/v1/orders")
    def order(order: Order) -> dict[str, str]:
        return {"symbol": order.symbol, "correlation_id": correlation_id()}

    @made.get("/v1/crash")
    def crash() -> None:
        raise RuntimeError("it broke")

    @made.get("/v1/cached")
    def cached() -> Any:
        return problems.json_response({}, headers={"cache-control": "max-age=60"})

    return made


@pytest.fixture
def client(app: FastAPI) -> AppClient:
    return AppClient(app)


def body_of(size: int) -> bytes:
    frame = json.dumps({"symbol": "", "quantity": 1}).encode()
    return frame.replace(b'""', b'"' + b"A" * (size - len(frame)) + b'"')


def chunks_of(data: bytes, size: int = 64) -> AsyncIterator[bytes]:
    async def generate() -> AsyncIterator[bytes]:
        for at in range(0, len(data), size):
            yield data[at : at + size]

    return generate()


JSON = {"content-type": "application/json"}


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not(client: AppClient) -> None:
    assert client.post("/v1/orders", content=body_of(LIMIT), headers=JSON).status_code == 200
    answer = client.post("/v1/orders", content=body_of(LIMIT + 1), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["limit_bytes"] == LIMIT
    assert answer.json()["actual_bytes"] == LIMIT + 1


def test_a_body_in_chunks_without_a_length_is_stopped_at_the_limit(client: AppClient) -> None:
    taken = client.post("/v1/orders", content=chunks_of(body_of(LIMIT)), headers=JSON)
    assert taken.status_code == 200
    answer = client.post("/v1/orders", content=chunks_of(body_of(LIMIT + 1)), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["actual_bytes"] is None


@pytest.mark.parametrize("announced", ["5", "-1", "many", "0x10", "9" * 5000])
def test_a_body_that_lies_about_its_length_is_stopped_all_the_same(
    client: AppClient, announced: str
) -> None:
    headers = {**JSON, "content-length": announced}
    answer = client.post("/v1/orders", content=chunks_of(body_of(LIMIT + 1)), headers=headers)
    assert answer.status_code == 413


def test_no_more_is_read_than_the_limit(app: FastAPI) -> None:
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 100

    answer = AppClient(app).post("/v1/orders", content=endless(), headers=JSON)
    assert answer.status_code == 413
    assert len(read) <= LIMIT // 100 + 1


def test_a_caller_who_leaves_in_the_middle_gets_no_answer(app: FastAPI) -> None:
    incoming: Iterator[dict[str, Any]] = iter(
        [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/orders", "headers": []}
    asyncio.run(app(scope, receive, send))
    assert sent == []


def test_the_id_of_the_caller_is_used_and_echoed(client: AppClient) -> None:
    answer = client.post(
        "/v1/orders", json={"symbol": "A", "quantity": 1}, headers={HEADER: "mine-1"}
    )
    assert answer.json()["correlation_id"] == "mine-1"
    assert answer.headers.get_list(HEADER) == ["mine-1"]


def test_each_request_without_an_id_gets_its_own(client: AppClient) -> None:
    first, second = (client.get("/trading/health").headers[HEADER] for _ in range(2))
    assert first != second


@given(st.binary(min_size=1, max_size=200))
def test_no_header_of_a_caller_can_put_anything_into_an_answer(value: bytes) -> None:
    app = create_app("T", "t")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/t/health",
        "raw_path": b"/t/health",
        "query_string": b"",
        "headers": [(b"x-correlation-id", value)],
    }
    asyncio.run(app(scope, receive, send))
    (echoed,) = [data for name, data in sent[0]["headers"] if name == b"x-correlation-id"]
    allowed = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:=;-"
    assert set(echoed) <= set(allowed)
    assert sent[0]["status"] == 200


def test_every_answer_has_the_headers_that_protect_a_browser(client: AppClient) -> None:
    for path in ("/trading/health", "/v1/nothing", "/v1/crash"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "max-age=" in headers["strict-transport-security"]


def test_a_route_may_say_otherwise(client: AppClient) -> None:
    assert client.get("/v1/cached").headers.get_list("cache-control") == ["max-age=60"]


def test_every_request_leaves_one_line_without_its_query(
    client: AppClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/v1/cached?token=hunter2", headers={HEADER: "c-1"})
    output = capsys.readouterr().err
    lines = [json.loads(text) for text in output.splitlines()]
    (line,) = [each for each in lines if each["message"] != "span"]
    assert "hunter2" not in output
    assert {name: line[name] for name in ("message", "method", "path", "status")} == {
        "message": "request",
        "method": "GET",
        "path": "/v1/cached",
        "status": 200,
    }
    assert line["correlation_id"] == "c-1"
    assert line["duration_ms"] >= 0
    assert line["response_bytes"] == 2


def test_a_body_of_ten_megabytes_is_refused_whatever_it_says_of_itself(client: AppClient) -> None:
    body = b"[" * 10_000_000
    for content in (body, chunks_of(body, 65_536)):
        answer = client.post("/v1/orders", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    "name", ["content-type", "content-length", "idempotency-key", "Idempotency-Key"]
)
def test_a_header_that_says_one_thing_is_refused_where_it_comes_twice(
    client: AppClient, name: str
) -> None:
    headers = [(name, "2"), (name, "2")]
    answer = client.post("/v1/orders", content=b"{}", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == name.lower()


@pytest.mark.parametrize("path", ["/v1/cached?who=a%00b", "/v1/%00"])
def test_a_nul_is_refused_before_anybody_reads_it(client: AppClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_header_that_would_become_two_is_left_out(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    @app.get("/v1/echo")
    def echo() -> Any:
        found = problems.json_response({})
        found.raw_headers.append((b"location", b"/v1/x\r\nset-cookie: a=b"))
        found.raw_headers.append((b"x-fine", b"yes"))
        return found

    answer = AppClient(app).get("/v1/echo")
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-fine"] == "yes"
    assert "a header was left out" in capsys.readouterr().err


def test_headers_that_belong_to_a_request_are_on_every_answer_to_it(app: FastAPI) -> None:
    @app.get("/v1/marked")
    def marked(request: Request, how: str) -> Any:
        add_answer_headers(request.scope, {"x-mark": how})
        if how == "crash":
            raise RuntimeError("it broke")
        if how == "refusal":
            raise Conflict("no")
        return problems.json_response({}) if how == "response" else {}

    client = AppClient(app)
    for how in ("plain", "response", "refusal", "crash"):
        assert client.get(f"/v1/marked?how={how}").headers["x-mark"] == how
    assert "x-mark" not in client.get("/v1/cached").headers


def test_no_page_of_another_origin_may_read_an_answer(client: AppClient) -> None:
    # The gateway alone answers for origins, from a list that is empty by default.
    for method in ("OPTIONS", "GET"):
        headers = {"origin": "https://evil.test", "access-control-request-method": "GET"}
        answer = client.request(method, "/v1/cached", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
