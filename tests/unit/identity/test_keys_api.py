"""API keys over HTTP, in the whole app of identity: made, used, rotated, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from algotrendy.identity.api import create_api, keys
from algotrendy.identity.api_keys import MARK, ApiKeyVerifier, Sealer
from algotrendy.identity.app import guard_clock, key_verifier, token_verifier
from algotrendy.identity.key_ring import KeyRing
from algotrendy.identity.principal import TENANT_GROUP
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import SeededIds
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks
from fakes.keys_in_memory import PEPPER
from fakes.keys_in_memory import KeysInMemory as ApiKeysInMemory

WISH = {"name": "desk", "permissions": ["bars:read", "keys:own"], "days": 30}


class Desk:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.store = ApiKeysInMemory()
        self.issuer = Issuer(self.clock)
        sealer = Sealer(lambda: PEPPER)
        ring = KeyRing(self.store, sealer, self.clock, SeededIds(1, self.clock))
        tokens = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), self.clock)
        api_keys = ApiKeyVerifier(self.store, sealer, self.clock)
        app = create_api()
        app.dependency_overrides = {
            token_verifier: lambda: tokens,
            key_verifier: lambda: api_keys,
            guard_clock: lambda: self.clock,
            keys.key_ring: lambda: ring,
            keys.key_clock: lambda: self.clock,
        }
        self._client = AppClient(app)

    def token(self, name: str = "ada", tenant: str = "acme", role: str = "researcher") -> str:
        groups = [TENANT_GROUP + tenant, f"role:{role}"]
        return self.issuer.token(*groups, sub=f"sub-of-{name}", username=name)

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token()}", **more.pop("headers", {})}
        return self._client.request(method, path, headers=headers, **more)

    def make(self, token: str | None = None, key: str = "r-1", **wish: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return self.call("POST", "/v1/api-keys", token, json={**WISH, **wish}, headers=headers)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_key_is_made_shown_once_and_opens_what_it_names(desk: Desk) -> None:
    made = desk.make()
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    text = made.json()["key"]
    me = desk.call("GET", "/v1/me", text).json()
    assert (me["kind"], me["username"], me["tenant"]) == ("api_key", "ada", "acme")
    assert me["permissions"] == ["bars:read", "keys:own"]
    assert me["key_id"] == made.json()["id"]
    listed = desk.call("GET", "/v1/api-keys", text)
    assert [key["id"] for key in listed.json()["keys"]] == [made.json()["id"]]
    assert listed.json()["keys"][0]["last_used_at"] is not None
    assert text.removeprefix(MARK).partition("_")[2] not in listed.text


def test_a_key_makes_no_other_key_and_an_old_sign_in_does_not_either(desk: Desk) -> None:
    text, old = desk.make().json()["key"], desk.token()
    assert desk.make(text, "r-2").json()["code"] == "fresh-sign-in-needed"
    desk.clock.advance(timedelta(minutes=6))
    assert desk.make(old, "r-2").json()["code"] == "fresh-sign-in-needed"
    assert len(desk.store.keys) == 1


def test_a_rotated_key_is_replaced_and_a_revoked_one_is_refused_at_once(desk: Desk) -> None:
    first = desk.make().json()
    path = f"/v1/api-keys/{first['id']}"
    headers = {"Idempotency-Key": "r-2"}
    second = desk.call("POST", f"{path}/rotate", json={"overlap_hours": 1}, headers=headers)
    assert second.status_code == 201, second.text
    assert desk.call("GET", "/v1/me", first["key"]).status_code == 200, "its overlap"
    revoked = desk.call("DELETE", path)
    assert (revoked.status_code, revoked.json()["counts"]) == (200, False)
    refused = desk.call("GET", "/v1/me", first["key"])
    assert refused.status_code == 401
    assert "was revoked" in refused.json()["detail"]
    assert "invalid_token" in refused.headers["www-authenticate"]
    assert desk.call("GET", "/v1/me", second.json()["key"]).status_code == 200
    counted = desk.call("GET", "/v1/api-keys").json()["keys"]
    assert [key["id"] for key in counted] == [second.json()["id"]]
    ended = desk.call("GET", "/v1/api-keys?ended=true").json()["keys"]
    assert [key["id"] for key in ended] == [second.json()["id"], first["id"]]


def test_the_keys_of_another_tenant_do_not_exist(desk: Desk) -> None:
    made = desk.make().json()
    eve = desk.token("eve", "rival", "admin")
    path = f"/v1/api-keys/{made['id']}"
    assert desk.call("DELETE", path, eve).status_code == 404
    headers = {"Idempotency-Key": "r-9"}
    assert desk.call("POST", f"{path}/rotate", eve, json={}, headers=headers).status_code == 404
    assert desk.call("GET", "/v1/api-keys?everybody=true", eve).json() == {"keys": []}
    assert desk.call("GET", "/v1/api-keys?everybody=true").status_code == 403
    assert desk.call("GET", "/v1/me", made["key"]).status_code == 200


def test_the_same_request_makes_one_key_and_another_body_is_refused(desk: Desk) -> None:
    lost, found = desk.make().json(), desk.make().json()
    assert lost["id"] == found["id"]
    assert desk.call("GET", "/v1/me", lost["key"]).status_code == 401
    other = desk.make(days=31)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert desk.call("GET", "/v1/me", found["key"]).status_code == 200


@pytest.mark.parametrize(
    ("wish", "field", "status"),
    [
        ({"permissions": ["bars:burn"]}, "permissions", 422),
        ({"permissions": []}, "permissions", 422),
        ({"permissions": ["orders:place"]}, None, 403),
        ({"accounts": ["No Such"]}, "accounts", 422),
        ({"days": 366}, "days", 422),
        ({"name": "a\nb"}, "name", 422),
        ({"roles": ["admin"]}, "roles", 422),
    ],
)
def test_a_wish_that_cannot_be_is_refused(
    desk: Desk, wish: dict[str, Any], field: str | None, status: int
) -> None:
    refused = desk.make(**wish)
    assert refused.status_code == status, refused.text
    if field:
        assert refused.json()["errors"][0]["field"] == field
    assert desk.store.keys == {}


@pytest.mark.parametrize("key_id", ["1", "atk_1", "019aaf3c7d2e7c519d2f0b8b6f3e6a01"])
def test_what_is_no_id_is_named(desk: Desk, key_id: str) -> None:
    refused = desk.call("DELETE", f"/v1/api-keys/{key_id}")
    assert refused.json()["errors"][0]["field"] == "key_id"
