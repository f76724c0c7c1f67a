"""The Lambda handler answers the events of an HTTP API."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from algotrendy.identity import wiring as identity_wiring
from algotrendy.market_data import wiring
from algotrendy.platform.cache import Cache, NoCache
from algotrendy.platform.settings import reset_settings
from fakes.functions import Context, load_handler
from fakes.identity import CLIENT_ID, ISSUER


def event(path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "GET /v1/bars/{symbol+}",
        "rawPath": path,
        "rawQueryString": "limit=5",
        "headers": {"host": "api.test", **(headers or {})},
        "requestContext": {
            "http": {"method": "GET", "path": path, "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


def body(answer: dict[str, Any]) -> Any:
    text = answer["body"]
    return json.loads(base64.b64decode(text) if answer["isBase64Encoded"] else text)


@pytest.fixture
def handler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lambda_event_loop: None
) -> Iterator[Any]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("ALGOTRENDY_TOKEN_ISSUER", ISSUER)
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("ALGOTRENDY_TOKEN_JWKS_URL", f"{ISSUER}/keys")
    built = (identity_wiring.verifier, wiring.bar_store, wiring.page_cache)
    for build in built:
        build.cache_clear()
    yield load_handler("market_data", "api")
    for build in built:
        build.cache_clear()


def test_the_handler_is_alive(handler: Any) -> None:
    assert handler(event("/market_data/health"), Context())["statusCode"] == 200


def test_the_handler_is_ready_with_a_lake_that_answers_even_an_empty_one(handler: Any) -> None:
    answer = handler(event("/market_data/ready"), Context())
    assert answer["statusCode"] == 200
    assert body(answer)["checks"]["lake"]["ok"] is True


@pytest.mark.parametrize("path", ["/v1/bars/AAPL", "/v1/bars/BTC/USD", "/v1/symbols"])
def test_without_a_token_the_handler_asks_for_one(handler: Any, path: str) -> None:
    answer = handler(event(path, {"x-correlation-id": "of-the-caller"}), Context())
    assert answer["statusCode"] == 401
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert answer["headers"]["x-correlation-id"] == "of-the-caller"
    assert body(answer)["code"] == "unauthenticated"


def test_without_a_cache_pages_are_made_each_time(handler: Any) -> None:
    assert isinstance(wiring.page_cache(), NoCache)


def test_with_a_cache_pages_of_another_lake_are_never_found(
    handler: Any, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALGOTRENDY_CACHE_URL", valkey_url)

    def cache(lake: str) -> Cache:
        monkeypatch.setenv("ALGOTRENDY_LAKE_URL", lake)
        reset_settings()
        wiring.page_cache.cache_clear()
        return wiring.page_cache()

    cache("file:///one").set("key", b"of one", 60)
    assert cache("file:///one").get("key") == b"of one"
    assert cache("file:///two").get("key") is None
