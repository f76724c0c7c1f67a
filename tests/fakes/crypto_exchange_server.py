"""Speak enough of Binance's spot protocol for unmodified ccxt, and go wrong on request.

REST and the user data stream over the WebSocket API; signature, receive window and error codes as
Binance documents them. It is not Binance: one pair, no fees, orders fill on the paper venue, and
fill-or-kill is only told apart from immediate-or-cancel while the quote is ample.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from algotrendy.exchange.feed import Feed, FeedEnded
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.events import QuoteEvent, TradeEvent
from algotrendy.exchange.venue.model import Account, Update
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.wiring import ExchangeOptions, build_floor
from algotrendy.kernel.clock import SystemClock
from fakes import crypto_exchange_wire as wire
from fakes.crypto_exchange_desk import Desk, WireError
from fakes.crypto_exchange_klines import Klines
from fakes.exchange_store import MemoryStore

T = TypeVar("T")

_AMPLE = 1_000_000.0
_CHANGES = ("POST", "DELETE")
_LONGEST_WINDOW_MS = 60_000


class Failure(StrEnum):
    """What can be made to go wrong with one change."""

    LOST_ANSWER = "lost_answer"
    """It is done, and the connection breaks."""
    GATEWAY_TIMEOUT = "gateway_timeout"
    """It is done, and the answer is a 504 without JSON."""
    UNKNOWN = "unknown"
    """It is done, and the answer is Binance's -1007."""
    OVERLOADED = "overloaded"
    """503 and -1008: nothing is done."""
    TOO_MANY = "too_many"
    """429 with Retry-After: nothing is done."""
    BANNED = "banned"
    """418 with Retry-After: nothing is done."""
    NO_JSON = "no_json"
    """It is done, and the answer is a page."""


_DONE_ALL_THE_SAME = {
    Failure.GATEWAY_TIMEOUT: Response("<html>504 Gateway Time-out</html>", 504),
    Failure.UNKNOWN: JSONResponse(
        {"code": -1007, "msg": "Timeout waiting for response from backend server."}, 408
    ),
    Failure.NO_JSON: Response("<html>All is well</html>", 200, media_type="text/html"),
}
_BANNED = {"code": -1003, "msg": "Too much request weight used; IP banned."}
_BUSY = {"code": -1008, "msg": "Server is currently overloaded with other requests."}
_NOT_DONE = {
    Failure.OVERLOADED: JSONResponse(_BUSY, 503),
    Failure.TOO_MANY: JSONResponse(_BANNED, 429, {"Retry-After": "1"}),
    Failure.BANNED: JSONResponse(_BANNED, 418, {"Retry-After": "120"}),
}


class _Broken(Response):
    """An answer that ends before it is over."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"500")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"sym', "more_body": False})


class CryptoExchangeServer:
    """The exchange, in a thread of its own, at one port for its whole life.

    Attributes:
        submissions: Requests to place an order that came, failed ones included.
        sent: What came with each of them.
    """

    def __init__(self) -> None:
        self._store = MemoryStore()
        self._port = 0
        self._loop: asyncio.AbstractEventLoop
        self._floor: Floor
        self._server: uvicorn.Server
        self._thread: threading.Thread
        self._sockets: set[WebSocket] = set()
        self.failures: deque[Failure] = deque()
        self.submissions = 0
        self.sent: list[dict[str, str]] = []
        self.skew_ms = 0
        self.klines = Klines()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Go on from what the store kept, at the same port."""
        started = threading.Event()
        failed: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self._serve(started))
            except BaseException as error:  # noqa: BLE001 - told to the test
                failed.append(error)
                started.set()

        self._thread = threading.Thread(target=run, name="crypto-exchange", daemon=True)
        self._thread.start()
        assert started.wait(30), "the exchange did not start"
        if failed:
            raise failed[0]

    def stop(self) -> None:
        """End every connection."""
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive(), "the exchange did not stop"

    def open_account(self, key: str, secret: str, cash: Decimal) -> None:
        """Open an account that holds nothing but cash."""
        self.wait(
            self._floor.run(
                lambda venue, now: venue.open_account(key, secret, cash, now, multiplier=1)
            )
        )

    def quote(self, bid: Decimal, ask: Decimal) -> None:
        """Let the market stand there."""
        event = QuoteEvent(wire.PAIR, 0, float(bid), _AMPLE, float(ask), _AMPLE)
        self.wait(self._floor.push([event]))

    def trade(self, price: Decimal, size: Decimal) -> None:
        """Let others trade."""
        event = TradeEvent(wire.PAIR, 0, float(price), float(size))
        self.wait(self._floor.push([event]))

    def end_orders(self, key: str) -> None:
        """Cancel what an account has standing: it would trade with the next one's."""

        def end(venue: Any, now: Any) -> None:
            account = venue.account_of_key(key)
            for order in list(venue.open_orders(account.id)):
                venue.cancel(account.id, order.id, now)

        self.wait(self._floor.run(end))

    def disconnect(self) -> None:
        """End every socket without a word."""

        async def end() -> None:
            for socket in list(self._sockets):
                with contextlib.suppress(RuntimeError):
                    await socket.close(1001)

        self.wait(end())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the exchange's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        terms = VenueTerms(
            liquidity="quoted", participation=Decimal(1), fees="none", always_open=True
        )
        options = ExchangeOptions("scripted", symbols=(wire.PAIR,), terms=terms)
        self._floor = build_floor(options, self._store, SystemClock())
        await self._floor.start()
        config = uvicorn.Config(
            self._app(),
            host="127.0.0.1",
            port=self._port,
            log_config=None,
            log_level="critical",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

        async def announce() -> None:
            while not self._server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.005)
            self._port = self._server.servers[0].sockets[0].getsockname()[1]
            started.set()

        announcing = asyncio.create_task(announce())
        try:
            await self._server.serve()
        finally:
            announcing.cancel()
            await self._floor.stop()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v3/{path:path}", self._rest, methods=["GET", "POST", "DELETE"]),
                WebSocketRoute("/ws-api/v3", self._socket),
            ]
        )

    # REST

    async def _rest(self, request: Request) -> Response:
        path, desk = request.path_params["path"], Desk(self._floor)
        query = request.url.query or (await request.body()).decode()
        params = dict(parse_qsl(query, keep_blank_values=True))
        is_change = request.method in _CHANGES
        if is_change and request.method == "POST":
            self.submissions += 1
            self.sent.append(params)
        failure = self.failures.popleft() if is_change and self.failures else None
        if failure in _NOT_DONE:
            return _NOT_DONE[failure]
        try:
            answer = await self._answer(request, path, desk, query, params)
        except WireError as error:
            told = {"code": error.number, "msg": error.message}
            if error.data is not None:
                told["data"] = error.data
            return JSONResponse(told, error.status)
        if failure is Failure.LOST_ANSWER:
            return _Broken()
        return answer if failure is None else _DONE_ALL_THE_SAME[failure]

    async def _answer(
        self, request: Request, path: str, desk: Desk, query: str, params: dict[str, str]
    ) -> Response:
        match path:
            case "ping":
                return JSONResponse({})
            case "time":
                return JSONResponse({"serverTime": self._now_ms()})
            case "exchangeInfo":
                return JSONResponse(desk.exchange_info())
            case "ticker/24hr" | "ticker/bookTicker":
                return JSONResponse(desk.ticker(params))
            case "klines":
                return self.klines.answer(params)
        key = request.headers.get("X-MBX-APIKEY", "")
        account = self._signed(key, query.rpartition("&signature=")[0], params)
        changes: Mapping[tuple[str, str], Callable[..., Coroutine[Any, Any, Any]]] = {
            ("POST", "order"): desk.place,
            ("DELETE", "order"): desk.cancel,
            ("POST", "order/cancelReplace"): desk.cancel_replace,
        }
        reads: Mapping[tuple[str, str], Callable[..., Any]] = {
            ("GET", "order"): desk.order,
            ("GET", "openOrders"): desk.open_orders,
            ("GET", "allOrders"): desk.all_orders,
            ("GET", "myTrades"): desk.my_trades,
            ("GET", "account"): desk.account,
        }
        asked = (request.method, path)
        if asked in changes:
            return JSONResponse(await changes[asked](account, params))
        if asked in reads:
            return JSONResponse(reads[asked](account, params))
        return Response("<html>404 Not found</html>", 404)

    def _signed(self, key: str, payload: str, params: Mapping[str, Any]) -> Account:
        """Give the account of a signed request.

        Raises:
            WireError: If key, signature or time are not right.
        """
        if not key:
            raise WireError(-2014, "API-key format invalid.", 401)
        account = self._floor.venue.account_of_key(key)
        if account is None:
            raise WireError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        wanted = hmac.new(account.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, str(params.get("signature", ""))):
            raise WireError(-1022, "Signature for this request is not valid.")
        window_ms = int(params.get("recvWindow", 5000))
        if not 0 < window_ms <= _LONGEST_WINDOW_MS:
            raise WireError(-1131, "recvWindow must be less than 60000.")
        age_ms = self._now_ms() - int(params.get("timestamp", 0))
        if age_ms > window_ms or age_ms < -1000:
            raise WireError(-1021, "Timestamp for this request is outside of the recvWindow.")
        return account

    def _now_ms(self) -> int:
        return int(time.time() * 1000) + self.skew_ms

    # The user data stream, over the WebSocket API

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        self._sockets.add(socket)
        telling: list[asyncio.Task[None]] = []
        try:
            while True:
                asked = await socket.receive_json()
                try:
                    told = self._subscribed(socket, asked, telling)
                except WireError as error:
                    failed = {"code": error.number, "msg": error.message}
                    told = {"id": asked["id"], "status": error.status, "error": failed}
                await socket.send_json(told)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._sockets.discard(socket)
            for task in telling:
                task.cancel()

    def _subscribed(
        self, socket: WebSocket, asked: dict[str, Any], telling: list[asyncio.Task[None]]
    ) -> dict[str, Any]:
        if asked["method"] != "userDataStream.subscribe.signature":
            raise WireError(-1000, "Unknown method.")
        params = asked["params"]
        # Signed are the parameters by name, without the signature.
        listed = sorted((k, v) for k, v in params.items() if k != "signature")
        payload = "&".join(f"{name}={value}" for name, value in listed)
        account = self._signed(str(params.get("apiKey", "")), payload, params)
        feed = self._floor.updates(account.id)
        telling.append(asyncio.create_task(self._tell(socket, account, feed)))
        return {"id": asked["id"], "status": 200, "result": {"subscriptionId": len(telling) - 1}}

    async def _tell(self, socket: WebSocket, account: Account, feed: Feed[Update]) -> None:
        desk = Desk(self._floor)
        with contextlib.suppress(FeedEnded, WebSocketDisconnect, RuntimeError):
            while True:
                update = await feed.get()
                number = next(
                    (
                        number
                        for number, fill in desk.fills(account)
                        if update.execution_id and fill.execution_id == update.execution_id
                    ),
                    -1,
                )
                report = wire.report_json(update, number)
                await socket.send_json({"subscriptionId": 0, "event": report})
