"""The deployed API over HTTP: gateway, tokens, errors, limits, pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from fakes.identity import assembled, signed
from fixtures.platform import PASSWORD, Platform

pytestmark = pytest.mark.platform

PROTECTED = ("/v1/bars/AAPL", "/v1/symbols", "/v1/sweeps", "/v1/orders?account=paper")


@pytest.fixture(scope="module")
def ada(platform: Platform) -> str:
    return platform.token("ada")


@pytest.fixture(scope="module")
def http(platform: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.api_url, timeout=40) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("capability", ["market_data", "backtest", "operations", "trading"])
def test_every_capability_is_alive_and_ready(http: httpx.Client, capability: str) -> None:
    assert http.get(f"/{capability}/health").json() == {"status": "alive"}
    ready = http.get(f"/{capability}/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


@pytest.mark.parametrize("path", PROTECTED)
def test_no_route_answers_without_a_good_token(http: httpx.Client, ada: str, path: str) -> None:
    claims = jwt.decode(ada, options={"verify_signature": False})
    header = jwt.get_unverified_header(ada)
    tokens = {
        "none": None,
        "garbage": "garbage",
        "tampered": ada[:-8] + "AAAAAAAA",
        "unsigned": assembled({**header, "alg": "none"}, claims),
        "another key": signed(claims, key_id=header["kid"], number=9),
        "expired and forged": signed({**claims, "exp": 1}, key_id=header["kid"], number=9),
    }
    answers = {
        name: http.get(path, headers={} if token is None else bearer(token)).status_code
        for name, token in tokens.items()
    }
    # The gateway knows no other answer for what proves nothing: docs/identity.md.
    assert answers == {**dict.fromkeys(tokens, 403), "none": 401}


def test_an_identity_token_is_no_access_token(platform: Platform, http: httpx.Client) -> None:
    cognito = platform.aws("cognito-idp")
    pool = next(iter(cognito.list_user_pools(MaxResults=10)["UserPools"]))["Id"]
    clients = cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    names = {client["ClientName"]: client["ClientId"] for client in clients}
    tokens = cognito.initiate_auth(
        ClientId=names["algotrendy-local-cli"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    assert http.get("/v1/symbols", headers=bearer(tokens["AccessToken"])).status_code == 200
    assert http.get("/v1/symbols", headers=bearer(tokens["IdToken"])).status_code == 403


def test_bars_are_paged_and_cached_by_etag(http: httpx.Client, ada: str) -> None:
    query = {"start": "2013-01-01", "end": "2013-01-31", "limit": "15"}
    first = http.get("/v1/bars/AAPL", params=query, headers=bearer(ada))
    page = first.json()
    again = {**bearer(ada), "If-None-Match": first.headers["etag"]}
    assert http.get("/v1/bars/AAPL", params=query, headers=again).status_code == 304
    rest = http.get(
        "/v1/bars/AAPL", params={**query, "cursor": page["next_cursor"]}, headers=bearer(ada)
    ).json()
    assert (len(page["bars"]), len(rest["bars"]), rest["next_cursor"]) == (15, 6, None)
    assert page["bars"][-1]["time"] < rest["bars"][0]["time"]


def test_a_split_is_adjusted_for_on_request(http: httpx.Client, ada: str) -> None:
    closes = {}
    for adjustment in ("raw", "all"):
        query = {"start": "2005-02-25", "end": "2005-02-28", "adjustment": adjustment}
        bars = http.get("/v1/bars/AAPL", params=query, headers=bearer(ada)).json()["bars"]
        closes[adjustment] = bars[1]["close"] / bars[0]["close"]
    assert closes["raw"] < 0.55, "two for one"
    assert 0.9 < closes["all"] < 1.1


def test_an_unknown_symbol_and_an_empty_range_say_what_there_is(
    http: httpx.Client, ada: str
) -> None:
    unknown = problem(http.get("/v1/bars/APPL", headers=bearer(ada)), 404)
    assert "AAPL" in unknown["detail"]
    answer = http.get("/v1/bars/AAPL", params={"start": "2031-01-01"}, headers=bearer(ada))
    empty = problem(answer, 422)
    assert empty["errors"][0]["field"] == "start"
    assert "2013-03-01" in empty["detail"]


def test_a_body_over_the_limit_is_refused(http: httpx.Client, ada: str) -> None:
    headers = {**bearer(ada), "Idempotency-Key": "big", "Content-Type": "application/json"}
    problem(http.post("/v1/sweeps", content=b" " * 300_000, headers=headers), 413)


def test_a_wrong_parameter_names_its_field(http: httpx.Client, ada: str) -> None:
    body = {
        "strategy": "sma_cross",
        "symbols": ["AAPL"],
        "start": "2005-01-01",
        "end": "2006-01-01",
        "parameters": {"fast": [-5]},
    }
    headers = {**bearer(ada), "Idempotency-Key": "wrong", "x-correlation-id": "e2e-wrong"}
    answer = http.post("/v1/sweeps", json=body, headers=headers)
    found = problem(answer, 422)
    assert [error["field"] for error in found["errors"]] == ["parameters.fast"]
    assert found["correlation_id"] == answer.headers["x-correlation-id"] == "e2e-wrong"


def test_a_viewer_may_not_ask_and_a_rival_may_not_look(
    platform: Platform, http: httpx.Client, ada: str
) -> None:
    body = {
        "strategy": "buy_and_hold",
        "symbols": ["IBM"],
        "start": "2005-01-01",
        "end": "2006-01-01",
    }
    vic, eve = platform.token("vic"), platform.token("eve")
    refused = {**bearer(vic), "Idempotency-Key": "mine"}
    problem(http.post("/v1/sweeps", json=body, headers=refused), 403)
    asked = http.post("/v1/sweeps", json=body, headers={**bearer(ada), "Idempotency-Key": "mine"})
    assert asked.status_code == 202, asked.text
    where = asked.headers["location"]
    assert http.get(where, headers=bearer(vic)).status_code == 200
    problem(http.get(where, headers=bearer(eve)), 404)


def test_the_whole_api_is_described_at_docs(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert "swagger-ui" in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert http.get(f"/docs/{asset}").status_code == 200
    paths = http.get("/openapi.json").json()["paths"]
    assert {"/v1/bars/{symbol}", "/v1/sweeps/{sweep_id}", "/v1/orders/{order_id}"} <= set(paths)
