"""The streaming service as its clients meet it, over a real WebSocket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from algotrendy.market_data.streaming.messages import Quote, Trade
from algotrendy.market_data.streaming.session import Limits
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic
from fakes.stream_clients import StreamService, admitted, stream_service, stream_socket
from fakes.streamed import bar

STYLE = "renko:size=1"
BARS = Topic("AAPL", Channel.BARS, STYLE)
NS = 1_000_000_000


@pytest.fixture
def service() -> Iterator[StreamService]:
    with stream_service() as running:
        yield running


def trade(number: int) -> Trade:
    return Trade("AAPL", number * NS, 100.0 + number, 5.0, "V", str(number), number * NS + 1)


def quote(number: int) -> Quote:
    return Quote("AAPL", number * NS, 100.0 + number, 1.0, 101.0 + number, 2.0, number * NS)


def subscribe(*channels: str, **more: Any) -> dict[str, Any]:
    return {"type": "subscribe", "symbols": ["AAPL"], "channels": list(channels), **more}


def test_trades_and_quotes_come_after_their_snapshots(service: StreamService) -> None:
    for number in (1, 2):
        service.do(partial(service.hub.on_trade, trade(number)))
    with admitted(service) as client:
        told = client.ask(subscribe("trades", "quotes", last=1, id="a"))
        assert told == {
            "type": "subscribed",
            "channels": {"trades": ["AAPL"], "quotes": ["AAPL"]},
            "id": "a",
        }
        snapshots = [client.hear(), client.hear()]
        assert [each["id"] for each in snapshots[0]["trades"]] == ["2"]
        assert snapshots[1]["quote"] is None
        service.do(lambda: service.hub.on_trade(trade(3)))
        service.do(lambda: service.hub.on_quote(quote(4)))
        assert client.hear()["price"] == 103.0
        assert client.hear()["bid"] == 104.0


def test_bars_go_on_from_their_snapshot_and_after_an_unsubscribe_nothing_comes(
    service: StreamService,
) -> None:
    with admitted(service) as client:
        client.ask(subscribe(f"bars:{STYLE}", f"partials:{STYLE}"))
        client.hear_a("snapshot")
        service.do(lambda: service.hub.load(BARS, [bar(1), bar(2)]))
        assert [each["number"] for each in client.hear()["bars"]] == [1, 2]
        service.do(lambda: service.hub.add(BARS, [bar(3)]))
        assert client.hear()["number"] == 3
        service.do(lambda: service.hub.partial(BARS.beside(Channel.PARTIALS), bar(4, known=0)))
        told = client.hear()
        assert (told["type"], told["number"], told["known"]) == ("partial", 4, None)
        left = {"type": "unsubscribe", "symbols": ["AAPL"], "channels": [f"bars:{STYLE}"]}
        assert client.ask(left)["channels"] == {f"partials:{STYLE}": ["AAPL"]}
        service.do(lambda: service.hub.add(BARS, [bar(4)]))
        assert client.ask({"type": "ping", "id": "p"})["type"] == "pong"


def test_a_token_may_come_in_a_first_message(service: StreamService) -> None:
    with stream_socket(service.url) as client:
        assert client.ask(subscribe("trades"))["code"] == "not_authenticated"
        told = client.ask({"type": "auth", "token": service.token(), "id": "x"})
        assert (told["username"], told["tenant"], told["id"]) == ("ada", "acme", "x")
        assert told["expires"] == "2026-11-22T13:00:00.000000Z"


@pytest.mark.parametrize(
    ("role", "claims", "code", "close"),
    [
        ("viewer", {"exp": 1}, "expired", 4402),
        ("viewer", {"client_id": "another"}, "unauthenticated", 4401),
        ("nobody", {}, "forbidden", 4403),
    ],
)
def test_a_token_that_does_not_count_ends_the_connection_with_the_reason(
    service: StreamService, role: str, claims: dict[str, Any], code: str, close: int
) -> None:
    with stream_socket(service.url, service.token(role, **claims)) as client:
        assert client.end()[0] == close
    with stream_socket(service.url) as client:
        client.send({"type": "auth", "token": service.token(role, **claims)})
        ended, error = client.end()
        assert (ended, error["code"], error["close"]) == (close, code, close)


def test_a_token_in_the_address_is_refused_however_good_it_is(service: StreamService) -> None:
    with stream_socket(f"{service.url}?token={service.token()}") as client:
        assert client.end()[0] == 4401


def test_keys_that_cannot_be_read_are_our_trouble(service: StreamService) -> None:
    with admitted(service) as client:
        service.keys.is_reachable = False
        with stream_socket(service.url, service.token()) as other:
            ended, error = other.end()
            assert (ended, error["code"]) == (1013, "unavailable")
        told = client.ask({"type": "auth", "token": service.token()})
        assert (told["code"], "close" in told) == ("unavailable", False)
        assert client.ask({"type": "ping"})["type"] == "pong"


def test_a_token_that_ends_is_renewed_by_a_message_or_ends_the_connection(
    service: StreamService,
) -> None:
    with admitted(service) as client, admitted(service) as idle:
        service.advance(3_545)
        assert client.hear_a("expiring")["expires"] == "2026-11-22T13:00:00.000000Z"
        client.send({"type": "auth", "token": service.token()})
        assert client.hear_a("authenticated")["expires"] == "2026-11-22T13:59:05.000000Z"
        service.advance(70)
        ended, error = idle.end()
        assert (ended, error["code"]) == (4402, "expired")
        client.send({"type": "ping"})
        assert client.hear_a("pong")


def test_a_token_of_another_user_renews_nothing(service: StreamService) -> None:
    with admitted(service) as client:
        other = service.token(sub="3f9d1c1e-0000-4000-8000-000000000002")
        client.send({"type": "auth", "token": other})
        assert client.end()[0] == 4401


def test_nobody_who_proves_nothing_stays(service: StreamService) -> None:
    with stream_socket(service.url) as client:
        service.advance(11)
        assert client.end()[0] == 4408


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("{", "message"),
        (b"{}", "message"),
        ({"type": "shout"}, "type"),
        ({"type": "ping", "loud": True}, "loud"),
        ({"type": "auth", "token": 5}, "token"),
        (subscribe("bars"), "channels[0]"),
        (subscribe("bars:renko"), "channels[0].style.renko"),
        (subscribe("trades", last=5_000), "last"),
        (subscribe("trades", after=3), "after"),
        (subscribe(), "channels"),
        ({"type": "subscribe", "symbols": ["aapl"], "channels": ["trades"]}, "symbols[0]"),
    ],
)
def test_a_wrong_message_names_the_field_and_changes_nothing(
    service: StreamService, message: Any, field: str
) -> None:
    with admitted(service) as client:
        told = client.ask(message)
        assert (told["code"], told["field"]) == ("invalid", field)
        assert client.ask({"type": "ping"})["type"] == "pong"


def test_what_is_not_streamed_is_refused_with_what_is() -> None:
    offer = Offer({"BTC/USD"}, {"time:interval=1Min"})
    with stream_service(offer=offer) as service, admitted(service) as client:
        told = client.ask(subscribe("trades"))
        assert told["code"] == "not_streamed"
        assert "BTC/USD" in told["message"]


def test_limits_hold_connections_subscriptions_messages_and_sizes() -> None:
    limits = Limits(connections=1, subscriptions=1, messages=3, message_bytes=500)
    with stream_service(limits) as service:
        with admitted(service) as client:
            with stream_socket(service.url, service.token()) as second:
                assert second.end()[0] == 4429
            with stream_socket(
                service.url, service.token(sub="3f9d1c1e-0000-4000-8000-000000000002")
            ) as other:
                assert other.hear()["type"] == "authenticated"
            assert client.ask(subscribe("trades", "quotes"))["code"] == "too_many_subscriptions"
            for _ in range(3):
                client.send({"type": "ping"})
            ended, error = client.end()
            assert (ended, error["code"]) == (4430, "too_many_messages")
        with admitted(service) as client:
            client.send("x" * 501)
            assert client.end()[0] == 1009


def test_a_slow_client_is_dropped_with_the_reason_and_slows_nobody() -> None:
    wide = trade(1)._replace(venue="x" * 4_000)

    def tell(service: StreamService) -> None:
        for _ in range(100):
            service.hub.on_trade(wide)

    with (
        stream_service(Limits(waiting_messages=200, stalled_s=60.0)) as service,
        admitted(service) as slow,
        admitted(service) as quick,
    ):
        slow.ask(subscribe("trades"))
        quick.ask(subscribe("trades"))
        quick.hear_a("snapshot")
        told = 0
        while not service.clients.doors.ended["slow"]:
            assert told < 50_000, "it was never dropped"
            service.do(partial(tell, service))
            told += 100
            for _ in range(100):
                assert quick.hear()["type"] == "trade"
        ended, error = slow.end()
        assert (ended, error["code"]) == (4431, "slow")
        assert "200 messages waited" in error["message"]


def test_a_client_that_takes_nothing_is_dropped_though_only_the_newest_waits() -> None:
    symbols = [f"S{number}" for number in range(200)]

    def tell(service: StreamService) -> None:
        for symbol in symbols:
            service.hub.on_quote(quote(1)._replace(symbol=symbol))

    idle = socket.socket()
    # So that little lies on the way.
    idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    with stream_service(Limits(stalled_s=0.3)) as service:
        idle.connect(("127.0.0.1", service.server.port))
        with admitted(service, sock=idle) as client:
            client.send({"type": "subscribe", "symbols": symbols, "channels": ["quotes"]})
            turns = 0
            while not service.clients.doors.ended["slow"]:
                assert turns < 20_000, "it was never dropped"
                service.do(partial(tell, service))
                turns += 1
        found = service.do(service.clients.describe)
        assert found["conflated"] > 0
        assert found["clients"] == 0


def test_a_full_service_lets_nobody_else_in() -> None:
    with stream_service(Limits(clients=1)) as service, admitted(service):
        with stream_socket(service.url, service.token()) as second:
            ended, error = second.end()
        assert (ended, error["code"]) == (4429, "too_many_connections")


def test_the_end_of_the_service_is_told() -> None:
    with stream_service() as service, admitted(service) as client:
        service.loop.call_soon_threadsafe(service.server.stop)
        ended, error = client.end()
        assert (ended, error["code"]) == (1001, "going_away")


def test_figures_say_who_is_there_and_how_it_went(service: StreamService) -> None:
    with admitted(service) as client:
        client.ask(subscribe("trades", "quotes"))
        found = service.do(service.clients.describe)
        assert (found["clients"], found["subscriptions"], found["admitted"]) == (1, 2, 1)
        client.send("{")
        assert client.hear_a("error")["code"] == "invalid"
    while service.do(service.clients.describe)["clients"]:
        continue
    found = service.do(service.clients.describe)
    assert found["refused"] == {"invalid": 1}
    assert found["ended"] == {"left": 1}
    assert json.loads(json.dumps(found))["sent"] >= 5
