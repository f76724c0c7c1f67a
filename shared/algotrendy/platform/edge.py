"""Stand between the caller and an app: correlation id, body limit, headers, access log, crashes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algotrendy.kernel.errors import TooLarge
from algotrendy.platform import problems, telemetry

Headers = Iterable[tuple[bytes, bytes]]

_LONGEST_LENGTH = 18

# What an answer says unless the route says otherwise.
DEFAULT_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class Edge:
    """Is the outermost middleware of every app.

    The body is read here, whole, before the app sees it: a body that lies about its length, or
    names none, is stopped at the limit all the same.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; what is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        telemetry.use_log_level()
        with telemetry.correlated(_header(scope["headers"], telemetry.HEADER)) as bound:
            answer = _Answer(send, bound)
            started = time.perf_counter()
            try:
                await self._serve(scope, receive, answer)
            except Exception:
                telemetry.logger.exception("request crashed")
                if answer.status:  # half an answer is out: the caller must see it break off
                    raise
                await problems.of_crash().response()(scope, receive, answer)
            finally:
                _log(scope, answer, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        body = await self._read(scope, receive)
        if isinstance(body, TooLarge):
            refusal: Response = problems.of_error(body).response()
            await refusal(scope, receive, answer)
            return
        if body is None:  # the caller left before the body was whole
            return
        await self._app(scope, _replayed(body, receive), answer)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | TooLarge | None:
        announced = _header(scope["headers"], "content-length") or ""
        # Python reads no number of thousands of digits; nor need we.
        if announced.isdecimal() and len(announced) > _LONGEST_LENGTH:
            return TooLarge(self._max_body_bytes)
        if announced.isdecimal() and int(announced) > self._max_body_bytes:
            return TooLarge(self._max_body_bytes, int(announced))
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._max_body_bytes:
                return TooLarge(self._max_body_bytes)
            if not message.get("more_body", False):
                return bytes(body)


class _Answer:
    """Passes the app's answer on, with the headers that every answer has."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self._send = send
        self._correlation_id = correlation_id.encode("ascii")
        self.status = 0
        self.sent_bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._complete(message.get("headers", ()))}
        elif message["type"] == "http.response.body":
            self.sent_bytes += len(message.get("body", b""))
        await self._send(message)

    def _complete(self, headers: Headers) -> Sequence[tuple[bytes, bytes]]:
        mark = telemetry.HEADER.encode("ascii")
        own = [(name, value) for name, value in headers if name.lower() != mark]
        named = {name.lower() for name, _ in own}
        added = [pair for pair in DEFAULT_HEADERS if pair[0] not in named]
        return [*own, *added, (mark, self._correlation_id)]


def _replayed(body: bytes, receive: Receive) -> Receive:
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return rest.pop() if rest else await receive()

    return replay


def _header(headers: Headers, name: str) -> str | None:
    wanted = name.encode("ascii")
    for key, value in headers:
        if key.lower() == wanted:
            return value.decode("latin-1")
    return None


def _log(scope: Scope, answer: _Answer, elapsed_s: float) -> None:
    # Neither query nor headers: they may hold what is not for the log.
    telemetry.logger.info(
        "request",
        extra={
            "method": scope["method"],
            "path": scope["path"],
            "status": answer.status,
            "duration_ms": round(elapsed_s * 1000, 2),
            "response_bytes": answer.sent_bytes,
        },
    )
