"""Signing in with a browser: what it is asked, and which answers are taken."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from algotrendy.identity.adapters.loopback import PORTS, Loopback
from algotrendy.identity.adapters.token_endpoint import TokenEndpoint
from algotrendy.identity.browser import BrowserSignIn, begin
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, Unauthenticated, Unavailable
from fakes.canned_server import Canned, CannedServer, canned, free_port
from fakes.identity import NOW, assembled

CALLBACK = "http://localhost:47651/callback"


@pytest.fixture
def begun() -> BrowserSignIn:
    return begin("https://sign-in.example/", "client-1", CALLBACK)


def test_the_browser_is_asked_with_a_challenge_and_never_told_the_verifier(
    begun: BrowserSignIn,
) -> None:
    where = urlsplit(begun.address)
    asked = {name: values[0] for name, values in parse_qs(where.query).items()}
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    assert (where.netloc, where.path) == ("sign-in.example", "/oauth2/authorize")
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert (asked["state"], asked["nonce"]) == (begun.state, begun.nonce)
    assert begun.verifier not in begun.address
    assert 43 <= len(begun.verifier) <= 128
    for secret in (begun.verifier, begun.state, begun.nonce):
        assert secret not in repr(begun)


def test_no_two_sign_ins_share_a_secret(begun: BrowserSignIn) -> None:
    other = begin("https://sign-in.example", "client-1", CALLBACK)
    assert not {begun.verifier, begun.state, begun.nonce} & {
        other.verifier,
        other.state,
        other.nonce,
    }


def test_an_answer_to_another_sign_in_is_refused_whatever_it_says(begun: BrowserSignIn) -> None:
    for state in ({}, {"state": "another"}, {"state": ""}, {"state": begun.state + "é"}):
        with pytest.raises(Unauthenticated, match="another sign-in"):
            begun.code_of({**state, "code": "stolen", "error": "made up"})


def test_a_refusal_of_the_pool_is_told_in_printable_words(begun: BrowserSignIn) -> None:
    answer = {"state": begun.state, "error": "access_denied", "error_description": "no\x1b[31m"}
    with pytest.raises(Unauthenticated, match=r"refused: no\?\[31m$"):
        begun.code_of(answer)
    with pytest.raises(Unauthenticated, match="without a code"):
        begun.code_of({"state": begun.state})


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 7},
        {"aud": "client-2"},
        {"token_use": "access"},
    ],
)
def test_an_identity_token_of_another_sign_in_is_refused(
    begun: BrowserSignIn, claims: dict[str, Any]
) -> None:
    good = {"nonce": begun.nonce, "aud": "client-1", "token_use": "id"}
    begun.check_nonce(good)
    with pytest.raises(Unauthenticated, match="another sign-in"):
        begun.check_nonce({**good, **claims})


def visit(address: str) -> int:
    try:
        with urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def waiting(callback: Loopback, is_ours: Callable[[dict[str, str]], bool]) -> Any:
    found: list[dict[str, str]] = []
    thread = threading.Thread(target=lambda: found.append(callback.wait(10, is_ours)))
    thread.start()
    return thread, found


def test_only_the_answer_to_this_sign_in_ends_the_wait(begun: BrowserSignIn) -> None:
    with closing(Loopback((free_port(),))) as callback:
        thread, found = waiting(callback, begun.is_ours)
        base = callback.redirect_uri
        assert visit(f"{base}?code=stolen&state=another") == 400
        assert visit(base.replace("/callback", "/elsewhere")) == 404
        assert visit(f"{base}?x={'x' * 5000}") == 404
        assert visit(f"{base}?code=c-1&state={begun.state}") == 200
        thread.join(10)
    assert begun.code_of(found[0]) == "c-1"


def test_a_browser_that_never_comes_back_is_told(begun: BrowserSignIn) -> None:
    times = iter([0.0, 0.0, 400.0])
    with closing(Loopback((free_port(),))) as callback:
        callback._server.timeout = 0
        with pytest.raises(Unauthenticated, match=r"within 0\.01 s"):
            callback.wait(0.01, begun.is_ours, lambda: next(times))


def test_a_port_that_is_taken_is_passed_over() -> None:
    first, second = free_port(), free_port()
    with closing(Loopback((first,))), closing(Loopback((first, second))) as callback:
        assert callback.redirect_uri == f"http://localhost:{second}/callback"
        with pytest.raises(Unavailable, match=f"none of the ports {first} is free"):
            Loopback((first,))


def test_the_ports_are_those_whose_callback_the_pool_knows() -> None:
    assert PORTS == (47_651, 47_652, 47_653)


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned() as found:
        yield found


def endpoint(server: CannedServer, status: int, body: Any) -> TokenEndpoint:
    server.answers.append(Canned(status, body))
    return TokenEndpoint(server.url, ManualClock(NOW))


def test_a_code_becomes_tokens_of_its_own_sign_in(
    server: CannedServer, begun: BrowserSignIn
) -> None:
    claims = {"nonce": begun.nonce, "aud": "client-1", "token_use": "id", "cognito:username": "ada"}
    answer = {
        "access_token": "a-1",
        "refresh_token": "r-1",
        "expires_in": 3600,
        "id_token": assembled({"alg": "RS256"}, claims, b"s"),
    }
    name, got = endpoint(server, 200, answer).tokens(begun, "c-1")
    assert (name, got.access_token, got.refresh_token) == ("ada", "a-1", "r-1")
    form = parse_qs(server.asked[-1].body.decode())
    assert (form["code_verifier"], form["code"]) == ([begun.verifier], ["c-1"])
    with pytest.raises(Unauthenticated, match="no readable identity token"):
        endpoint(server, 200, {**answer, "id_token": "nonsense"}).tokens(begun, "c-1")


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, {"error": "invalid_grant"}, Unauthenticated, "refused: invalid_grant"),
        (503, b"busy", Unavailable, "503: no reason given"),
        (200, [], Unavailable, "holds no access token"),
        (200, b"{", Unavailable, "the user pool is unavailable"),
    ],
)
def test_every_refusal_of_the_endpoint_has_its_error(
    server: CannedServer,
    begun: BrowserSignIn,
    status: int,
    body: Any,
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words) as refused:
        endpoint(server, status, body).tokens(begun, "c-1")
    assert begun.verifier not in str(refused.value)


def test_a_machine_sends_its_secret_in_the_header_and_not_in_the_body(
    server: CannedServer,
) -> None:
    answer = {"access_token": "m-1", "expires_in": 3600}
    found = endpoint(server, 200, answer).machine_token("id/1", "s+e:c", "algotrendy/act")
    assert found.access_token == "m-1"
    asked = server.asked[-1]
    assert b"s%2Be" not in asked.body
    headers = {name.lower(): value for name, value in asked.headers.items()}
    sent = headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"id%2F1:s%2Be%3Ac"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="sign_in_url"):
        TokenEndpoint("ftp://example", ManualClock(NOW))
