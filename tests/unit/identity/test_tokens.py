"""Attacks on tokens, each with real keys: every one ends in Unauthenticated with its reason."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.identity.principal import Role
from algotrendy.identity.tokens import MAX_TOKEN_CHARACTERS, TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unauthenticated, Unavailable
from fakes.identity import (
    CLIENT_ID,
    ISSUER,
    KEY_ID,
    NOW,
    Issuer,
    KeysInMemory,
    assembled,
    jwk,
    jwks,
    public_pem,
    rsa_key,
    signed,
)

CLOCK = ManualClock(NOW)
ISSUES = Issuer(CLOCK)


def a_verifier(clock: ManualClock = CLOCK, keys: KeysInMemory | None = None) -> TokenVerifier:
    return TokenVerifier(ISSUER, CLIENT_ID, keys or KeysInMemory(jwks(jwk())), clock)


def refused(token: str, verifier: TokenVerifier | None = None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        (verifier or a_verifier()).verify(token)
    assert token == "" or token not in str(caught.value)
    return caught.value.reason


def test_a_genuine_access_token_tells_who_is_calling() -> None:
    principal = a_verifier().verify(ISSUES.token("tenant:acme", "role:trader", "role:viewer"))
    assert principal.username == "ada"
    assert principal.subject == "3f9d1c1e-0000-4000-8000-000000000001"
    assert principal.tenant == "acme"
    assert principal.roles == {Role.TRADER, Role.VIEWER}


def test_a_proof_says_until_when_the_token_counts() -> None:
    proof = a_verifier().prove(ISSUES.token())
    assert proof.principal.username == "ada"
    assert proof.expires_at == NOW + timedelta(hours=1)


def test_a_token_that_never_ends_counts_for_as_long_as_there_are_dates() -> None:
    assert a_verifier().prove(ISSUES.token(exp=999_999_999_999)).expires_at.year == 9999


def test_a_token_with_algorithm_none_is_refused_before_any_key_is_looked_up() -> None:
    keys = KeysInMemory(jwks(jwk()))
    for alg in ("none", "None", "NONE", "nOnE"):
        token = assembled({"alg": alg, "kid": KEY_ID, "typ": "JWT"}, ISSUES.claims())
        assert refused(token, a_verifier(keys=keys)) == "the token is not signed with RS256"
    assert keys.asked == []


def test_the_public_key_taken_as_an_hmac_secret_opens_nothing() -> None:
    for secret in (public_pem(), public_pem().strip()):
        unsigned = assembled({"alg": "HS256", "kid": KEY_ID}, ISSUES.claims()).rstrip(".")
        digest = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        token = f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        assert refused(token) == "the token is not signed with RS256"


def test_an_hmac_that_calls_itself_rs256_does_not_fit() -> None:
    unsigned = assembled({"alg": "RS256", "kid": KEY_ID}, ISSUES.claims()).rstrip(".")
    digest = hmac.new(public_pem(), unsigned.encode(), hashlib.sha256).digest()
    token = f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    assert refused(token) == "the token's signature does not fit"


def test_an_unknown_key_id_is_refused() -> None:
    reason = refused(signed(ISSUES.claims(), key_id="key-of-nobody"))
    assert reason == "the token is signed with a key that the issuer does not have"


def test_a_known_key_id_over_another_key_is_refused() -> None:
    reason = refused(signed(ISSUES.claims(), key_id=KEY_ID, number=2))
    assert reason == "the token's signature does not fit"


@pytest.mark.parametrize("key_id", [None, "", "k" * 201])
def test_a_token_that_names_no_usable_key_is_refused(key_id: str | None) -> None:
    assert refused(signed(ISSUES.claims(), key_id)) == (
        "the token does not name the key that signed it"
    )


def test_a_key_that_the_token_brings_along_is_not_used() -> None:
    header = {"alg": "RS256", "kid": "mine", "jwk": jwk("mine", 2), "jku": "https://evil.example"}
    token = assembled(header, ISSUES.claims(), b"x" * 256)
    assert refused(token) == "the token is signed with a key that the issuer does not have"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": ISSUER + "2"}, "the token comes from another issuer"),
        ({"iss": ISSUER + "/"}, "the token comes from another issuer"),
        ({"iss": [ISSUER]}, "the token comes from another issuer"),
        ({"iss": None}, "the token comes from another issuer"),
        ({"client_id": "another"}, "the token was made for another client"),
        ({"client_id": None}, "the token was made for another client"),
        ({"client_id": None, "aud": CLIENT_ID}, "the token was made for another client"),
        (
            {"token_use": "id", "aud": CLIENT_ID},
            "an access token is needed, this is a token of another kind",
        ),
        ({"token_use": None}, "an access token is needed, this is a token of another kind"),
        ({"exp": None}, "the token's exp is malformed"),
        ({"exp": "2099-01-01"}, "the token's exp is malformed"),
        ({"exp": True}, "the token's exp is malformed"),
        ({"exp": float("nan")}, "the token's exp is malformed"),
        ({"exp": 10**400}, "the token's exp is malformed"),
        ({"sub": None}, "the token's sub is malformed"),
        ({"sub": "a\nb"}, "the token's user is malformed"),
        ({"username": 7}, "the token's username is malformed"),
        ({"cognito:groups": "tenant:acme"}, "the token's groups are malformed"),
        ({"cognito:groups": [1]}, "the token's groups are malformed"),
    ],
)
def test_a_genuine_signature_over_the_wrong_claims_is_refused(
    changes: dict[str, Any], reason: str
) -> None:
    assert refused(ISSUES.token(**changes)) == reason


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (
            ["role:researcher"],
            "the user belongs to no tenant, and must belong to exactly one",
        ),
        (
            ["tenant:acme", "tenant:globex"],
            "the user belongs to 2 tenants, and must belong to exactly one",
        ),
        (["tenant:"], "the token's tenant is malformed"),
        (["tenant:../acme"], "the token's tenant is malformed"),
    ],
)
def test_a_user_without_exactly_one_tenant_is_refused(groups: list[str], reason: str) -> None:
    assert refused(ISSUES.token(*groups)) == reason


def test_a_user_without_any_group_is_refused() -> None:
    assert refused(ISSUES.token(**{"cognito:groups": None})).startswith("the user belongs to no")


def test_a_token_counts_until_ten_seconds_after_its_end() -> None:
    clock = ManualClock(NOW)
    token = Issuer(clock).token()
    clock.advance(timedelta(seconds=3600 + 9))
    assert a_verifier(clock).verify(token).username == "ada"
    clock.advance(timedelta(seconds=1))
    assert refused(token, a_verifier(clock)) == "the token has expired"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_does_not_count_yet(claim: str) -> None:
    soon = int(NOW.timestamp())
    assert a_verifier().verify(ISSUES.token(**{claim: soon + 10})).username == "ada"
    assert refused(ISSUES.token(**{claim: soon + 11})) == "the token is not valid yet"


def test_every_changed_character_of_the_claims_breaks_the_signature() -> None:
    head, body, signature = ISSUES.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["cognito:groups"] = ["tenant:globex", "role:admin"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert refused(f"{head}.{forged}.{signature}") == "the token's signature does not fit"


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_token_without_its_whole_signature_is_refused(cut: int) -> None:
    head, body, signature = ISSUES.token().split(".")
    reason = refused(f"{head}.{body}.{signature[:cut]}")
    assert reason in ("the token's signature does not fit", "the token is malformed")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "Bearer x", "\udcff", "é.é.é", assembled([], {}), assembled({}, [])],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token) in ("the token is malformed", "the token is not signed with RS256")


@pytest.mark.parametrize("payload", [b"no json", b"[]", b"7", b"\xff", b"[" * 9000])
def test_a_genuine_signature_over_no_claims_is_refused(payload: bytes) -> None:
    token = jwt.PyJWS().encode(payload, rsa_key(1), "RS256", {"kid": KEY_ID})
    assert refused(token) == "the token is malformed"


def test_json_nested_too_deep_is_refused_and_not_a_crash() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 9000).rstrip(b"=").decode()
    assert refused(f"{deep}.e30.x") == "the token is malformed"


def test_a_huge_token_is_refused_unread() -> None:
    assert refused("a" * (MAX_TOKEN_CHARACTERS + 1)) == "the token is too long"


def test_critical_headers_that_nobody_understands_are_refused() -> None:
    header = {"alg": "RS256", "kid": KEY_ID, "crit": ["exp"], "exp": 1}
    assert refused(assembled(header, ISSUES.claims(), b"x" * 256))


def test_unreachable_keys_are_our_trouble_and_not_the_callers() -> None:
    keys = KeysInMemory(jwks(jwk()))
    keys.is_reachable = False
    with pytest.raises(Unavailable):
        a_verifier(keys=keys).verify(ISSUES.token())


@given(st.text(max_size=200) | st.text("ey.J0-_=", max_size=200))
def test_no_text_at_all_gets_past_or_crashes_the_verifier(text: str) -> None:
    with pytest.raises(Unauthenticated):
        a_verifier().verify(text)


@given(st.data())
def test_no_altered_token_gets_past_the_verifier(data: st.DataObject) -> None:
    token = ISSUES.token()
    # The last character holds four bits that stand for nothing; every other one counts.
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz019-_."))
    if token[place] == letter:
        letter = "q" if letter != "q" else "r"
    with pytest.raises(Unauthenticated):
        a_verifier().verify(token[:place] + letter + token[place + 1 :])


def test_verifying_tokens_loads_no_aws_client() -> None:
    code = (
        "import sys, algotrendy.identity.tokens, algotrendy.identity.wiring;"
        "print(*sorted({m.split('.')[0] for m in sys.modules} & "
        "{'boto3', 'botocore', 'psycopg', 'deltalake', 'pandas', 'numpy', 'httpx'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
