"""A streaming service in a thread of its own, and a plain WebSocket client of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.market_data.adapters.clients_socket import PATH, ClientsServer, ClientsSocket
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.protocol import parse_server
from algotrendy.market_data.streaming.session import Limits
from algotrendy.market_data.streaming.topics import Offer
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks

PATIENCE_S = 10.0


class StreamService:
    """A hub behind a real socket; its clock stands still until it is moved."""

    def __init__(self, limits: Limits, offer: Offer, port: int) -> None:
        self.clock = ManualClock(NOW)
        self.keys = KeysInMemory(jwks(jwk()))
        self.seconds = 0.0
        self.hub = Hub(offer, lambda: int(self.clock.now().timestamp()) * 1_000_000_000)
        verifier = TokenVerifier(ISSUER, CLIENT_ID, self.keys, self.clock)
        self.clients = ClientsSocket(
            self.hub, lambda: verifier, limits, self.clock.now, lambda: self.seconds
        )
        self.server = ClientsServer(self.clients, port=port)
        self.loop = asyncio.new_event_loop()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}{PATH}"

    def do(self, call: Callable[[], Any]) -> Any:
        """Call on the service's own thread, and wait for what it gives."""

        async def called() -> Any:
            return call()

        return asyncio.run_coroutine_threadsafe(called(), self.loop).result(PATIENCE_S)

    def advance(self, seconds: float) -> None:
        """Move both clocks."""
        self.clock.advance(timedelta(seconds=seconds))
        self.seconds += seconds

    def token(self, role: str = "viewer", **claims: Any) -> str:
        """Sign a token that counts now, for an hour."""
        return Issuer(self.clock).token(TENANT_GROUP + "acme", ROLE_GROUP + role, **claims)


@contextmanager
def stream_service(
    limits: Limits | None = None, offer: Offer | None = None, port: int = 0
) -> Iterator[StreamService]:
    """Serve on a free port until the end of the block."""
    service = StreamService(limits or Limits(), offer or Offer(), port)
    ready = threading.Event()
    thread = threading.Thread(
        target=lambda: service.loop.run_until_complete(service.server.run(ready.set))
    )
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield service
    finally:
        service.loop.call_soon_threadsafe(service.server.stop)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        service.loop.close()


class StreamSocket:
    """One connection; every message that it hears is checked against the protocol."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def send(self, message: Mapping[str, Any] | str | bytes) -> None:
        """Send a message, or a frame as it is."""
        is_raw = isinstance(message, str | bytes)
        self.connection.send(message if is_raw else json.dumps(message))

    def hear(self, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Give the next message."""
        frame = self.connection.recv(within_s)
        parse_server(frame)
        told: dict[str, Any] = json.loads(frame)
        return told

    def hear_a(self, *types: str) -> dict[str, Any]:
        """Give the next message of a type, passing over others."""
        while (told := self.hear())["type"] not in types:
            continue
        return told

    def ask(self, message: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
        """Send a message and give the next one that comes."""
        self.send(message)
        return self.hear()

    def end(self) -> tuple[int | None, dict[str, Any]]:
        """Read to the end; give the close frame's code and the last error."""
        error: dict[str, Any] = {}
        try:
            while True:
                told = self.hear()
                error = told if told["type"] == "error" else error
        except ConnectionClosed as closed:
            return (closed.rcvd.code if closed.rcvd else None), error


@contextmanager
def stream_socket(url: str, token: str | None = None, **options: Any) -> Iterator[StreamSocket]:
    """Connect, with a token in the header if there is one; the welcome is heard already."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with connect(url, additional_headers=headers, close_timeout=0.5, **options) as connection:
        socket = StreamSocket(connection)
        assert socket.hear()["type"] == "welcome"
        yield socket


@contextmanager
def admitted(service: StreamService, **options: Any) -> Iterator[StreamSocket]:
    """Connect as a viewer."""
    with stream_socket(service.url, service.token(), **options) as socket:
        assert socket.hear()["type"] == "authenticated"
        yield socket
