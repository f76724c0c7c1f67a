"""Keep one WebSocket alive, and end it as it must end: slow, silent, broken or in maintenance."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Final

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from algotrendy.exchange.alpaca_api.frames import Encoding, Message
from algotrendy.exchange.faults import Scripted
from algotrendy.exchange.feed import Feed, FeedEnded
from algotrendy.exchange.floor import Floor

_LOOK_S: Final = 0.1
_FAREWELL_S: Final = 1.0
_TURN: Final = 64
_logger = logging.getLogger(__name__)


class End(Enum):
    """Why the exchange ends a connection, with the code of the close frame; None: without one."""

    BROKEN = None
    NOT_AUTHENTICATED = 1008
    SLOW = 1013
    GOING_AWAY = 1001
    REFUSED = 1000
    INTERNAL = 1011


class Ended(Exception):  # noqa: N818 - reads as what it means
    """Says that this side ends the connection.

    Args:
        farewell: What to tell the client first, if it still listens.
    """

    def __init__(self, end: End, farewell: Message | None = None) -> None:
        super().__init__(end.name)
        self.end = end
        self.farewell = farewell


class Connection:
    """One WebSocket that was accepted.

    Args:
        always_binary: Send JSON in binary frames too, as Alpaca's paper stream of updates does.
        in_arrays: A control message is an array of one, as in market data.
    """

    def __init__(
        self,
        websocket: WebSocket,
        floor: Floor,
        *,
        always_binary: bool = False,
        in_arrays: bool = False,
    ) -> None:
        self.encoding = Encoding.asked_for(websocket.headers.get("content-type"))
        self.path: str = websocket.scope["path"]
        self.floor = floor
        self.is_authenticated = False
        self.farewell_of: dict[End, Message] = {}
        self._websocket = websocket
        self._binary = always_binary or self.encoding is Encoding.MSGPACK
        self._in_arrays = in_arrays
        self._feed: Feed[Any] | None = None
        self._poked = asyncio.Event()
        self._broken_by_script = False
        self._sent = 0
        self._unbroken = 0

    def listen_to(self, feed: Feed[Any]) -> None:
        """Watch a feed: when it overflows the client was too slow."""
        self._feed = feed

    async def receive(self) -> str | bytes:
        """Wait for the next frame."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text: str | None = message.get("text")
        frame: bytes = message.get("bytes") or b""
        return frame if text is None else text

    async def say(self, message: Message) -> None:
        """Send a control message."""
        encoded = self.encoding.pack(message)
        await self._send(self.encoding.array([encoded]) if self._in_arrays else encoded)

    async def tell(self, encoded: bytes, messages: int = 1) -> None:
        """Send data; the connection may break by it when that fault is on."""
        await self._send(encoded)
        self._sent += messages
        most = self.floor.chaos.faults.disconnect_every_updates
        if most and self._sent >= most:
            self.floor.chaos.injected["disconnect_every_updates"] += 1
            raise Ended(End.BROKEN)
        self._unbroken += 1
        if self._unbroken >= _TURN:
            # A send seldom waits: without this a long queue would keep everybody else waiting.
            self._unbroken = 0
            await asyncio.sleep(0)

    async def _send(self, encoded: bytes) -> None:
        if self._binary:
            await self._websocket.send_bytes(encoded)
        else:
            await self._websocket.send_text(encoded.decode())

    async def run(self, *jobs: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do the jobs side by side until one ends or the connection must."""
        loop = asyncio.get_running_loop()

        def on_chaos(scripted: Scripted | None) -> None:
            loop.call_soon_threadsafe(self._on_chaos, scripted)

        unwatch = self.floor.chaos.watch(on_chaos)
        tasks = [asyncio.create_task(job()) for job in (*jobs, self._guard)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unwatch()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._feed is not None:
                self._feed.close()
        await self._end(self._why(done))

    def _why(self, done: Iterable[asyncio.Task[None]]) -> Ended | None:
        """Tell why the first jobs ended; None: the client has left."""
        errors = [error for task in done if (error := task.exception())]
        for error in errors:
            if isinstance(error, WebSocketDisconnect):
                return None
            if isinstance(error, Ended):
                return error
            if isinstance(error, FeedEnded):
                slow = self._feed is not None and self._feed.overflowed
                return self._as_ended(End.SLOW if slow else End.GOING_AWAY)
            _logger.error("a socket failed", exc_info=error)
        return self._as_ended(End.INTERNAL)

    def _on_chaos(self, scripted: Scripted | None) -> None:
        if scripted is not None and fnmatchcase(self.path, scripted.path):
            self.floor.chaos.injected["disconnect"] += 1
            self._broken_by_script = True
        self._poked.set()

    async def _guard(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        while True:
            self._look(loop.time() - started)
            self._poked.clear()
            # Not wait_for: Python 3.11's can lose a cancellation.
            again = loop.call_later(_LOOK_S, self._poked.set)
            try:
                await self._poked.wait()
            finally:
                again.cancel()

    def _look(self, age_s: float) -> None:
        """End the connection if it must.

        Raises:
            Ended: Then.
        """
        chaos = self.floor.chaos
        if self._broken_by_script:
            raise Ended(End.BROKEN)
        if chaos.faults.refuse_sockets:
            chaos.injected["refuse_sockets"] += 1
            raise Ended(End.BROKEN)
        if chaos.faults.disconnect_every_s and age_s >= chaos.faults.disconnect_every_s:
            chaos.injected["disconnect_every_s"] += 1
            raise Ended(End.BROKEN)
        if chaos.maintenance_ends(self.floor.now()) is not None:
            raise self._as_ended(End.GOING_AWAY)
        if self._feed is not None and self._feed.overflowed:
            raise self._as_ended(End.SLOW)
        if not self.is_authenticated and age_s >= chaos.faults.authentication_s:
            raise self._as_ended(End.NOT_AUTHENTICATED)

    def _as_ended(self, end: End) -> Ended:
        return Ended(end, self.farewell_of.get(end))

    async def _end(self, ended: Ended | None) -> None:
        if ended is None or self._websocket.client_state is WebSocketState.DISCONNECTED:
            return
        code = ended.end.value
        if code is None:
            abort(self._websocket._receive)
            return
        # A client that reads nothing must not keep us: it gets a second.
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_FAREWELL_S):
                if ended.farewell is not None:
                    await self.say(ended.farewell)
                await self._websocket.close(code)
                return
        abort(self._websocket._receive)


def abort(receive: object) -> bool:
    """Break a connection without a word; False where the server does not let us.

    Uvicorn's ``receive`` is a method of the object that holds the transport.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        return False
    transport.abort()
    return True


async def deny(websocket: WebSocket, response: Response) -> None:
    """Answer the handshake with a response instead of a connection."""
    await websocket.send_denial_response(response)
    is_denied(websocket._receive)


def is_denied(receive: object) -> None:
    """Tell the server that a handshake is over: uvicorn logs an error for each that was denied."""
    server: Any = getattr(receive, "__self__", None)
    if hasattr(server, "handshake_complete"):
        server.handshake_complete = True
