"""Serve an app on a port, within a process that has more to do than that."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from algotrendy.kernel.errors import Unavailable

_BACKLOG = 2048
_GRACE_S = 3


class AppServer(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way ends the process before the rest of it has stopped.

    Args:
        on_started: Called once, when requests are taken.
        largest_frame: Of a WebSocket's client, bytes.
    """

    def __init__(self, app: Any, on_started: Callable[[], None], largest_frame: int) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            # At info it writes each address whole, and with it a token that somebody put there.
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=largest_frame,
            # Deflating each small update costs more than it saves.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        super().__init__(config)
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        self._on_started()


def listen(host: str, port: int) -> socket.socket:
    """Listen on a port; 0 takes a free one.

    Raises:
        Unavailable: If that cannot be.
    """
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        reason = f"{host}:{port} cannot be listened on ({error.strerror}); choose another one"
        raise Unavailable("port", reason) from error
    # asyncio leaves Nagle's algorithm on for a listener that it did not make: 40 ms an answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
