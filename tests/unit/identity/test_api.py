"""The dependency that gives a handler its caller, in a real app."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request

from algotrendy.identity import wiring
from algotrendy.identity.api import CurrentPrincipal, require, token_verifier
from algotrendy.identity.principal import Principal, Role
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.platform.http import create_app
from algotrendy.platform.settings import reset_settings
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks

CLOCK = ManualClock(NOW)
TOKEN = Issuer(CLOCK).token()


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = create_app("Test", "test", {})
    verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), CLOCK)
    app.dependency_overrides[token_verifier] = lambda: verifier

    @app.get("/me")
    def me(request: Request, principal: CurrentPrincipal) -> dict[str, Any]:
        assert request.state.principal == principal
        return {"user": principal.username, "tenant": principal.tenant}

    @app.get("/research")
    def research(
        principal: Annotated[Principal, Depends(require(Role.RESEARCHER))],
    ) -> dict[str, str]:
        return {"user": principal.username}

    @app.get("/trade", dependencies=[Depends(require(Role.TRADER))])
    def trade() -> dict[str, str]:
        return {}

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


def test_the_description_of_the_api_says_that_a_token_is_needed(app: FastAPI) -> None:
    described = app.openapi()
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path in ("/me", "/research", "/trade"):
        assert described["paths"][path]["get"]["security"] == [{"bearer": []}]


def test_the_app_verifies_with_what_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_TOKEN_ISSUER", ISSUER)
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    # Nobody listens there: that the keys are asked for shows that it is the verifier in use.
    monkeypatch.setenv("ALGOTRENDY_TOKEN_JWKS_URL", "http://127.0.0.1:1/jwks.json")
    reset_settings()
    wiring.verifier.cache_clear()
    app = create_app("Test", "test", {})

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
