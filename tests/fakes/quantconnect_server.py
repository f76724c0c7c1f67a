"""Answer QuantConnect's REST API v2 over real HTTP, and go wrong on request.

It checks the signature and its age as documented. It is not QuantConnect: what it answers follows
the public reference and what their own clients expect, and orders fill on a stand-in of LEAN.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from algotrendy.kernel.clock import Clock, SystemClock
from fakes.quantconnect_cloud import Cloud
from fakes.quantconnect_projects import RefusedError

USER_ID, TOKEN = "4711", "a-token-of-the-local-server"
SIGNATURE_LIFETIME_S = 7200
RETRY_AFTER_S = 1


class Failure(StrEnum):
    """What can be made to go wrong with one call."""

    REFUSED = "refused"
    """Status 200, ``success: false``, and a reason."""
    UNAVAILABLE = "unavailable"
    """503 with Retry-After; nothing is done, but nobody can tell."""
    ERROR = "error"
    """500; nothing is done, but nobody can tell."""
    RATE_LIMIT = "rate_limit"
    """429 with Retry-After; nothing is done."""
    TURNED_AWAY = "turned_away"
    """429 that does not say when to come again; nothing is done."""
    OVERLOADED = "overloaded"
    """It is done, and the answer is a 503."""
    LOST_ANSWER = "lost_answer"
    """It is done, and the answer is a 504."""
    DROPPED = "dropped"
    """It is done, and the connection breaks in the middle of the answer."""
    NO_JSON = "no_json"
    """It is done, and the answer is a page."""
    SILENT = "silent"
    """It is done, and nothing is answered until the caller goes away."""


@dataclass(slots=True)
class Switches:
    """Failures to come, each for the next call whose path begins so."""

    waiting: deque[tuple[str, Failure]] = field(default_factory=deque)

    def take(self, path: str) -> Failure | None:
        """Give the failure of this call, and forget it."""
        for item in self.waiting:
            if path.startswith(item[0]):
                self.waiting.remove(item)
                return item[1]
        return None


class Broken(Response):
    """An answer that ends before it is over."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"500")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"succ', "more_body": False})


class Silent(Response):
    """No answer, until the caller goes away."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class QuantConnectServer:
    """The server, in a thread of its own, on a free port of this machine.

    Attributes:
        calls: The paths that were called, with what was sent, oldest first.
    """

    def __init__(self, clock: Clock | None = None, polls: int = 3) -> None:
        self.clock = clock or SystemClock()
        self.cloud = Cloud(self.clock, polls)
        self.failures = Switches()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.crashes: list[Exception] = []
        self.lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/v2"
        config = uvicorn.Config(self._app(), log_config=None, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        if self.crashes:
            raise ExceptionGroup("the local server itself went wrong", self.crashes)

    def reset(self, polls: int = 3) -> None:
        """Forget everything, as a server that was just started."""
        with self.lock:
            self.cloud = Cloud(self.clock, polls)
            self.failures.waiting.clear()
            self.calls.clear()

    def fail(self, failure: Failure, path: str = "", times: int = 1) -> None:
        """Let the next calls of a path go wrong."""
        self.failures.waiting.extend([(path, failure)] * times)

    def called(self, path: str) -> list[dict[str, Any]]:
        """Give what was sent to a path, oldest first."""
        return [body for called, body in self.calls if called == path]

    def answer(self, path: str, headers: Mapping[str, str], sent: bytes) -> Response:
        """Answer one call."""
        if reason := self._wrong_signature(headers):
            return JSONResponse({"success": False, "errors": [reason]})
        try:
            body = json.loads(sent or b"{}")
        except ValueError:
            return JSONResponse({"success": False, "errors": ["the body is no JSON"]})
        with self.lock:
            self.calls.append((path, body))
            if path == "live/commands/create" and '"submit"' in json.dumps(body).replace("\\", ""):
                self.cloud.submissions += 1
            failure = self.failures.take(path)
            if early := _before(failure):
                return early
            done = self._done(path, body)
        return _after(failure) or done

    def _done(self, path: str, body: dict[str, Any]) -> Response:
        try:
            return JSONResponse(self.cloud.call(path, body) | {"success": True, "errors": []})
        except RefusedError as refusal:
            return JSONResponse({"success": False, "errors": [str(refusal)]})
        except KeyError as missing:
            words = f"{missing.args[0]} is required"
            return JSONResponse({"success": False, "errors": [words]})
        except Exception as crash:  # noqa: BLE001 - shown when the server ends
            self.crashes.append(crash)
            return Response("internal server error", 500)

    def _wrong_signature(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        timestamp = headers.get("timestamp", "")
        try:
            user, _, hashed = base64.b64decode(encoded).decode().partition(":")
            age_s = abs(self.clock.now().timestamp() - int(timestamp))
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return "Hash doesn't match. The headers are not as documented."
        wanted = hashlib.sha256(f"{TOKEN}:{timestamp}".encode()).hexdigest()
        if scheme != "Basic" or user != USER_ID or not hmac.compare_digest(hashed, wanted):
            return "Hash doesn't match."
        if age_s > SIGNATURE_LIFETIME_S:
            return "Hash doesn't match. The timestamp is too old."
        return None

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/api/v2/{path:path}")
        async def call(path: str, request: Request) -> Response:
            return self.answer(path, request.headers, await request.body())

        return app


def _before(failure: Failure | None) -> Response | None:
    match failure:
        case Failure.REFUSED:
            return JSONResponse({"success": False, "errors": ["It was made to fail"]})
        case Failure.UNAVAILABLE:
            return Response("try later", 503, {"Retry-After": str(RETRY_AFTER_S)})
        case Failure.ERROR:
            return Response("internal server error", 500)
        case Failure.RATE_LIMIT:
            return Response("slow down", 429, {"Retry-After": str(RETRY_AFTER_S)})
        case Failure.TURNED_AWAY:
            return Response("slow down", 429)
        case _:
            return None


def _after(failure: Failure | None) -> Response | None:
    match failure:
        case Failure.LOST_ANSWER:
            return Response("gateway timeout", 504)
        case Failure.OVERLOADED:
            return Response("try later", 503)
        case Failure.DROPPED:
            return Broken()
        case Failure.NO_JSON:
            return Response("<html>Just a moment</html>", 200, media_type="text/html")
        case Failure.SILENT:
            return Silent()
        case _:
            return None
