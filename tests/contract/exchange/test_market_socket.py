"""What Alpaca's market data stream answers, frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from algotrendy.exchange.faults import Faults
from algotrendy.exchange.market.events import TradeEvent
from fakes.alpaca_sockets import HEADERS, market_socket, raw_socket
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, running_exchange

AUTH = {"action": "auth", "key": KEY_ID, "secret": SECRET}
AUTHENTICATED = [{"T": "success", "msg": "authenticated"}]
CHANNELS = (
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
)


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("AAPL", 100.00, 100.02)
        yield running


@pytest.fixture(autouse=True)
def _calm(exchange: RunningExchange) -> Iterator[None]:
    yield
    exchange.floor.chaos.calm()


def error(code: int, text: str) -> list[dict[str, Any]]:
    return [{"T": "error", "code": code, "msg": text}]


def acknowledged(**wanted: list[str]) -> list[dict[str, Any]]:
    return [{"T": "subscription", **{name: wanted.get(name, []) for name in CHANNELS}}]


@pytest.mark.parametrize("packed", [False, True])
def test_a_client_connects_authenticates_subscribes_and_hears(
    exchange: RunningExchange, packed: bool
) -> None:
    with raw_socket(exchange.market_url(), packed=packed) as socket:
        assert socket.hear() == [{"T": "success", "msg": "connected"}]
        assert socket.ask(AUTH) == AUTHENTICATED
        said = socket.ask({"action": "subscribe", "trades": ["AAPL"], "quotes": ["*"]})
        with_trades = {"corrections": ["AAPL"], "cancelErrors": ["AAPL"]}
        assert said == acknowledged(trades=["AAPL"], quotes=["*"], **with_trades)
        exchange.quote("MSFT", 300.0, 300.25, 3.0)
        frame = socket.frame()
        assert isinstance(frame, bytes) is packed
        exchange.quote("MSFT", 300.0, 300.25, 3.0)
        (quote,) = socket.hear()
        expected = {"T": "q", "S": "MSFT", "bp": 300, "ap": 300.25, "bs": 3, "as": 3}
        assert {name: quote[name] for name in expected} == expected
        assert set(quote) - set(expected) == {"t", "ax", "bx", "c", "z"}
        if packed:
            assert quote["t"].to_datetime() == exchange.floor.now()
        else:
            assert quote["t"] == exchange.floor.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        exchange.trade("MSFT", 300.0)
        exchange.trade("AAPL", 100.01, 12.0)
        (trade,) = socket.hear()
        expected = {"T": "t", "S": "AAPL", "p": 100.01, "s": 12}
        assert {name: trade[name] for name in expected} == expected
        assert set(trade) - set(expected) == {"t", "i", "x", "c", "z"}
        said = socket.ask({"action": "unsubscribe", "trades": ["AAPL"], "quotes": ["*"]})
        assert said == acknowledged()
        exchange.quote("MSFT", 300.0, 300.25)
        assert socket.is_silent()


def test_headers_authenticate_without_a_message(exchange: RunningExchange) -> None:
    with market_socket(exchange.market_url()) as socket:
        assert socket.ask(AUTH) == error(403, "already authenticated")
    wrong = HEADERS | {"APCA-API-SECRET-KEY": "wrong"}
    with raw_socket(exchange.market_url(), headers=wrong) as socket:
        socket.hear()
        assert socket.hear() == error(402, "auth failed")
        assert socket.ask(AUTH) == AUTHENTICATED


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ("{", 400, "invalid syntax"),
        ("[]", 400, "invalid syntax"),
        ("null", 400, "invalid syntax"),
        (b"\xff", 400, "invalid syntax"),
        ({}, 400, "invalid syntax"),
        ({"action": "shout"}, 400, "invalid syntax"),
        ({"action": ["subscribe"]}, 400, "invalid syntax"),
        ({"action": "auth", "key": 1}, 400, "invalid syntax"),
        ({"action": "subscribe", "trades": ["AAPL"]}, 401, "not authenticated"),
        ({"action": "unsubscribe", "trades": ["AAPL"]}, 401, "not authenticated"),
        ({"action": "auth", "key": KEY_ID, "secret": "wrong"}, 402, "auth failed"),
        ({"action": "auth", "key": "nobody", "secret": ""}, 402, "auth failed"),
    ],
)
def test_mistakes_before_authentication_have_alpacas_codes(
    exchange: RunningExchange, message: object, code: int, text: str
) -> None:
    with raw_socket(exchange.market_url()) as socket:
        socket.hear()
        assert socket.ask(message) == error(code, text)
        assert socket.ask(AUTH) == AUTHENTICATED


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        (AUTH, 403, "already authenticated"),
        ({"action": "subscribe", "trades": "AAPL"}, 400, "invalid syntax"),
        ({"action": "subscribe", "trades": ["not a symbol"]}, 400, "invalid syntax"),
        ({"action": "subscribe", "tradez": ["AAPL"]}, 400, "invalid syntax"),
        (
            {"action": "subscribe", "orderbooks": ["AAPL"]},
            410,
            "invalid subscribe action for this feed",
        ),
    ],
)
def test_mistakes_after_it_leave_the_subscriptions_as_they_were(
    exchange: RunningExchange, message: object, code: int, text: str
) -> None:
    with market_socket(exchange.market_url(), quotes=["AAPL"]) as socket:
        assert socket.ask(message) == error(code, text)
        said = socket.ask({"action": "subscribe", "bars": ["AAPL"]})
        assert said == acknowledged(quotes=["AAPL"], bars=["AAPL"])


def test_broken_msgpack_is_invalid_syntax(exchange: RunningExchange) -> None:
    with market_socket(exchange.market_url(), packed=True) as socket:
        assert socket.ask(b"\xc1") == error(400, "invalid syntax")
        assert socket.ask(b"\x81\x90\x01") == error(400, "invalid syntax")


def test_who_does_not_authenticate_in_time_is_cut_off(exchange: RunningExchange) -> None:
    exchange.floor.chaos.faults = Faults(authentication_s=0.2)
    with raw_socket(exchange.market_url()) as socket:
        socket.hear()
        assert socket.hear() == error(404, "auth timeout")
        assert socket.end() == 1008


def test_a_plan_limits_the_trade_and_quote_channels(exchange: RunningExchange) -> None:
    exchange.floor.chaos.faults = Faults(channel_limit=2)
    with market_socket(exchange.market_url(), trades=["AAPL"], quotes=["AAPL"]) as socket:
        said = socket.ask({"action": "subscribe", "quotes": ["MSFT"]})
        assert said == error(405, "symbol limit exceeded")
        exchange.floor.chaos.faults = Faults()
        said = socket.ask({"action": "subscribe", "quotes": ["MSFT"]})
        assert said[0]["quotes"] == ["AAPL", "MSFT"]


def test_a_second_socket_on_one_key_is_refused_until_the_first_is_closed(
    exchange: RunningExchange,
) -> None:
    with market_socket(exchange.market_url(), quotes=["AAPL"]) as first:
        with raw_socket(exchange.market_url()) as second:
            second.hear()
            assert second.ask(AUTH) == error(406, "connection limit exceeded")
            assert second.end() == 1000
        with market_socket(exchange.market_url("sip")):
            pass
        exchange.quote("AAPL", 100.0, 100.02)
        assert first.hear()[0]["T"] == "q"
    with market_socket(exchange.market_url()):
        pass


def test_a_feed_that_there_is_not_is_not_found(
    exchange: RunningExchange, caplog: pytest.LogCaptureFixture
) -> None:
    known = exchange.market_url("iex")
    paths = ("/v2/bloomberg", "/v2/us", "/nowhere", "/", "/v1beta3/crypto/eu", "/v2/iex/more")
    for path in paths:
        with pytest.raises(InvalidStatus) as refused, raw_socket(known.replace("/v2/iex", path)):
            pass
        assert refused.value.response.status_code == 404
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_plan_may_lack_a_feed(exchange: RunningExchange) -> None:
    exchange.floor.chaos.faults = Faults(refused_feeds=("sip",))
    with raw_socket(exchange.market_url("sip")) as socket:
        socket.hear()
        assert socket.ask(AUTH) == error(409, "insufficient subscription")
        assert socket.end() == 1000
    with market_socket(exchange.market_url("iex")):
        pass


def test_who_does_not_read_is_told_so_or_cut_off(exchange: RunningExchange) -> None:
    floor = exchange.floor
    with market_socket(exchange.market_url(), trades=["AAPL"]) as slow:

        async def flood() -> None:
            feeds = [feed for feed in floor._tick_feeds if not feed.ended]
            while not any(feed.overflowed for feed in feeds):
                for number in range(5_000):
                    floor._tell(TradeEvent("AAPL", number, 100.0 + number % 7, 1.0, number))
                await asyncio.sleep(0.005)

        exchange.wait(flood())
        assert slow.end() in (1013, None)
    with market_socket(exchange.market_url()):
        pass
