"""An issuer of tokens with real RSA keys, and key sources and a user pool that live in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP, Role
from algotrendy.identity.session import Tokens
from algotrendy.kernel.clock import Clock, ManualClock
from algotrendy.kernel.errors import Unauthenticated, Unavailable

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
CLIENT_ID = "client-of-the-console"
KEY_ID = "key-1"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@cache
def rsa_key(number: int, /) -> rsa.RSAPrivateKey:
    """Give a private key; the same number gives the same key for the whole run of the tests."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(number: int = 1) -> bytes:
    """Give the public half of a key as an attacker would take it for a secret."""
    public = rsa_key(number).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key_id: str = KEY_ID, number: int = 1) -> dict[str, Any]:
    """Give the public half of a key as a JWKS document lists it."""
    shown = json.loads(RSAAlgorithm.to_jwk(rsa_key(number).public_key()))
    return {"kty": "RSA", "n": shown["n"], "e": shown["e"]} | {
        "kid": key_id,
        "use": "sig",
        "alg": "RS256",
    }


def jwks(*keys: dict[str, Any]) -> dict[str, Any]:
    """Give a JWKS document."""
    return {"keys": list(keys)}


class Issuer:
    """Makes access tokens as Cognito does; any claim can be changed, or left out with None."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or ManualClock(NOW)

    def claims(self, *groups: str, **changes: Any) -> dict[str, Any]:
        """Give the claims of a researcher of acme, but for the groups and changes given."""
        now = int(self.clock.now().timestamp())
        whole = {
            "iss": ISSUER,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "sub": "3f9d1c1e-0000-4000-8000-000000000001",
            "username": "ada",
            "cognito:groups": list(groups) or [TENANT_GROUP + "acme", ROLE_GROUP + Role.RESEARCHER],
            "iat": now,
            "auth_time": now,
            "exp": now + 3600,
        } | changes
        return {name: value for name, value in whole.items() if value is not None}

    def token(self, *groups: str, **changes: Any) -> str:
        """Sign an access token with the key of the issuer."""
        return signed(self.claims(*groups, **changes))


def signed(claims: dict[str, Any], key_id: str | None = KEY_ID, number: int = 1) -> str:
    """Sign claims with RS256."""
    headers = {} if key_id is None else {"kid": key_id}
    # Not jwt.encode, which refuses some of the claims that the tests must send.
    return jwt.PyJWS().encode(json.dumps(claims).encode(), rsa_key(number), "RS256", headers)


def assembled(header: Any, claims: Any, signature: bytes = b"") -> str:
    """Put a token together by hand, as a library would refuse to."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class KeysInMemory:
    """A KeySource that holds the keys of a document, and can be made unreachable."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._keys = {entry["kid"]: jwt.PyJWK(entry, "RS256") for entry in document["keys"]}
        self.asked: list[str] = []
        self.is_reachable = True

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """Find a key; raise Unavailable while unreachable."""
        self.asked.append(key_id)
        if not self.is_reachable:
            raise Unavailable("the issuer's key set", "unreachable")
        return self._keys.get(key_id)


class PoolInMemory:
    """The part of a user pool that a command line signs in at."""

    def __init__(self, clock: Clock, client_id: str = CLIENT_ID) -> None:
        self.client_id = client_id
        self.passwords = {"ada": "Correct-horse-1"}
        self.refreshes = True
        self.made = 0
        self._clock = clock

    def sign_in(
        self, username: str, password: str, second_factor: Callable[[], str] | None = None
    ) -> Tokens:
        """Change a password into tokens that last an hour."""
        if self.passwords.get(username) != password:
            raise Unauthenticated("the username or the password is wrong")
        return self._tokens("refresh-1")

    def refresh(self, refresh_token: str) -> Tokens:
        """Change a refresh token into a new access token."""
        if not self.refreshes:
            raise Unauthenticated("the session has ended")
        return self._tokens(refresh_token)

    def _tokens(self, refresh_token: str) -> Tokens:
        self.made += 1
        return Tokens(f"access-{self.made}", refresh_token, self._clock.now() + timedelta(hours=1))
