"""Find out from a token who is calling, or say why the token proves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import jwt

from algotrendy.identity.credentials import CountsNoLonger
from algotrendy.identity.machines import MachineClients
from algotrendy.identity.permissions import READING
from algotrendy.identity.principal import (
    MACHINE_MARK,
    Principal,
    PrincipalKind,
    principal_from_groups,
)
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Unauthenticated
from algotrendy.kernel.ids import parse_user_id

ALGORITHM = "RS256"
LEEWAY_S = 10.0
# Of the resource server of the user pool; every machine has them, and no person. It asks for the
# second alone where it shall change nothing, whatever its roles allow.
MACHINE_SCOPE, READING_SCOPE = "algotrendy/act", "algotrendy/read"
# An access token of a user in all 300 groups that Cognito allows stays below this.
MAX_TOKEN_CHARACTERS = 16_384
_MAX_KEY_ID_CHARACTERS = 200
# A token may say that it never ends; a datetime ends with the year 9999.
_LATEST_S = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
# PyJWT lets these through for text that is no UTF-8, and for JSON that is nested too deep.
_UNREADABLE = (jwt.InvalidTokenError, ValueError, RecursionError)


class KeySource(Protocol):
    """Knows the public keys with which an issuer signs."""

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """Find an RSA key; None when the issuer has no key of that id.

        Raises:
            Unavailable: If the keys, or newer keys that may hold this one, cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Proof:
    """Who holds a token, and until when it says so, in UTC."""

    principal: Principal
    expires_at: datetime


class TokenVerifier:
    """Verifies the access tokens that one issuer made for people and for machines.

    Args:
        issuer: The ``iss`` of the user pool, compared letter by letter.
        clients: Of the user pool, those that people sign in with: the command line, the console.
        keys: The issuer's keys.
        clock: What expiry is held against, with a leeway of 10 s.
        machines: Programs with a client of their own; None lets none in.
    """

    def __init__(
        self,
        issuer: str,
        clients: str | Iterable[str],
        keys: KeySource,
        clock: Clock,
        machines: MachineClients | None = None,
    ) -> None:
        self._issuer = issuer
        self._clients = frozenset([clients] if isinstance(clients, str) else clients)
        self._keys = keys
        self._clock = clock
        self._machines = machines

    def verify(self, token: str) -> Principal:
        """Tell who holds the token.

        Raises:
            Unauthenticated: If the token proves nothing; the reason is meant for its holder.
            Unavailable: If the issuer's keys, or the machines, cannot be read.
        """
        return self.prove(token).principal

    def prove(self, token: str) -> Proof:
        """Tell who holds the token, and until when: for a connection that outlives a request.

        Raises:
            Unauthenticated, Unavailable: As ``verify``.
        """
        claims = self._signed_claims(token)
        self._check_purpose(claims)
        self._check_times(claims)
        # A person's token names them; a machine's names its client and nobody else.
        holder = self._person if "username" in claims else self._machine
        seconds = min(_seconds(claims, "exp"), _LATEST_S)
        return Proof(holder(claims), datetime.fromtimestamp(seconds, UTC))

    def _person(self, claims: Mapping[str, Any]) -> Principal:
        if claims.get("client_id") not in self._clients:
            raise Unauthenticated("the token was made for another client")
        groups = claims.get("cognito:groups", [])
        if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
            raise Unauthenticated("the token's groups are malformed")
        subject, username = _text(claims, "sub"), _text(claims, "username")
        if username.startswith(MACHINE_MARK):
            raise Unauthenticated(f"a person's name must not begin with {MACHINE_MARK}")
        return principal_from_groups(subject, username, groups, _signed_in_at(claims))

    def _machine(self, claims: Mapping[str, Any]) -> Principal:
        client_id = _text(claims, "client_id")
        if _text(claims, "sub") != client_id:
            raise Unauthenticated("the token names neither a person nor a machine")
        asked = _words(claims, "scope")
        if not {MACHINE_SCOPE, READING_SCOPE}.intersection(asked):
            raise Unauthenticated(f"the token lacks the scope {MACHINE_SCOPE}")
        # Groups that such a token may bear are nobody's doing here: the table alone counts.
        found = None if self._machines is None else self._machines.machine(client_id)
        if found is None or client_id in self._clients:
            raise Unauthenticated("the token was made for another client")
        return Principal(
            subject=parse_user_id(client_id),
            username=MACHINE_MARK + found.name,
            tenant=found.tenant,
            roles=found.roles,
            kind=PrincipalKind.MACHINE,
            scope=None if MACHINE_SCOPE in asked else READING,
        )

    def _signed_claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise Unauthenticated("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except _UNREADABLE as error:
            raise Unauthenticated("the token is malformed") from error
        # The algorithm is ours to choose. A token that says "none", or asks to have the public key
        # taken as an HMAC secret, ends here, before any key is looked up.
        if header.get("alg") != ALGORITHM:
            raise Unauthenticated(f"the token is not signed with {ALGORITHM}")
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not 0 < len(key_id) <= _MAX_KEY_ID_CHARACTERS:
            raise Unauthenticated("the token does not name the key that signed it")
        key = self._keys.key(key_id)
        if key is None:
            raise Unauthenticated("the token is signed with a key that the issuer does not have")
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM], options=_SIGNATURE_ONLY)
        except jwt.InvalidSignatureError as error:
            raise Unauthenticated("the token's signature does not fit") from error
        except _UNREADABLE as error:
            raise Unauthenticated("the token is malformed") from error
        return cast("Mapping[str, Any]", claims)

    def _check_purpose(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self._issuer:
            raise Unauthenticated("the token comes from another issuer")
        if claims.get("token_use") != "access":
            raise Unauthenticated("an access token is needed, this is a token of another kind")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now()
        if _seconds(claims, "exp") + LEEWAY_S <= now.timestamp():
            raise CountsNoLonger("the token has expired")
        # Cognito sends no nbf; iat then says from when the token counts.
        for name in ("nbf", "iat"):
            if name in claims and _seconds(claims, name) - LEEWAY_S > now.timestamp():
                raise Unauthenticated("the token is not valid yet")


# Times and issuer are checked here, against an injected clock and with reasons of our own.
_SIGNATURE_ONLY: Any = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # The bounds also refuse NaN, and an integer too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise Unauthenticated(f"the token's {name} is malformed")
    return float(value)


def _signed_in_at(claims: Mapping[str, Any]) -> datetime | None:
    # A refreshed token keeps the time of the sign-in; one without it proves no sign-in at all.
    if "auth_time" not in claims:
        return None
    return datetime.fromtimestamp(min(_seconds(claims, "auth_time"), _LATEST_S), UTC)


def _words(claims: Mapping[str, Any], name: str) -> list[str]:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise Unauthenticated(f"the token's {name} is malformed")
    return value.split()


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Unauthenticated(f"the token's {name} is malformed")
    return value
