from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from fastapi import Request
from starlette.types import Message

from algotrendy.exchange.alpaca_api.control import AccountBody, ClockBody, EventsBody
from algotrendy.exchange.alpaca_api.order_bodies import OrderBody, OrdersQuery, ReplaceBody
from algotrendy.exchange.alpaca_api.parsing import body_of, query_of, validated
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce

MARKET = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


def request(body: bytes = b"", query: bytes = b"") -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "query_string": query, "headers": []}, receive)


def refused(model: Any, found: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        validated(model, found)
    assert caught.value.reason is Reason.INVALID
    return caught.value


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b"NaN", b'{"qty": 1e400}', b"\xff\xfe"])
def test_broken_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused, match="request body must be JSON") as caught:
        asyncio.run(body_of(request(body), OrderBody))
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"17"])
def test_json_that_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused, match="must be a JSON object") as caught:
        asyncio.run(body_of(request(body), OrderBody))
    assert caught.value.reason is Reason.MALFORMED


def test_a_body_deeper_than_any_order_is_malformed() -> None:
    with pytest.raises(Refused):
        asyncio.run(body_of(request(b'{"a":' * 5_000 + b"1" + b"}" * 5_000), OrderBody))


@pytest.mark.parametrize("name", ["symbol", "side", "type", "time_in_force"])
def test_a_missing_field_is_named(name: str) -> None:
    body = {key: value for key, value in MARKET.items() if key != name}
    assert refused(OrderBody, body).message == f"{name} is required"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("qty", "ten", "qty must be a number, was 'ten'"),
        ("qty", True, "qty must be a number, was True"),
        ("qty", [1], "qty must be a number"),
        ("qty", "1" * 100, "qty must be a number of at most 40 characters, was '111"),
        ("qty", "1_000", "qty must be a number"),
        ("qty", "NaN", "qty must be a number below 10**18"),
        ("qty", "1e999999", "qty must be a number below 10**18"),
        ("qty", 1e300, "qty must be a number below 10**18"),
        ("qty", 123456789.12345679, "qty must be a string when it has more than 15 digits"),
        ("symbol", 7, "symbol must be a string"),
        ("side", "hold", "side must be 'buy' or 'sell', was 'hold'"),
        ("type", "iceberg", "type must be 'market', 'limit'"),
        ("time_in_force", "gtd", "time_in_force must be 'day', 'gtc'"),
        ("extended_hours", "yes", "extended_hours must be true or false"),
        ("order_class", "mleg", "order_class must be simple, bracket, oco or oto"),
        ("take_profit", "100", "take_profit must be an object, was '100'"),
        ("take_profit", {}, "take_profit.limit_price is required"),
        ("stop_loss", {"stop_price": []}, "stop_loss.stop_price must be a number"),
        ("client_order_id", "a\x00b", "client_order_id must be printable characters"),
        ("client_order_id", 5, "client_order_id must be a string"),
        ("position_intent", "sometimes", "position_intent must be"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(name: str, value: Any, words: str) -> None:
    message = refused(OrderBody, {**MARKET, name: value}).message
    assert message.startswith(words)
    assert len(message) < 300


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("0.1", "0.1"), (0.1, "0.1"), (7, "7"), ("1e2", "100"), (187.15, "187.15"), ("-1", "-1")],
)
def test_numbers_come_as_text_or_as_numbers_and_lose_no_digit(sent: Any, meant: str) -> None:
    assert validated(OrderBody, {**MARKET, "qty": sent}).qty == Decimal(meant)


def test_a_bracket_arrives_whole() -> None:
    body = {
        **MARKET,
        "order_class": "bracket",
        "extended_hours": False,
        "take_profit": {"limit_price": 110.5},
        "stop_loss": {"stop_price": "90", "limit_price": "89.5"},
        "a_field_of_tomorrow": 1,
    }
    wanted = validated(OrderBody, body).request()
    assert wanted.order_class is OrderClass.BRACKET
    assert wanted.take_profit is not None
    assert wanted.stop_loss is not None
    assert wanted.take_profit.limit_price == Decimal("110.5")
    assert wanted.stop_loss.limit_price == Decimal("89.5")
    assert (wanted.side, wanted.type) == (Side.BUY, OrderType.MARKET)


@pytest.mark.parametrize("order_class", ["", "simple", None])
def test_a_simple_order_has_three_names(order_class: str | None) -> None:
    body = validated(OrderBody, {**MARKET, "order_class": order_class})
    assert body.request().order_class is OrderClass.SIMPLE


def test_a_change_carries_only_what_is_to_change() -> None:
    wanted = validated(ReplaceBody, {"limit_price": "10", "time_in_force": "gtc"}).request()
    assert (wanted.limit_price, wanted.time_in_force) == (Decimal(10), TimeInForce.GTC)
    assert wanted.quantity is None


def test_a_query_reads_times_lists_and_switches() -> None:
    times = b"after=2026-01-05T15%3A00%3A00.123456789Z&until=2026-01-06"
    query = query_of(
        request(query=times + b"&symbols=AAPL,%20MSFT,&nested=True"),
        OrdersQuery,
    )
    assert query.after == datetime(2026, 1, 5, 15, 0, 0, 123456, tzinfo=UTC)
    assert query.until == date(2026, 1, 6)
    assert query.symbols == ("AAPL", "MSFT")
    assert query.nested


def test_a_plus_that_was_not_encoded_is_still_a_zone() -> None:
    query = query_of(request(query=b"after=2026-01-05T16:00:00+01:00"), OrdersQuery)
    assert query.after == datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"limit=0", "limit must be at least 1"),
        (b"limit=501", "limit must be at most 500"),
        (b"limit=many", "limit must be a whole number"),
        (b"status=maybe", "status must be 'open', 'closed' or 'all'"),
        (b"after=yesterday", "after must be a time like"),
        (b"after=2026-13-01", "after must be a time like"),
        (b"after=0001-01-01T00:00:00%2B14:00", "after must be a time like"),
        (b"\xff=1", "query string must be ASCII"),
        (b"&".join(b"a%d=1" % place for place in range(200)), "query string must be ASCII"),
    ],
)
def test_a_wrong_parameter_is_named(text: bytes, words: str) -> None:
    with pytest.raises(Refused) as caught:
        query_of(request(query=text), OrdersQuery)
    assert caught.value.message.startswith(words)


def test_market_data_calls_the_same_mistake_malformed() -> None:
    with pytest.raises(Refused) as caught:
        query_of(request(query=b"limit=0"), OrdersQuery, Reason.MALFORMED)
    assert caught.value.reason is Reason.MALFORMED
    assert caught.value.message.startswith("Invalid format for parameter limit: limit must be")


def test_what_came_is_shown_short() -> None:
    message = refused(OrderBody, {**MARKET, "side": "x" * 10_000}).message
    assert len(message) < 200
    assert orjson.dumps(message)


@pytest.mark.parametrize(
    ("model", "found", "words"),
    [
        (AccountBody, {"key_id": "a b", "secret": "s"}, "key_id must be 1 to 128 letters, digits"),
        (AccountBody, {"key_id": "", "secret": "s"}, "key_id must be 1 to 128 letters, digits"),
        (EventsBody, {"events": []}, "events must be a list of at least 1, was []"),
        (EventsBody, {"events": "x"}, "events must be a list, was 'x'"),
        (EventsBody, {"events": [7]}, "events.0 must be an object, was 7"),
        (ClockBody, {"speed": "fast"}, "speed must be a number, was 'fast'"),
        (ClockBody, {"advance_s": -1}, "advance_s must be at least 0, was -1"),
    ],
)
def test_what_is_expected_is_said_in_our_words(
    model: Any, found: dict[str, Any], words: str
) -> None:
    assert refused(model, found).message.startswith(words)
