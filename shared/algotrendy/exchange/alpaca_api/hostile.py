"""Do to requests what chaos decides, and let a client switch each fault on and off."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algotrendy.exchange.alpaca_api.auth import KEY_HEADER
from algotrendy.exchange.alpaca_api.connection import abort, is_denied
from algotrendy.exchange.alpaca_api.parsing import expected
from algotrendy.exchange.alpaca_api.problems import answer, problem_json, refusal
from algotrendy.exchange.alpaca_api.routes import refusals
from algotrendy.exchange.alpaca_api.stale_view import (
    PATH,
    StaleViews,
    answer_of,
    status_and_body,
)
from algotrendy.exchange.chaos import Chaos, Drop, RequestFate
from algotrendy.exchange.faults import Faults, Scripted
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.refusal import Reason
from algotrendy.kernel.clock import Clock, SystemClock

CONTROL: Final = "/exchange"
ALPACAS_LIMIT: Final = 200
_MINUTE_S: Final = 60
_WORDS: Final = {
    429: (42910000, "too many requests."),
    500: (50010000, "internal server error occurred"),
    503: (50310000, "service unavailable"),
    504: (50410000, "request timed out"),
}
Header = tuple[bytes, bytes]


class HostileMiddleware:
    """Wraps the exchange's app; the routes under ``/exchange`` never suffer.

    It must be the outermost layer: what breaks a connection reaches for the server's own.
    """

    def __init__(self, app: ASGIApp, floor: Floor, clock: Clock | None = None) -> None:
        self._app = app
        self._floor = floor
        self._limits = _MinuteLimits(clock or SystemClock())
        self._views = StaleViews(app, floor)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or do to it what is decided."""
        kind = scope["type"]
        if kind not in ("http", "websocket") or _is_control(scope["path"]):
            await self._app(scope, receive, send)
        elif kind == "websocket":
            await self._open_socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _open_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        chaos = self._floor.chaos
        if chaos.faults.refuse_sockets or chaos.maintenance_ends(self._floor.now()):
            chaos.injected["refuse_sockets"] += 1
            await _refuse_socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        chaos = self._floor.chaos
        fate = chaos.for_request(scope["method"], scope["path"], self._floor.now())
        if fate.delay_s:
            await asyncio.sleep(fate.delay_s)
        limit = self._limits.count(_who(scope), chaos.faults.requests_per_minute)
        if limit is not None and limit.exceeded:
            chaos.injected["requests_per_minute"] += 1
            fate = RequestFate(refuse_before=429, retry_after_s=limit.reset_s)
        limit = limit or (self._limits.spent(fate) if fate.refuse_before == 429 else None)
        headers = limit.headers() if limit else []
        if fate.drop is Drop.BEFORE:
            await _break(receive, send)
            return
        if fate.refuse_before is not None:
            await _answer(send, fate.refuse_before, headers + _retry_after(fate))
            return
        await self._views.remember(scope)
        if fate.fail_after is not None or fate.drop is Drop.AFTER:
            await answer_of(self._app, scope, receive)
            if fate.fail_after is None:
                await _break(receive, send)
            else:
                await _answer(send, fate.fail_after, headers)
        elif chaos.stale_view_s and _asks_for_positions(scope):
            status, body = status_and_body(await answer_of(self._app, scope, receive))
            await _send(send, *self._views.older(scope, status, body), headers)
        else:
            await self._app(scope, receive, _with_headers(send, headers) if headers else send)


class _Limit:
    """Where a key stands in its minute."""

    def __init__(self, most: int, left: int, resets_at: float, reset_s: float) -> None:
        self.exceeded = left < 0
        self.reset_s = reset_s
        self._told = {
            b"x-ratelimit-limit": most,
            b"x-ratelimit-remaining": max(0, left),
            b"x-ratelimit-reset": math.ceil(resets_at),
        }

    def headers(self) -> list[Header]:
        return [(name, str(value).encode()) for name, value in self._told.items()]


class _MinuteLimits:
    """Counts the requests of each key by the minute of the wall's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def count(self, who: str, most: int) -> _Limit | None:
        """Count a request; None when nothing is limited."""
        if not most:
            return None
        now = self._clock.now().timestamp()
        minute = int(now // _MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        self._counts[who] += 1
        resets_at = (minute + 1) * _MINUTE_S
        return _Limit(most, most - self._counts[who], resets_at, resets_at - now)

    def spent(self, fate: RequestFate) -> _Limit:
        """Describe a limit that is used up, whatever was counted."""
        wait_s = fate.retry_after_s or 0
        return _Limit(ALPACAS_LIMIT, 0, self._clock.now().timestamp() + wait_s, wait_s)


def _is_control(path: str) -> bool:
    return path == CONTROL or path.startswith(f"{CONTROL}/")


def _asks_for_positions(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "GET" and (path == PATH or path.startswith(f"{PATH}/"))


def _who(scope: Scope) -> str:
    key = Headers(scope=scope).get(KEY_HEADER)
    return key or (scope.get("client") or ("nobody",))[0]


def _retry_after(fate: RequestFate) -> list[Header]:
    if fate.retry_after_s is None:
        return []
    return [(b"retry-after", str(max(1, math.ceil(fate.retry_after_s))).encode())]


async def _answer(send: Send, status: int, headers: list[Header]) -> None:
    default = (status * 100_000 + 10_000, "the exchange is not well")
    body = problem_json(*_WORDS.get(status, default))
    await _send(send, status, orjson.dumps(body), headers)


async def _send(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    own = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, headers: list[Header]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return sent


async def _break(receive: Receive, send: Send) -> None:
    if abort(receive):
        # The server hears of it in its next turn, and then expects no answer.
        while (await receive())["type"] != "http.disconnect":
            continue
        return
    # A server that does not let us break it gets an answer without an end.
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1013})
        return
    body = orjson.dumps(problem_json(*_WORDS[503]))
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
    await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
    is_denied(receive)


# The control routes


class _Script(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    next: tuple[Scripted, ...] = ()


def router(floor: Floor) -> APIRouter:
    """Make the routes that show and switch faults.

    A body is the fields of ``Faults``, and ``next``: a list of faults for the next requests,
    updates or fills that they fit. PUT sets what it names and switches the rest off; PATCH
    leaves the rest; DELETE switches everything off and forgets what was to come next.
    """
    described = refusals(public=True)
    routes = APIRouter(prefix=f"{CONTROL}/faults", tags=["faults"], responses=described)
    chaos = floor.chaos

    @routes.get("", summary="Show which faults are on, and what is to come next")
    async def show() -> Response:
        return _shown(chaos)

    @routes.get("/injected", summary="Count the faults that have happened, by name")
    async def injected() -> Response:
        return answer(dict(sorted(chaos.injected.items())))

    @routes.put("", summary="Switch on exactly these faults")
    async def put(request: Request) -> Response:
        return await _change(chaos, request, onto=None)

    @routes.patch("", summary="Change these faults and leave the others")
    async def patch(request: Request) -> Response:
        return await _change(chaos, request, onto=chaos.faults)

    @routes.delete("", summary="Switch every fault off")
    async def delete() -> Response:
        chaos.calm()
        return _shown(chaos)

    return routes


def _shown(chaos: Chaos) -> Response:
    script = [fault.model_dump(mode="json") for fault in chaos.script]
    return answer({**chaos.faults.model_dump(mode="json"), "next": script})


async def _change(chaos: Chaos, request: Request, *, onto: Faults | None) -> Response:
    try:
        body = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        return refusal(Reason.MALFORMED, "request body must be JSON")
    if not isinstance(body, dict):
        return refusal(Reason.MALFORMED, "request body must be an object")
    present = onto.model_dump(mode="json") if onto else {}
    try:
        script = _Script.model_validate({"next": body.pop("next", ())})
        faults = Faults.model_validate({**present, **body})
    except ValidationError as error:
        return refusal(Reason.INVALID, _explained(error))
    if onto is None:
        chaos.calm()
    chaos.faults = faults
    chaos.happen(script.next)
    return _shown(chaos)


def _explained(error: ValidationError) -> str:
    return "; ".join(_in_words(found) for found in error.errors(include_url=False)[:3])


def _in_words(found: ErrorDetails) -> str:
    name = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return f"{name} is not the name of a fault"
    return f"{name} must be {expected(found)}" if name else expected(found)
