"""The guard before every route: who calls, and may they, in a real app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI, Request

from algotrendy.identity import wiring
from algotrendy.identity.api import create_api
from algotrendy.identity.app import (
    CurrentPrincipal,
    create_guarded_app,
    guard_clock,
    routes_table,
    token_verifier,
)
from algotrendy.identity.permissions import GRANTS, Permission, Role
from algotrendy.identity.principal import FRESH_FOR
from algotrendy.identity.routes import PUBLIC, SIGNED_IN, Access, LimitClass
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.platform.settings import reset_settings
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks

CLOCK = ManualClock(NOW)
TOKEN = Issuer(CLOCK).token()
TABLE = {
    ("GET", "/me"): Access(SIGNED_IN, LimitClass.READ),
    ("GET", "/research"): Access(Permission.RESEARCH_RUN, LimitClass.READ),
    ("GET", "/trade"): Access(Permission.ORDERS_PLACE, LimitClass.TRADE),
    ("POST", "/sensitive"): Access(Permission.RESEARCH_RUN, LimitClass.TRADE, fresh=True),
    ("GET", "/page"): Access(PUBLIC, LimitClass.PUBLIC),
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = create_guarded_app("Test", "test", {})
    verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), CLOCK)
    app.dependency_overrides |= {
        token_verifier: lambda: verifier,
        routes_table: lambda: TABLE,
        guard_clock: lambda: CLOCK,
    }

    @app.get("/me")
    def me(request: Request, principal: CurrentPrincipal) -> dict[str, Any]:
        assert request.state.principal == principal
        return {"user": principal.username, "tenant": principal.tenant}

    @app.get("/research")
    def research(principal: CurrentPrincipal) -> dict[str, str]:
        return {"user": principal.username}

    @app.get("/trade")
    @app.post("/sensitive")
    @app.get("/page")
    @app.get("/forgotten")
    def answer() -> dict[str, str]:
        return {}

    @app.post("/trade")
    def trade(number: int) -> int:
        return number

    return app


def test_a_handler_gets_the_caller_of_a_good_token(app: FastAPI) -> None:
    answer = AppClient(app).get("/me", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.json() == {"user": "ada", "tenant": "acme"}


def test_the_scheme_is_read_in_any_case(app: FastAPI) -> None:
    answer = AppClient(app).get("/me", headers={"Authorization": f"bearer {TOKEN}"})
    assert answer.status_code == 200


def test_a_request_without_a_token_is_asked_for_one(app: FastAPI) -> None:
    answer = AppClient(app).get("/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="algotrendy"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic YTpi", TOKEN, f"Bearer {TOKEN} more", f"Bearer {TOKEN}x"],
    ids=["empty", "scheme", "scheme and space", "basic", "bare", "two words", "altered"],
)
def test_a_header_that_is_no_good_token_is_refused_with_the_reason(
    app: FastAPI, value: str
) -> None:
    answer = AppClient(app).get("/me", headers={"Authorization": value})
    assert answer.status_code == 401
    assert 'error="invalid_token", error_description="' in answer.headers["www-authenticate"]
    assert TOKEN not in answer.text


def test_two_authorization_headers_are_refused(app: FastAPI) -> None:
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")]
    assert AppClient(app).get("/me", headers=headers).status_code == 401


def test_a_route_is_open_to_the_role_it_needs_and_to_no_other(app: FastAPI) -> None:
    client = AppClient(app, headers={"Authorization": f"Bearer {TOKEN}"})
    assert client.get("/research").status_code == 200
    answer = client.get("/trade")
    assert answer.status_code == 403
    assert answer.json()["needed"] == ["trader"]
    assert answer.json()["held"] == ["researcher"]


def test_a_public_route_asks_nobody_who_they_are(app: FastAPI) -> None:
    assert AppClient(app).get("/page").status_code == 200
    assert AppClient(app).get("/page", headers={"Authorization": "x"}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/forgotten"), ("POST", "/trade")])
def test_a_route_without_a_row_is_closed_to_everybody(app: FastAPI, method: str, path: str) -> None:
    token = Issuer(CLOCK).token("tenant:acme", "role:admin")
    client = AppClient(app, headers={"Authorization": f"Bearer {token}"})
    answer = client.request(method, path)
    assert answer.status_code == 403
    assert answer.json()["permission"] == "a row in the table of routes"


def test_who_may_not_call_does_not_learn_what_the_route_wants(app: FastAPI) -> None:
    assert AppClient(app).request("POST", "/sensitive", json=[]).status_code == 401


def test_what_is_sensitive_needs_a_sign_in_of_minutes_ago(app: FastAPI) -> None:
    def answer(age: timedelta) -> Any:
        signed_in = CLOCK.now() - age
        token = Issuer(CLOCK).token(auth_time=int(signed_in.timestamp()))
        return AppClient(app).post("/sensitive", headers={"Authorization": f"Bearer {token}"})

    assert answer(FRESH_FOR).status_code == 200
    stale = answer(FRESH_FOR + timedelta(seconds=1))
    assert stale.status_code == 403
    assert stale.json()["code"] == "fresh-sign-in-needed"
    assert "run `algotrendy login` again" in stale.json()["detail"]


def test_a_key_that_nobody_made_is_refused(app: FastAPI) -> None:
    answer = AppClient(app).get("/me", headers={"Authorization": "Bearer atk_1_secret"})
    assert answer.status_code == 401
    assert "secret" not in answer.text


def test_the_description_of_the_api_says_what_each_route_needs() -> None:
    described = create_api().openapi()
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    me = described["paths"]["/v1/me"]["get"]
    assert me["security"] == [{"bearer": []}]
    assert me["x-limit-class"] == "read"


def test_anybody_who_signed_in_is_told_who_they_are() -> None:
    made = create_api()
    verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), CLOCK)
    made.dependency_overrides[token_verifier] = lambda: verifier
    assert AppClient(made).get("/v1/me").status_code == 401
    answer = AppClient(made).get("/v1/me", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.json() == {
        "subject": "3f9d1c1e-0000-4000-8000-000000000001",
        "username": "ada",
        "tenant": "acme",
        "kind": "user",
        "roles": ["researcher"],
        "permissions": sorted(GRANTS[Role.RESEARCHER]),
        "accounts": None,
        "signed_in_at": "2026-11-22T12:00:00Z",
        "key_id": None,
    }


def test_the_app_verifies_with_what_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_TOKEN_ISSUER", ISSUER)
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    # Nobody listens there: that the keys are asked for shows that it is the verifier in use.
    monkeypatch.setenv("ALGOTRENDY_TOKEN_JWKS_URL", "http://127.0.0.1:1/jwks.json")
    reset_settings()
    wiring.verifier.cache_clear()
    app = create_guarded_app("Test", "test", {})
    app.dependency_overrides[routes_table] = lambda: TABLE

    @app.get("/me")
    def me(principal: CurrentPrincipal) -> str:
        return principal.username

    answer = AppClient(app).get("/me", headers={"Authorization": f"Bearer {TOKEN}"})
    monkeypatch.undo()
    reset_settings()
    wiring.verifier.cache_clear()
    assert answer.status_code == 503
    assert "http://127.0.0.1:1/jwks.json" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "10"
