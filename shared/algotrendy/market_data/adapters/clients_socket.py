"""Serve clients over one WebSocket, ``/v1/stream``, as docs/streaming.md says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from algotrendy.identity.app import bearer_token
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import seconds_passed
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Invalid,
    JsonValue,
    Unauthenticated,
    Unavailable,
)
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.protocol import Auth, Code, parse_client
from algotrendy.market_data.streaming.session import Doors, Ended, Limits, Session, token_refused
from algotrendy.platform.serving import AppServer, listen

PATH: Final = "/v1/stream"
_LOOK_S: Final = 0.25
_FAREWELL_S: Final = 3.0
_MOST_OF_A_CLOSE_REASON: Final = 120
_logger = logging.getLogger(__name__)


class ClientsSocket:
    """Keeps the connections of all clients.

    Args:
        verifier: Gives the verifier of the API's tokens, when the first one comes.
        now: The time, against which tokens end.
        seconds: Of a clock that never steps.
    """

    def __init__(
        self,
        hub: Hub,
        verifier: Callable[[], TokenVerifier],
        limits: Limits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: Callable[[], float] = seconds_passed,
    ) -> None:
        self.hub = hub
        self.doors = Doors(limits or Limits())
        self._verifier = verifier
        self._now = now
        self._seconds = seconds
        self._connections: set[_Connection] = set()

    def routes(self) -> list[BaseRoute]:
        """Give the route to add to an app."""
        return [WebSocketRoute(PATH, self._serve)]

    def describe(self) -> dict[str, JsonValue]:
        """Say who listens to how much, and how it went, as JSON values."""
        now = [connection.backlog for connection in self._connections]
        return {
            **self.hub.describe(),
            **self.doors.describe(),
            "sent": self.doors.sent + sum(backlog.sent for backlog in now),
            "conflated": self.doors.conflated + sum(backlog.conflated for backlog in now),
        }

    def stop(self) -> None:
        """Tell every client that the service ends, and let it go."""
        for connection in self._connections:
            connection.end(Ended(Code.GOING_AWAY, "the service ends; connect again"))

    async def _serve(self, websocket: WebSocket) -> None:
        await websocket.accept()
        connection = _Connection(websocket, self)
        if len(self._connections) >= self.doors.limits.clients:
            full = f"{self.doors.limits.clients} clients are connected; connect again later"
            connection.end(Ended(Code.TOO_MANY_CONNECTIONS, full))
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def session(self, backlog: Backlog) -> Session:
        """Begin a session."""
        return Session(self.hub, self.doors, backlog, self._now, self._seconds)

    async def admit(self, session: Session, token: str, id_: str | None = None) -> None:
        """Verify a token, whose issuer's keys may have to be fetched, and admit its holder.

        Raises:
            Ended: If it proves nothing, or its holder may not.
            Unavailable: If the keys cannot be read.
        """
        try:
            proof = await asyncio.to_thread(lambda: self._verifier().prove(token))
        except Unauthenticated as error:
            raise token_refused(error) from error
        except Unavailable as error:
            _logger.warning("tokens cannot be verified: %s", error)
            # Whoever asks is not known yet: what is amiss here is for the log.
            raise Unavailable("the verifier of tokens", "connect again later") from error
        session.admit(proof, id_)


class _Connection:
    def __init__(self, websocket: WebSocket, clients: ClientsSocket) -> None:
        self._websocket = websocket
        self._clients = clients
        self._limits = clients.doors.limits
        self._news = asyncio.Event()
        self.backlog = Backlog(
            self._limits.waiting_messages, self._limits.waiting_bytes, self._news.set
        )
        self._session = clients.session(self.backlog)
        self._ending: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._sending_since: float | None = None

    def end(self, ended: Ended) -> None:
        """End it from outside."""
        if not self._ending.done():
            self._ending.set_result(ended)

    async def run(self) -> None:
        """Serve until the client leaves or the connection must end."""
        jobs = [asyncio.create_task(job()) for job in (self._listen, self._tell, self._watch)]
        waited: list[asyncio.Future[Any]] = [self._ending, *jobs]
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            ended = self._why(jobs)
            # Nothing more is kept for this client while it hears its farewell.
            self._session.leave(ended)
        await self._say_farewell(ended)

    def _why(self, jobs: Sequence[asyncio.Task[None]]) -> Ended | None:
        """Tell why it ended; None: the client has left."""
        if self._ending.done():
            return self._ending.result()
        for job in jobs:
            error = None if job.cancelled() else job.exception()
            if isinstance(error, Ended):
                return error
            if isinstance(error, WebSocketDisconnect):
                return None
            if error is not None:
                _logger.error("a client's connection failed", exc_info=error)
        return Ended(Code.INTERNAL, "an internal error; connect again")

    async def _listen(self) -> None:
        self._session.greet()
        if self._websocket.url.query:
            # It would stand in every log on the way.
            raise Ended(
                Code.UNAUTHENTICATED, "the address takes no query: a token goes in a header"
            )
        headers = self._websocket.headers.getlist("authorization")
        if headers:
            await self._enter(headers)
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            self._session.hear()
            await self._obey(message.get("text"))

    async def _enter(self, headers: list[str]) -> None:
        try:
            token = bearer_token(headers)
        except Unauthenticated as error:
            raise token_refused(error) from error
        try:
            await self._clients.admit(self._session, token)
        except Unavailable as error:
            self._session.refuse(error)

    async def _obey(self, text: str | None) -> None:
        id_ = None
        try:
            if text is None:
                raise Invalid("message", "a text frame", "a binary one")
            message = parse_client(text)
            id_ = message.id
            if isinstance(message, Auth):
                await self._clients.admit(self._session, message.token, id_)
            else:
                self._session.obey(message)
        except AlgoTrendyError as error:
            self._session.refuse(error, id_)

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while batch := self.backlog.take():
                for message in batch:
                    self._sending_since = asyncio.get_running_loop().time()
                    await self._websocket.send_text(message.decode())
                self._sending_since = None
                # A send seldom waits: a long queue would keep everybody else waiting.
                await asyncio.sleep(0)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._session.tick()
            since = self._sending_since
            if since is not None and loop.time() - since >= self._limits.stalled_s:
                raise Ended(Code.SLOW, f"too slow: nothing taken in {self._limits.stalled_s:g} s")
            await asyncio.sleep(_LOOK_S)

    async def _say_farewell(self, ended: Ended | None) -> None:
        websocket = self._websocket
        if ended is None or websocket.client_state is WebSocketState.DISCONNECTED:
            return
        error = ended.error
        # A client that reads nothing must not keep us.
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_FAREWELL_S):
                await websocket.send_text(error.model_dump_json(exclude_none=True))
                reason = error.message[:_MOST_OF_A_CLOSE_REASON]
                await websocket.close(cast("int", error.close), reason)
                return
        transport = getattr(getattr(websocket._receive, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()


class ClientsServer:
    """Serves clients, and whatever other routes, on one port.

    Args:
        routes: Such as those of probes.
        port: 0 takes a free one; ``port`` tells which once it listens.
    """

    def __init__(
        self,
        clients: ClientsSocket,
        routes: Sequence[BaseRoute] = (),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.clients = clients
        self.host = host
        self.port = port
        self._app = Starlette(routes=[*clients.routes(), *routes])
        self._server: AppServer | None = None

    def stop(self) -> None:
        """Let ``run`` end: clients are told first."""
        self.clients.stop()
        if self._server is not None:
            self._server.should_exit = True

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until ``stop``.

        Raises:
            Unavailable: If the port cannot be listened on.
        """
        listener = listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        largest = self.clients.doors.limits.message_bytes
        self._server = AppServer(self._app, on_ready, largest)
        try:
            await self._server.serve(sockets=[listener])
        finally:
            listener.close()
