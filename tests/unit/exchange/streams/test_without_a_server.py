"""What sockets and faults do under a server that gives no hold on its connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from algotrendy.exchange.alpaca_api import market_socket
from algotrendy.exchange.alpaca_api.connection import abort
from algotrendy.exchange.alpaca_api.hostile import HostileMiddleware
from algotrendy.exchange.chaos import Chaos
from algotrendy.exchange.faults import Faults
from algotrendy.exchange.floor import Floor, to_ns
from algotrendy.exchange.market.events import BarEvent
from algotrendy.exchange.market.scripted import ScriptedMarket
from algotrendy.exchange.wiring import build_floor
from algotrendy.kernel.clock import ManualClock
from fakes.exchange_store import MemoryStore
from fixtures.exchange import KEY_ID, OPENING, SECRET, options

KEYS = [
    (b"apca-api-key-id", KEY_ID.encode()),
    (b"apca-api-secret-key", SECRET.encode()),
]


class ForgetfulMarket(ScriptedMarket):
    """A market that fails when it is asked for its history."""

    def bars(self, symbol: str, span_ns: int, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
        raise RuntimeError("the lake is dry")


@pytest.fixture
def floor() -> Floor:
    return build_floor(options(), MemoryStore(), ManualClock(OPENING))


class Client:
    """The other end of one ASGI connection, in memory."""

    def __init__(self, *messages: Message) -> None:
        self.heard: list[Message] = []
        self.news: asyncio.Queue[Message] = asyncio.Queue()
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self._messages.put_nowait(message)
        self.receive: Receive = self._messages.get

        async def send(message: Message) -> None:
            self.heard.append(message)
            self.news.put_nowait(message)

        self.send: Send = send

    def said(self) -> list[Any]:
        return [json.loads(m["text"])[0] for m in self.heard if m["type"] == "websocket.send"]


def socket_scope(path: str = "/v2/iex") -> Scope:
    return {"type": "websocket", "path": path, "headers": KEYS, "query_string": b""}


def request_scope(path: str = "/v2/clock") -> Scope:
    return {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}


async def well(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers everything with 200."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def serve_market(floor: Floor, client: Client) -> None:
    websocket = WebSocket(socket_scope(), client.receive, client.send)
    await asyncio.wait_for(market_socket.serve(websocket, floor, "iex"), 10)


def test_a_failure_of_ours_is_told_as_an_internal_error(floor: Floor) -> None:
    floor.market = ForgetfulMarket(floor.market.assets())

    async def scene() -> Client:
        subscribe = json.dumps({"action": "subscribe", "dailyBars": ["AAPL"]})
        client = Client(
            {"type": "websocket.connect"}, {"type": "websocket.receive", "text": subscribe}
        )
        serving = asyncio.create_task(serve_market(floor, client))
        while len(client.said()) < 3:
            await client.news.get()
        minute = to_ns(OPENING)
        for feed in floor._tick_feeds:
            feed.put(BarEvent("AAPL", minute, 60_000_000_000, 1, 1, 1, 1, 1, 1, 1))
        await serving
        return client

    client = asyncio.run(scene())
    assert client.said()[-1] == {"T": "error", "code": 500, "msg": "internal error"}
    assert client.heard[-1]["type"] == "websocket.close"
    assert client.heard[-1]["code"] == 1011


def test_a_client_that_leaves_gives_its_seat_free(floor: Floor) -> None:
    async def visit() -> list[Any]:
        client = Client(
            {"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1005}
        )
        await serve_market(floor, client)
        return client.said()

    authenticated = {"T": "success", "msg": "authenticated"}
    assert asyncio.run(visit())[-1] == authenticated
    assert asyncio.run(visit())[-1] == authenticated
    assert all(feed.ended for feed in floor._tick_feeds)


def test_an_exchange_without_stocks_has_no_stock_feed() -> None:
    floor = build_floor(
        replace(options(), symbols=("BTC/USD",)), MemoryStore(), ManualClock(OPENING)
    )

    async def visit() -> list[Any]:
        client = Client({"type": "websocket.connect"})
        await serve_market(floor, client)
        return client.said()

    refused = {"T": "error", "code": 408, "msg": "v2 not enabled"}
    assert asyncio.run(visit())[-1] == refused


def test_a_connection_that_cannot_be_broken_is_left_without_an_end(floor: Floor) -> None:
    async def ask() -> list[Message]:
        client = Client({"type": "http.request", "body": b""})
        await HostileMiddleware(well, floor)(request_scope(), client.receive, client.send)
        return client.heard

    floor.chaos.faults = Faults(drop_after=1)
    (started,) = asyncio.run(ask())
    assert started["type"] == "http.response.start"
    floor.chaos.faults = Faults()
    assert len(asyncio.run(ask())) == 2


def test_a_socket_is_refused_with_a_close_where_there_is_no_other_way(floor: Floor) -> None:
    async def ask() -> list[Message]:
        client = Client({"type": "websocket.connect"})
        await HostileMiddleware(well, floor)(socket_scope(), client.receive, client.send)
        return client.heard

    floor.chaos.faults = Faults(refuse_sockets=True)
    assert asyncio.run(ask()) == [{"type": "websocket.close", "code": 1013}]


@pytest.mark.parametrize("kind", ["lifespan", "http"])
def test_what_is_no_clients_request_passes(floor: Floor, kind: str) -> None:
    floor.chaos.faults = Faults(error_before=1)
    scope = {**request_scope("/exchange/health"), "type": kind}

    async def ask() -> list[Message]:
        client = Client()
        await HostileMiddleware(well, floor)(scope, client.receive, client.send)
        return client.heard

    assert asyncio.run(ask())[0]["status"] == 200


@pytest.mark.parametrize("receive", [None, lambda: None, Chaos(0).calm])
def test_only_what_holds_a_transport_can_be_broken(receive: Callable[[], None] | None) -> None:
    assert abort(receive) is False


def test_requests_are_counted_by_the_minute_of_the_walls_clock(floor: Floor) -> None:
    clock = ManualClock(OPENING)
    middleware = HostileMiddleware(well, floor, clock)
    floor.chaos.faults = Faults(requests_per_minute=2)

    async def ask() -> tuple[int, dict[bytes, bytes]]:
        client = Client({"type": "http.request", "body": b""})
        await middleware(request_scope(), client.receive, client.send)
        return client.heard[0]["status"], dict(client.heard[0]["headers"])

    answers = [asyncio.run(ask()) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    remaining = [headers[b"x-ratelimit-remaining"] for _, headers in answers]
    assert remaining == [b"1", b"0", b"0"]
    assert answers[2][1][b"retry-after"] == b"60"
    reset = int(OPENING.timestamp()) + 60
    assert answers[2][1][b"x-ratelimit-reset"] == str(reset).encode()
    clock.advance(timedelta(seconds=60))
    assert asyncio.run(ask())[0] == 200
