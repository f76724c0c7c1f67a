"""Serve the paper exchange over HTTP and WebSocket until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

from algotrendy.exchange.alpaca_api.app import create_app
from algotrendy.exchange.floor import Floor
from algotrendy.kernel.errors import Unavailable
from algotrendy.platform.serving import AppServer, listen

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
        self._server: AppServer | None = None

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
        listener = listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._server = AppServer(create_app(self.floor), self._say_ready, _MAX_FRAME_BYTES)
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
