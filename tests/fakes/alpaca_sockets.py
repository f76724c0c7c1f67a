"""Raw WebSocket clients of the paper exchange, for what a well-behaved client never does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack  # type: ignore[import-untyped]
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from fixtures.exchange import KEY_ID, SECRET

HEADERS = {"APCA-API-KEY-ID": KEY_ID, "APCA-API-SECRET-KEY": SECRET}
PATIENCE_S = 10.0


class RawSocket:
    """One connection; what it says and hears is plain values."""

    def __init__(self, connection: Connection, *, packed: bool) -> None:
        self.connection = connection
        self._packed = packed

    def send(self, message: object) -> None:
        """Send a message in the connection's encoding; text and bytes go as they are."""
        if isinstance(message, str | bytes):
            self.connection.send(message)
        else:
            self.connection.send(msgpack.packb(message) if self._packed else json.dumps(message))

    def frame(self, within_s: float = PATIENCE_S) -> str | bytes:
        """Give the next frame as it is."""
        return self.connection.recv(within_s)

    def hear(self, within_s: float = PATIENCE_S) -> Any:
        """Give the next frame's message."""
        frame = self.frame(within_s)
        return msgpack.unpackb(frame) if self._packed else json.loads(frame)

    def ask(self, message: object) -> Any:
        """Send a message and give the answer."""
        self.send(message)
        return self.hear()

    def is_silent(self, for_s: float = 0.4) -> bool:
        """Say whether nothing comes for so long, while the connection lives."""
        try:
            self.connection.recv(for_s)
        except TimeoutError:
            self.connection.ping().wait(PATIENCE_S)
            return True
        return False

    def end(self) -> int | None:
        """Read to the end and give the close frame's code; None: it broke without one."""
        try:
            while True:
                self.connection.recv(PATIENCE_S)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@contextmanager
def raw_socket(
    url: str, *, packed: bool = False, headers: dict[str, str] | None = None
) -> Iterator[RawSocket]:
    """Connect to a URL; ``packed`` asks for msgpack."""
    asked = dict(headers or {})
    if packed:
        asked["Content-Type"] = "application/msgpack"
    with connect(url, additional_headers=asked, close_timeout=0.1, max_size=None) as connection:
        yield RawSocket(connection, packed=packed)


@contextmanager
def updates_socket(url: str, *, packed: bool = False) -> Iterator[RawSocket]:
    """Listen to trade updates."""
    with raw_socket(url, packed=packed) as socket:
        said = socket.ask({"action": "auth", "key": KEY_ID, "secret": SECRET})
        assert said["data"]["status"] == "authorized"
        said = socket.ask({"action": "listen", "data": {"streams": ["trade_updates"]}})
        assert said["data"]["streams"] == ["trade_updates"]
        yield socket


@contextmanager
def market_socket(url: str, *, packed: bool = False, **wanted: list[str]) -> Iterator[RawSocket]:
    """Subscribe to market data."""
    with raw_socket(url, packed=packed, headers=HEADERS) as socket:
        assert socket.hear() == [{"T": "success", "msg": "connected"}]
        assert socket.hear() == [{"T": "success", "msg": "authenticated"}]
        if wanted:
            assert socket.ask({"action": "subscribe", **wanted})[0]["T"] == "subscription"
        yield socket
