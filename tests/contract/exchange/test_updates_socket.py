"""What Alpaca's stream of trade updates answers, frame by frame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from algotrendy.exchange.faults import Faults
from algotrendy.exchange.venue.model import Changes
from fakes.alpaca_sockets import HEADERS, raw_socket, updates_socket
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, running_exchange

AUTHENTICATE = {"action": "authenticate", "data": {"key_id": KEY_ID, "secret_key": SECRET}}
AUTH = {"action": "auth", "key": KEY_ID, "secret": SECRET}
LISTEN = {"action": "listen", "data": {"streams": ["trade_updates"]}}


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("AAPL", 100.00, 100.02)
        yield running


@pytest.fixture
def order(exchange: RunningExchange) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=exchange.url, headers=HEADERS) as client:
        yield client


def buy(rest: httpx.Client) -> str:
    body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    answer = rest.post("/v2/orders", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def authorization(status: str, action: str = "authenticate") -> dict[str, Any]:
    return {"stream": "authorization", "data": {"status": status, "action": action}}


@pytest.mark.parametrize("message", [AUTHENTICATE, AUTH])
def test_both_ways_of_authenticating_are_answered_on_authorization(
    exchange: RunningExchange, message: dict[str, Any]
) -> None:
    with raw_socket(exchange.stream_url) as socket:
        assert socket.ask(message) == authorization("authorized")
        assert socket.ask(message) == authorization("authorized")


@pytest.mark.parametrize(
    "message",
    [
        {"action": "auth", "key": KEY_ID, "secret": "wrong"},
        {"action": "auth", "key": "nobody", "secret": SECRET},
        {"action": "auth", "key": KEY_ID},
        {"action": "auth", "key": 1, "secret": ["x"]},
        {"action": "authenticate"},
        {"action": "authenticate", "data": {"key_id": KEY_ID, "secret_key": ""}},
        {"action": "authenticate", "data": "secret"},
    ],
)
def test_wrong_credentials_are_unauthorized_and_may_be_corrected(
    exchange: RunningExchange, message: dict[str, Any]
) -> None:
    with raw_socket(exchange.stream_url) as socket:
        assert socket.ask(message) == authorization("unauthorized")
        assert socket.ask(LISTEN) == authorization("unauthorized", "listen")
        assert socket.ask(AUTH) == authorization("authorized")


def test_listening_replaces_the_list_and_leaves_out_what_there_is_not(
    exchange: RunningExchange, order: httpx.Client
) -> None:
    with updates_socket(exchange.stream_url) as socket:
        wanted = {"action": "listen", "data": {"streams": ["account_updates", "trade_updates"]}}
        said = {"stream": "listening", "data": {"streams": ["trade_updates"]}}
        assert socket.ask(wanted) == said
        nothing = {"action": "listen", "data": {"streams": []}}
        assert socket.ask(nothing) == {"stream": "listening", "data": {"streams": []}}
        buy(order)
        assert socket.is_silent()
        assert socket.ask(LISTEN) == said
        number = buy(order)
        assert socket.hear()["data"]["order"]["id"] == number


@pytest.mark.parametrize("packed", [False, True])
def test_updates_come_in_binary_frames_in_the_encoding_asked_for(
    exchange: RunningExchange, order: httpx.Client, packed: bool
) -> None:
    with updates_socket(exchange.stream_url, packed=packed) as socket:
        number = buy(order)
        frame = socket.frame()
        assert isinstance(frame, bytes)
        assert (frame[:1] == b"{") is not packed
        while (update := socket.hear()["data"])["event"] != "fill":
            continue
        assert update["order"]["id"] == number
        assert update["order"]["status"] == "filled"
        assert set(update) >= {"timestamp", "at", "event_id", "execution_id", "price", "qty"}
        assert update["qty"] == "1"


def test_every_listener_of_an_account_hears_the_same_and_other_accounts_nothing(
    exchange: RunningExchange, order: httpx.Client
) -> None:
    keys = {"key_id": "OTHER", "secret": "other-secret"}
    opened = httpx.post(f"{exchange.url}/exchange/accounts", json=keys)
    assert opened.status_code < 300, opened.text
    with (
        updates_socket(exchange.stream_url) as one,
        updates_socket(exchange.stream_url) as two,
        raw_socket(exchange.stream_url) as other,
    ):
        said = other.ask({"action": "auth", "key": "OTHER", "secret": "other-secret"})
        assert said == authorization("authorized")
        other.ask(LISTEN)
        buy(order)
        assert one.frame() == two.frame()
        assert one.frame() == two.frame()
        assert other.is_silent()
        assert one.ask({"action": "auth", "key": "OTHER", "secret": "other-secret"}) == (
            authorization("unauthorized")
        ), "one socket is one account's"


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ("{", "invalid message"),
        ("[]", "action"),
        ("null", "action"),
        ("{}", "action"),
        ('{"action":"shout"}', "shout"),
        ('{"action":{"a":1}}', "action"),
        ("\x00", "invalid message"),
        (b"\xff\xfe", "invalid message"),
        ('{"action":"listen"}', "data.streams"),
        ('{"action":"listen","data":{"streams":"trade_updates"}}', "data.streams"),
        ('{"action":"listen","data":{"streams":[1]}}', "data.streams"),
    ],
)
def test_what_cannot_be_understood_is_an_error_that_names_it_and_the_socket_lives(
    exchange: RunningExchange, order: httpx.Client, frame: str | bytes, named: str
) -> None:
    with updates_socket(exchange.stream_url) as socket:
        said = socket.ask(frame)
        assert said["action"] == "error"
        assert named in said["data"]["error_message"]
        number = buy(order)
        assert socket.hear()["data"]["order"]["id"] == number


def test_broken_msgpack_is_an_error_too(exchange: RunningExchange) -> None:
    with updates_socket(exchange.stream_url, packed=True) as socket:
        assert socket.ask(b"\xc1")["action"] == "error"
        assert socket.ask(b"\x81\x90\x01")["action"] == "error"
        assert socket.ask(json.dumps(LISTEN))["stream"] == "listening"


def test_who_does_not_say_who_he_is_is_cut_off(exchange: RunningExchange) -> None:
    exchange.floor.chaos.faults = Faults(authentication_s=0.2)
    try:
        with raw_socket(exchange.stream_url) as socket:
            assert "timeout" in socket.hear()["data"]["error_message"]
            assert socket.end() == 1008
        with updates_socket(exchange.stream_url) as socket:
            assert socket.is_silent(0.5)
    finally:
        exchange.floor.chaos.calm()


def test_who_does_not_read_is_cut_off_and_nobody_waits_for_him(
    exchange: RunningExchange, order: httpx.Client
) -> None:
    floor = exchange.floor
    own = floor.updates(exchange.account_id())
    buy(order)
    update = exchange.wait(own.get())
    own.close()

    async def flood() -> None:
        feeds = [feed for feed in floor._update_feeds[update.account_id] if not feed.ended]
        slowest, quickest = feeds
        while not slowest.overflowed:
            if len(quickest._items) < 1_000:
                floor._publish(Changes(updates=[update] * 500))
            await asyncio.sleep(0)

    with (
        updates_socket(exchange.stream_url) as slow,
        updates_socket(exchange.stream_url) as quick,
    ):
        flooding = asyncio.run_coroutine_threadsafe(flood(), exchange.loop)
        while not flooding.done():
            quick.hear()
        # Too slow even for the farewell: then it breaks.
        assert slow.end() in (1013, None)
        number = buy(order)
        while quick.hear()["data"]["order"]["id"] != number:
            continue
