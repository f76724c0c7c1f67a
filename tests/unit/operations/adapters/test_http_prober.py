"""The prober: it asks once, gives up in time, and says why in words for everybody."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from algotrendy.operations.adapters.http_prober import MOST_BYTES, HttpProber
from algotrendy.operations.status.components import COMPONENTS, Component, Door


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        match self.path:
            case "/api/trading/ready":
                self.answer(503, b'{"checks": {}}')
            case "/moved":
                self.send_response(302)
                self.send_header("Location", "/api/operations/health")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/endless":
                self.answer(200, b"x" * (MOST_BYTES + 1))
            case "/drip":
                self.send_response(200)
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            case "/short":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"x")
            case _:
                self.answer(200, b"{}")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left is what some of these tests are about."""


@contextmanager
def server() -> Iterator[str]:
    with Quiet(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as address:
        yield address


def one(url: str, path: str) -> tuple[int | None, str]:
    prober = HttpProber(lambda: {Door.API: url}, timeout_s=0.4)
    reply = prober.ask([Component("x", "X", "x", path)])["x"]
    return reply.status, reply.reason


def test_each_address_is_asked_once_and_answers_for_all_that_it_carries(url: str) -> None:
    Handler.asked.clear()
    doors = {Door.API: f"{url}/api/", Door.SIGN_IN: f"{url}/keys"}
    replies = HttpProber(lambda: doors).ask(COMPONENTS)
    assert replies.keys() == {component.id for component in COMPONENTS}
    assert set(Handler.asked.values()) == {1}
    assert replies["orders"] == replies["execution"]
    assert (replies["orders"].status, replies["api"].status) == (503, 200)
    assert replies["api"].latency_s > 0


def test_what_has_no_address_yet_is_left_out(url: str) -> None:
    assert set(HttpProber(lambda: {Door.SIGN_IN: url}).ask(COMPONENTS)) == {"sign-in"}
    assert HttpProber(dict).ask(COMPONENTS) == {}


def test_whatever_goes_wrong_is_a_reason_without_an_address(url: str) -> None:
    assert one(url, "/endless") == (None, "answers without an end")
    assert one(url, "/drip") == (None, "no whole answer in 0.4 s")
    assert one(url, "/short") == (None, "the answer broke off")
    assert one(url, "/moved") == (302, "no answer"), "whoever redirects is not what was asked"
    assert one("http://127.0.0.1:1", "/") == (None, "cannot be reached")


def test_who_takes_the_call_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        assert one(address, "/") == (None, "no answer in 0.4 s")
        assert time.monotonic() - started < 2
