"""Stand between a feed and who listens: double frames, make up bad ticks, cut, fall silent."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import msgpack  # type: ignore[import-untyped]
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

_FIRST_MADE_UP = 9_000_000_000_000_000
_DOUBLED, _MADE_UP, _CUT = 0.05, 0.03, 0.0005
_BREAKS = (OSError, RuntimeError, WebSocketDisconnect, WebSocketException)
_HOP = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})


@dataclass
class Feed:
    """A proxy of a paper exchange, in a thread of its own; its chances come from a seed.

    Attributes:
        is_hostile: Whether anything goes wrong at all.
        made_up: How many bad ticks it has told.
    """

    exchange: str
    port: int
    random: Random
    is_hostile: bool = True
    made_up: int = 0
    doubled: int = 0
    cuts: int = 0
    _is_over: bool = False
    _mute: set[int] = field(default_factory=set)
    _open: dict[int, WebSocket] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None
    _server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        """Give its address, for sockets and requests."""
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def serving(self) -> Any:
        """Serve until the end of the block."""
        config = uvicorn.Config(self._app(), port=self.port, log_level="error", lifespan="on")
        self._server = uvicorn.Server(config)
        thread = threading.Thread(target=self._server.run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.should_exit = True
            thread.join(10)

    def fall_silent(self) -> None:
        """Let every open socket live on and tell nothing more, until who listens has enough."""
        self._mute = set(self._open)

    def end(self) -> None:
        """Tell nothing more to anybody, and let nobody in again."""
        self._is_over = True
        self.cut()

    def cut(self) -> None:
        """Break every open socket."""
        if self._loop is not None:
            for websocket in list(self._open.values()):
                asyncio.run_coroutine_threadsafe(_closed(websocket), self._loop)
            self.cuts += len(self._open)

    def _app(self) -> Starlette:
        @contextlib.asynccontextmanager
        async def life(_: Starlette) -> AsyncIterator[None]:
            self._loop = asyncio.get_running_loop()
            async with httpx.AsyncClient(base_url=self.exchange, timeout=30) as self._http:
                yield

        routes = [
            WebSocketRoute("/{path:path}", self._socket),
            Route("/{path:path}", self._request),
        ]
        return Starlette(routes=routes, lifespan=life)

    async def _request(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        told = await self._http.get(request.url.path, params=request.query_params, headers=headers)
        kept = {name: value for name, value in told.headers.items() if name not in _HOP}
        return Response(told.content, told.status_code, kept)

    async def _socket(self, websocket: WebSocket) -> None:
        if self._is_over:
            await websocket.close()
            return
        await websocket.accept()
        address = self.exchange.replace("http", "ws", 1) + websocket.url.path
        packed = {"Content-Type": websocket.headers.get("content-type", "application/json")}
        self._open[id(websocket)] = websocket
        with contextlib.suppress(*_BREAKS):
            async with connect(address, additional_headers=packed, max_size=2**24) as exchange:
                asking = asyncio.create_task(_pass_on(websocket, exchange))
                try:
                    async for frame in exchange:
                        await self._tell(websocket, frame)
                finally:
                    asking.cancel()
        self._open.pop(id(websocket), None)
        self._mute.discard(id(websocket))
        with contextlib.suppress(*_BREAKS):
            await websocket.close()

    async def _tell(self, websocket: WebSocket, frame: str | bytes) -> None:
        if id(websocket) in self._mute:
            return
        frames = [frame]
        if self.is_hostile and isinstance(frame, bytes):
            if self.random.random() < _DOUBLED:
                frames.append(frame)
                self.doubled += 1
            if self.random.random() < _MADE_UP and (bad := self._bad(frame)) is not None:
                frames.insert(self.random.randrange(2), bad)
            if self.random.random() < _CUT:
                self.cuts += 1
                raise OSError("cut")
        for each in frames:
            if isinstance(each, bytes):
                await websocket.send_bytes(each)
            else:
                await websocket.send_text(each)

    def _bad(self, frame: bytes) -> bytes | None:
        """Make up a tick that is wrong, of one that is right."""
        trades = [item for item in msgpack.unpackb(frame) if item.get("T") == "t"]
        if not trades:
            return None
        bad = dict(self.random.choice(trades))
        bad["i"] = _FIRST_MADE_UP + self.made_up
        self.made_up += 1
        match self.random.randrange(5):
            case 0:
                bad["p"] = math.nan
            case 1:
                bad["p"] = -bad["p"]
            case 2:
                bad["p"] *= 40.0
            case 3:
                bad["t"] = msgpack.Timestamp(bad["t"].seconds - 600, bad["t"].nanoseconds)
            case _:
                bad["t"] = msgpack.Timestamp(bad["t"].seconds + 3600, bad["t"].nanoseconds)
        made: bytes = msgpack.packb([bad])
        return made


def is_made_up(trade_id: str) -> bool:
    """Tell a tick that was made up from one of the exchange."""
    return trade_id.isdigit() and int(trade_id) >= _FIRST_MADE_UP


async def _pass_on(websocket: WebSocket, exchange: Any) -> None:
    with contextlib.suppress(*_BREAKS):
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            await exchange.send(message.get("bytes") or message.get("text") or "")
    await exchange.close()


async def _closed(websocket: WebSocket) -> None:
    with contextlib.suppress(*_BREAKS):
        await websocket.close(1011)
