"""The gateway's verdicts: what is turned away, what goes on, and what is said of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from algotrendy.identity import wiring
from algotrendy.identity.api_keys import ApiKeyVerifier, IssuedKey, Sealer
from algotrendy.identity.authorizing import Standing, judge
from algotrendy.identity.credentials import CountsNoLonger, Verifier
from algotrendy.identity.key_ring import KeyRing, KeyWish
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock, SystemClock
from algotrendy.kernel.errors import Unauthenticated, Unavailable
from algotrendy.kernel.ids import SeededIds
from algotrendy.platform.database import database
from algotrendy.platform.settings import reset_settings
from fakes.canned_server import Canned, canned
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks, signed
from fakes.keys_in_memory import PEPPER, person
from fakes.keys_in_memory import KeysInMemory as ApiKeysInMemory

ROOT = Path(__file__).parents[3]


class Gate:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.issuer = Issuer(self.clock)
        self.signing = KeysInMemory(jwks(jwk()))
        self.store = ApiKeysInMemory()
        self._sealer = Sealer(lambda: PEPPER)
        self.tokens = TokenVerifier(ISSUER, CLIENT_ID, self.signing, self.clock)
        self.keys = ApiKeyVerifier(self.store, self._sealer, self.clock, notes_use=False)

    def key(self) -> IssuedKey:
        ring = KeyRing(self.store, self._sealer, self.clock, SeededIds(1, self.clock))
        wish = KeyWish("desk", frozenset({Permission.BARS_READ}), days=1)
        return ring.issue(person("ada", Role.VIEWER), wish, "r-1")

    def judge(self, credential: str) -> tuple[bool, dict[str, str]]:
        verdict = judge(f"Bearer {credential}", self.tokens, self.keys)
        return verdict.goes_on, verdict.context


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_a_good_token_goes_on_with_what_the_access_log_shall_know(gate: Gate) -> None:
    goes_on, context = gate.judge(gate.issuer.token())
    assert goes_on
    assert context == {
        "standing": "verified",
        "kind": "user",
        "subject": "3f9d1c1e-0000-4000-8000-000000000001",
        "tenant": "acme",
    }


def test_a_good_key_goes_on_and_its_use_is_left_to_the_app(gate: Gate) -> None:
    goes_on, context = gate.judge(gate.key().text)
    assert (goes_on, context["kind"], context["tenant"]) == (True, "api_key", "acme")
    assert gate.store.uses_noted == 0


def test_what_proves_nothing_is_turned_away_and_nothing_is_said_of_it(gate: Gate) -> None:
    key = gate.key().text
    forged = {
        "garbage": "garbage",
        "another key": signed(gate.issuer.claims(), number=9),
        "another client": gate.issuer.token(client_id="another"),
        "expired and forged": signed(gate.issuer.claims(exp=1), number=9),
        "a wrong secret": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "no key": "atk_1_2",
    }
    verdicts = {name: gate.judge(one) for name, one in forged.items()}
    assert verdicts == dict.fromkeys(forged, (False, {}))


def test_what_has_ended_goes_on_to_be_told_so(gate: Gate) -> None:
    token, key = gate.issuer.token(), gate.key().text
    gate.clock.advance(timedelta(days=2))
    for ended in (token, key):
        assert gate.judge(ended) == (True, {"standing": Standing.ENDED})


def test_without_the_issuers_keys_a_token_goes_on_undecided(gate: Gate) -> None:
    gate.signing.is_reachable = False
    assert gate.judge(gate.issuer.token()) == (True, {"standing": Standing.UNDECIDED})
    assert gate.judge("garbage") == (False, {}), "what no key could sign is not waited for"
    assert gate.judge(gate.key().text)[0], "keys need no issuer"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer a, Bearer b", "token"],
)
def test_a_header_of_another_form_is_turned_away(gate: Gate, header: str) -> None:
    assert judge(header, gate.tokens, gate.keys).answer() == {"isAuthorized": False, "context": {}}


def test_the_scheme_may_be_written_in_any_case(gate: Gate) -> None:
    assert judge(f"bEARER {gate.issuer.token()}", gate.tokens, gate.keys).goes_on


class _Says:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def verify(self, credential: str, /) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (Unauthenticated("no"), False),
        (CountsNoLonger("over"), True),
        (Unavailable("database", "down"), True),
    ],
)
def test_keys_are_judged_as_tokens_are(error: Exception, goes_on: bool) -> None:
    says: Verifier = _Says(error)
    assert judge("Bearer atk_x", _Says(AssertionError()), says).goes_on is goes_on


def forget() -> None:
    reset_settings()
    for made in (wiring.verifier, wiring.gateway_keys, wiring.key_store, wiring.sealer, database):
        made.cache_clear()


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the settings name an issuer whose keys lie on this machine."""
    with canned(Canned(200, jwks(jwk()))) as issuer:
        for name, value in {
            "TOKEN_ISSUER": ISSUER,
            "USER_POOL_CLIENT_ID": CLIENT_ID,
            "TOKEN_JWKS_URL": issuer.url,
            # Nobody asks for it: tokens of people need no database.
            "DATABASE_URL": "postgresql://127.0.0.1:1/nothing",
        }.items():
            monkeypatch.setenv(f"ALGOTRENDY_{name}", value)
        forget()
        yield
    forget()


def test_the_function_answers_the_gateway_and_logs_no_credential(
    deployed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location(
        "authorize", ROOT / "functions" / "identity" / "authorize.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = SimpleNamespace(
        function_name="authorize",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:authorize",
        aws_request_id="r-1",
    )
    token = Issuer(SystemClock()).token()
    for credential, goes_on in ((token, True), (token[:-9] + "AAAAAAAAA", False)):
        event = {
            "version": "2.0",
            "type": "REQUEST",
            "identitySource": [f"Bearer {credential}"],
            "routeKey": "GET /v1/me",
            "headers": {"authorization": f"Bearer {credential}"},
        }
        assert module.handler(event, context)["isAuthorized"] is goes_on
    logged = "".join(capsys.readouterr())
    assert token.split(".")[2][:-9] not in logged
