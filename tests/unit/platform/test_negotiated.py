"""ETags, If-None-Match and gzip of every app, also through a Lambda."""

from __future__ import annotations

import base64
import gzip
import json
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Response

from algotrendy.platform.http import create_app, lambda_handler
from algotrendy.platform.negotiated import takes_gzip
from fakes.app_client import AppClient

LONG = ["AAPL"] * 1000


@pytest.fixture(scope="module")
def app() -> FastAPI:
    made = create_app("Lists", "lists")
    values = {"n": 0}

    @made.get("/v1/long")
    def long() -> list[str]:
        return LONG

    @made.get("/v1/short")
    def short() -> list[str]:
        return ["AAPL"]

    @made.get("/v1/counter")
    def counter() -> dict[str, int]:
        values["n"] += 1
        return values

    @made.post("/v1/long")
    def post_long() -> list[str]:
        return LONG

    @made.get("/v1/own")
    def own() -> Response:
        headers = {"etag": '"mine"', "cache-control": "private, max-age=60"}
        return Response(b"x" * 5000, headers=headers, media_type="text/csv")

    @made.get("/v1/secret")
    def secret() -> Response:
        return Response(b"{}", headers={"cache-control": "no-store"}, media_type="application/json")

    @made.get("/v1/picture")
    def picture() -> Response:
        return Response(b"\x89PNG" * 1000, media_type="image/png")

    return made


@pytest.fixture
def client(app: FastAPI) -> AppClient:
    return AppClient(app, {"accept-encoding": "identity"})


def test_who_has_an_answer_already_gets_no_body_again(client: AppClient) -> None:
    first = client.get("/v1/short")
    assert first.headers["etag"].startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    again = client.get("/v1/short", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-type" not in again.headers
    assert "x-correlation-id" in again.headers


@pytest.mark.parametrize("known", ['"other", {tag}', "*", "{strong}"])
def test_one_of_several_known_answers_is_enough(client: AppClient, known: str) -> None:
    tag = client.get("/v1/short").headers["etag"]
    asked = known.format(tag=tag, strong=tag.removeprefix("W/"))
    assert client.get("/v1/short", headers={"if-none-match": asked}).status_code == 304


def test_what_has_changed_since_is_sent(client: AppClient) -> None:
    tag = client.get("/v1/counter").headers["etag"]
    answer = client.get("/v1/counter", headers={"if-none-match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag


@pytest.mark.parametrize("path", ["/v1/secret", "/v1/nothing", "/lists/health"])
def test_what_is_not_to_be_kept_has_no_etag(client: AppClient, path: str) -> None:
    answer = client.get(path, headers={"if-none-match": "*"})
    assert answer.status_code != 304
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def test_a_post_has_no_etag(client: AppClient) -> None:
    answer = client.post("/v1/long", headers={"if-none-match": "*"})
    assert (answer.status_code, answer.json()) == (200, LONG)
    assert "etag" not in answer.headers


def test_a_long_answer_is_compressed_for_who_takes_it(app: FastAPI, client: AppClient) -> None:
    plain = client.get("/v1/long")
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["vary"]
    small = AppClient(app, {"accept-encoding": "br, gzip;q=0.5"}).get("/v1/long")
    assert small.headers["content-encoding"] == "gzip"
    assert small.json() == plain.json() == LONG
    assert int(small.headers["content-length"]) < len(plain.content) / 10
    assert small.headers["etag"] == plain.headers["etag"]


def test_what_is_short_or_a_picture_is_sent_as_it_is(app: FastAPI) -> None:
    client = AppClient(app, {"accept-encoding": "gzip"})
    for path in ("/v1/short", "/v1/picture"):
        assert "content-encoding" not in client.get(path).headers


def test_a_routes_own_etag_is_kept_and_made_weak_where_bytes_change(
    app: FastAPI, client: AppClient
) -> None:
    plain = client.get("/v1/own").headers
    assert (plain["etag"], plain["cache-control"]) == ('"mine"', "private, max-age=60")
    zipped = AppClient(app, {"accept-encoding": "gzip"}).get("/v1/own").headers
    assert zipped["etag"] == 'W/"mine"'
    answer = client.get("/v1/own", headers={"if-none-match": zipped["etag"]})
    assert answer.status_code == 304


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([], False),
        (["gzip"], True),
        (["GZIP"], True),
        (["br, *"], True),
        (["gzip;q=0, *"], False),
        (["*;q=0"], False),
        (["identity", "gzip;q=0.1"], True),
        (["gzip;q=lots"], False),
    ],
)
def test_a_caller_says_whether_they_take_gzip(accepted: list[str], expected: bool) -> None:
    assert takes_gzip(accepted) is expected


def test_a_lambda_sends_a_compressed_body_as_base64(app: FastAPI, lambda_event_loop: None) -> None:
    context = SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=128,
        invoked_function_arn="arn",
        aws_request_id="r",
        tenant_id=None,
    )
    event: Any = {
        "version": "2.0",
        "rawPath": "/v1/long",
        "rawQueryString": "",
        "headers": {"accept-encoding": "gzip"},
        "requestContext": {
            "http": {"method": "GET", "path": "/v1/long", "sourceIp": "1.2.3.4"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    answer = lambda_handler(app)(event, context)
    assert answer["isBase64Encoded"] is True
    assert answer["headers"]["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(base64.b64decode(answer["body"]))) == LONG
