"""Somebody with a key, flags, and an audit of two entries."""

from __future__ import annotations

from typing import Any

import httpx

from algotrendy.identity.api import audit, create_api, flags, keys
from algotrendy.identity.api_keys import ApiKeyVerifier, Sealer
from algotrendy.identity.app import guard_clock, key_verifier, token_verifier
from algotrendy.identity.key_ring import KeyRing
from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import SeededIds
from api_examples.asking import EVERY_ROLE, Ask
from api_examples.configured import desks
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks
from fakes.keys_in_memory import PEPPER
from fakes.keys_in_memory import KeysInMemory as ApiKeysInMemory

_KEY = {"name": "desk", "permissions": ["bars:read", "orders:read"], "days": 30}

ASKS: dict[str, Ask] = {
    "get_me": Ask(),
    "list_api_keys": Ask(),
    "create_api_key": Ask(),
    "rotate_api_key": Ask({"key_id": "key"}),
    "revoke_api_key": Ask({"key_id": "key"}),
    "list_flags": Ask(),
    "set_flag": Ask({"name": "rate_limits.read.burst"}),
    "turn_live_switch": Ask(),
    "list_audit_entries": Ask(),
    "verify_audit": Ask(),
}


class IdentityWorld:
    """Has one person with every role, and one key of theirs."""

    def __init__(self) -> None:
        self._app = create_api()
        self._clock = ManualClock(NOW)
        groups = (f"{ROLE_GROUP}{role}" for role in EVERY_ROLE)
        token = Issuer(self._clock).token(f"{TENANT_GROUP}demo", *groups)
        self._client = AppClient(self._app, {"Authorization": f"Bearer {token}"})
        self.things: dict[str, str] = {}
        self.renew()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, as somebody with every role."""
        return self._client.request(method, path, **options)

    def renew(self) -> None:
        """Forget all keys, and make one."""
        store, sealer = ApiKeysInMemory(), Sealer(lambda: PEPPER)
        ring = KeyRing(store, sealer, self._clock, SeededIds(1, self._clock))
        tokens = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), self._clock)
        api_keys = ApiKeyVerifier(store, sealer, self._clock)
        flag_desk, audit_desk = desks()
        self._app.dependency_overrides = {
            flags.flag_desk: lambda: flag_desk,
            audit.audit_desk: lambda: audit_desk,
            token_verifier: lambda: tokens,
            key_verifier: lambda: api_keys,
            guard_clock: lambda: self._clock,
            keys.key_ring: lambda: ring,
            keys.key_clock: lambda: self._clock,
        }
        made = self.send("POST", "/v1/api-keys", json=_KEY, headers={"idempotency-key": "past"})
        assert made.is_success, made.text
        self.things["key"] = made.json()["id"]
