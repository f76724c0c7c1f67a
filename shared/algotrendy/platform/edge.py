"""Stand between the caller and an app: correlation id, what a request may be, headers, crashes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algotrendy.kernel.errors import AlgoTrendyError, Invalid
from algotrendy.kernel.request_errors import TooLarge
from algotrendy.platform import problems, telemetry
from algotrendy.platform.json_bodies import check_json
from algotrendy.platform.origin import require_origin
from algotrendy.platform.request_metrics import measure_request

Headers = Iterable[tuple[bytes, bytes]]

_LONGEST_LENGTH = 18
# Headers that say one thing: of two, one reader would take the first and another the last. (So too
# Authorization, of which whoever reads it says that itself.)
_ONCE = (b"content-length", b"content-type", b"idempotency-key")
_UNFIT = (b"\r", b"\n", b"\x00")
_STATE = "answer_headers"

# What an answer says unless the route says otherwise.
DEFAULT_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def add_answer_headers(scope: MutableMapping[str, Any], headers: Mapping[str, str]) -> None:
    """Put headers on the answer to a request, whatever it will be: also a refusal, or a crash."""
    found: dict[str, str] = scope.setdefault("state", {}).setdefault(_STATE, {})
    found.update(headers)


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
            answer = _Answer(send, bound, scope)
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
        if body is None:  # the caller left before the body was whole
            return
        try:
            if isinstance(body, TooLarge):
                raise body
            _check(scope, body)
        except AlgoTrendyError as error:
            refusal: Response = problems.of_error(error).response()
            await refusal(scope, receive, answer)
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

    def __init__(self, send: Send, correlation_id: str, scope: Scope) -> None:
        self._send = send
        # A dict of this request alone; what the server keeps in its own is seen all the same.
        self._state = scope["state"] = dict(scope.get("state") or {})
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
        more = self._state.get(_STATE, {})
        given = [(name.encode(), value.encode("latin-1")) for name, value in more.items()]
        own = [
            (name, value)
            for name, value in (*headers, *given)
            if name.lower() != mark and _is_fit(name, value)
        ]
        named = {name.lower() for name, _ in own}
        added = [pair for pair in DEFAULT_HEADERS if pair[0] not in named]
        return [*own, *added, (mark, self._correlation_id)]


def _check(scope: Scope, body: bytes) -> None:
    """Refuse what readers further in would take differently, or not at all.

    Raises:
        Invalid: If so; it names the part of the request.
        WentAround: If it did not come through the domain that it must come through.
    """
    require_origin(scope["headers"])
    if "\x00" in scope["path"]:
        raise Invalid("path", "text without a NUL character", "one with it")
    if b"%00" in scope.get("query_string", b""):
        raise Invalid("query", "text without a NUL character", "one with it")
    names = [name.lower() for name, _ in scope["headers"]]
    for name in _ONCE:
        if names.count(name) > 1:
            raise Invalid(name.decode(), "given once", f"{names.count(name)} times")
    kind = _header(scope["headers"], "content-type") or "json"
    if body and "json" in kind.lower():
        check_json(body)


def _is_fit(name: bytes, value: bytes) -> bool:
    if not any(mark in part for mark in _UNFIT for part in (name, value)):
        return True
    # It would end the header, and begin another one of somebody else's choice.
    telemetry.logger.error("a header was left out", extra={"header": repr(name[:60])})
    return False


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
    measure_request(scope, answer.status, elapsed_s)
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
