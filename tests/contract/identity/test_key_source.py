"""What a KeySource promises, held against the one in memory and the one over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import pytest

from algotrendy.identity.adapters.jwks import (
    MAX_AGE,
    MAX_STALE,
    MIN_BETWEEN_FETCHES,
    JwksOverHttp,
    signing_keys,
)
from algotrendy.identity.tokens import KeySource, TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, Unavailable
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks


class KeyServer:
    """Serves a JWKS document on the loopback interface, or faults on demand."""

    def __init__(self) -> None:
        self.body: bytes = b""
        self.status = 200
        self.requests = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests += 1
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Keep the tests' output clean."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/.well-known/jwks.json"

    def hold(self, *keys: dict[str, Any]) -> None:
        self.body = json.dumps(jwks(*keys)).encode()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[KeyServer]:
    server = KeyServer()
    server.hold(jwk("key-1", 1), jwk("key-2", 2))
    yield server
    server.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def over_http(server: KeyServer, clock: ManualClock) -> JwksOverHttp:
    return JwksOverHttp(server.url, clock, timeout_s=2)


class Unreachable(Protocol):
    """Makes the source's issuer unreachable."""

    def __call__(self) -> None:
        """Do it."""
        ...


@pytest.fixture(params=["in memory", "over http"])
def source(
    request: pytest.FixtureRequest, server: KeyServer, over_http: JwksOverHttp
) -> tuple[KeySource, Unreachable]:
    if request.param == "over http":

        def close() -> None:
            server.status = 503

        return over_http, close
    keys = KeysInMemory(jwks(jwk("key-1", 1), jwk("key-2", 2)))

    def hide() -> None:
        keys.is_reachable = False

    return keys, hide


class TestEveryKeySource:
    def test_finds_each_key_of_the_issuer(self, source: tuple[KeySource, Unreachable]) -> None:
        keys, _ = source
        for key_id in ("key-1", "key-2", "key-1"):
            found = keys.key(key_id)
            assert found is not None
            assert found.key_id == key_id

    def test_a_key_it_gives_verifies_a_token(self, source: tuple[KeySource, Unreachable]) -> None:
        clock = ManualClock(NOW)
        verifier = TokenVerifier(ISSUER, CLIENT_ID, source[0], clock)
        assert verifier.verify(Issuer(clock).token()).username == "ada"

    def test_says_none_for_a_key_that_the_issuer_does_not_have(
        self, source: tuple[KeySource, Unreachable]
    ) -> None:
        assert source[0].key("key-of-nobody") is None

    def test_is_unavailable_when_the_keys_cannot_be_read(
        self, source: tuple[KeySource, Unreachable]
    ) -> None:
        keys, make_unreachable = source
        make_unreachable()
        with pytest.raises(Unavailable, match="the issuer's key set is unavailable"):
            keys.key("key-1")


def test_keys_are_fetched_once_for_many_tokens(server: KeyServer, over_http: JwksOverHttp) -> None:
    for _ in range(20):
        assert over_http.key("key-1")
    assert server.requests == 1


def test_old_keys_are_fetched_again(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock
) -> None:
    assert over_http.key("key-1")
    server.hold(jwk("key-2", 2))
    clock.advance(MAX_AGE + timedelta(seconds=1))
    assert over_http.key("key-1") is None
    assert over_http.key("key-2")


def test_a_rotated_key_is_found_at_once(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock
) -> None:
    assert over_http.key("key-1")
    server.hold(jwk("key-2", 2), jwk("key-3", 3))
    clock.advance(MIN_BETWEEN_FETCHES)
    assert over_http.key("key-3")
    assert server.requests == 2


def test_invented_key_ids_do_not_make_us_flood_the_issuer(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock
) -> None:
    for number in range(50):
        assert over_http.key(f"invented-{number}") is None
    assert server.requests == 1
    clock.advance(MIN_BETWEEN_FETCHES)
    assert over_http.key("invented") is None
    assert server.requests == 2


def test_the_last_good_copy_serves_while_the_issuer_is_down(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock
) -> None:
    assert over_http.key("key-1")
    server.status = 500
    clock.advance(MAX_AGE + timedelta(seconds=1))
    assert over_http.key("key-1")
    # Whether an unknown key exists cannot be told now: that is our trouble, not the caller's.
    with pytest.raises(Unavailable) as caught:
        over_http.key("key-3")
    assert caught.value.retry_after_s == MIN_BETWEEN_FETCHES.total_seconds()


def test_the_last_good_copy_ends_after_a_day(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock
) -> None:
    assert over_http.key("key-1")
    server.status = 500
    clock.advance(MAX_STALE + timedelta(seconds=1))
    with pytest.raises(Unavailable):
        over_http.key("key-1")
    server.status = 200
    clock.advance(MIN_BETWEEN_FETCHES)
    assert over_http.key("key-1")


def test_a_source_that_could_not_read_recovers_after_a_pause(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock
) -> None:
    server.status = 503
    for _ in range(3):
        with pytest.raises(Unavailable):
            over_http.key("key-1")
    assert server.requests == 1
    server.status = 200
    clock.advance(MIN_BETWEEN_FETCHES)
    assert over_http.key("key-1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": ["x"]}',
        b'{"keys": [{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}]}',
        b" " * 1_000_001,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_document_that_is_no_key_set_does_not_replace_the_good_one(
    server: KeyServer, over_http: JwksOverHttp, clock: ManualClock, body: bytes
) -> None:
    assert over_http.key("key-1")
    server.body = body
    clock.advance(MAX_AGE + timedelta(seconds=1))
    assert over_http.key("key-1")
    with pytest.raises(Unavailable):
        over_http.key("key-3")


def test_a_refused_connection_is_unavailable(clock: ManualClock, server: KeyServer) -> None:
    url = server.url
    server.close()
    with pytest.raises(Unavailable, match="Connection refused"):
        JwksOverHttp(url, clock, timeout_s=2).key("key-1")


def test_only_rsa_signing_keys_are_taken() -> None:
    document = jwks(
        jwk("good"),
        jwk("encrypts") | {"use": "enc"},
        jwk("other") | {"alg": "PS256"},
        jwk("broken") | {"n": "!"},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "RS256"},
        {key: value for key, value in jwk().items() if key != "kid"},
    )
    assert list(signing_keys(document)) == ["good"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/x", ""])
def test_keys_are_read_over_http_only(url: str, clock: ManualClock) -> None:
    with pytest.raises(Invalid, match="token_jwks_url must be an http or https URL"):
        JwksOverHttp(url, clock)
