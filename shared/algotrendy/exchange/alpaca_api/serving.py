"""Serve the paper exchange over HTTP and WebSocket until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from algotrendy.exchange.alpaca_api.app import create_app
from algotrendy.exchange.floor import Floor
from algotrendy.kernel.errors import Unavailable

_GRACE_S = 3
_MAX_FRAME_BYTES = 1_048_576
_SWITCH_S = 0.0005
"""How long the loop keeps the interpreter from the store's thread, which many orders wait for."""


class ExchangeServer:
    """One floor behind one port.

    Args:
        port: 0 takes a free one; ``port`` tells which when it listens.
        on_ready: Called once, when requests are taken.
    """

    def __init__(
        self,
        floor: Floor,
        host: str = "127.0.0.1",
        port: int = 0,
        on_ready: Callable[[ExchangeServer], None] | None = None,
    ) -> None:
        self.floor = floor
        self.host = host
        self.port = port
        self._on_ready = on_ready
        self._server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        """Give the base URL of its REST API."""
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Ask it to end; safe from any thread."""
        if self._server is not None:
            self._server.should_exit = True

    async def serve(self, *, handle_signals: bool = False) -> None:
        """Serve until ``stop`` is called, it breaks, or a signal comes where they are handled.

        Raises:
            Unavailable: If the port cannot be listened on, or the exchange broke.
        """
        listener = _listener(self.host, self.port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            create_app(self.floor),
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=_MAX_FRAME_BYTES,
            # Deflating each small update costs more than it saves.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = _Server(config, self._say_ready)
        if handle_signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stop)
        self.floor.on_break = self.stop
        await self.floor.start()
        patience_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        try:
            await self._server.serve(sockets=[listener])
        finally:
            sys.setswitchinterval(patience_s)
            await self.floor.stop()
            listener.close()
        if self.floor.broken is not None:
            raise Unavailable("exchange", f"it broke: {self.floor.broken!r}; start it again")

    def _say_ready(self) -> None:
        if self._on_ready is not None:
            self._on_ready(self)


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way ends the process before the floor has stopped."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


def _listener(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise Unavailable(
            "port", f"{host}:{port} cannot be listened on ({error.strerror}); choose another --port"
        ) from error
    # asyncio leaves Nagle's algorithm on for a listener that it did not make: 40 ms an answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
