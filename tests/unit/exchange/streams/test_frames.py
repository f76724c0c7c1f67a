from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest

from algotrendy.exchange.alpaca_api.frames import (
    EncodedOnce,
    Encoding,
    TimeNs,
    event_id,
    update_message,
)
from algotrendy.exchange.venue.model import Order, Update, UpdateEvent
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

NOW = datetime(2026, 1, 5, 15, 0, 0, 250_000, tzinfo=UTC)
ORDER = Order(
    id="order",
    sequence=1,
    account_id="account",
    client_order_id="mine",
    symbol="AAPL",
    side=Side.SELL,
    type=OrderType.MARKET,
    time_in_force=TimeInForce.DAY,
    order_class=OrderClass.SIMPLE,
    status=OrderStatus.FILLED,
    created_at=NOW,
    updated_at=NOW,
    submitted_at=NOW,
)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (None, Encoding.JSON),
        ("application/json", Encoding.JSON),
        ("application/msgpack", Encoding.MSGPACK),
        ("Application/MsgPack; charset=binary", Encoding.MSGPACK),
        ("text/html", Encoding.JSON),
    ],
)
def test_the_handshake_chooses_the_encoding(content_type: str | None, encoding: Encoding) -> None:
    assert Encoding.asked_for(content_type) is encoding


def test_times_are_text_in_json_and_an_extension_in_msgpack_to_the_nanosecond() -> None:
    message = {"T": "t", "t": TimeNs(1_767_625_200_123_456_789)}
    assert json.loads(Encoding.JSON.pack(message))["t"] == "2026-01-05T15:00:00.123456789Z"
    stamp = msgpack.unpackb(Encoding.MSGPACK.pack(message))["t"]
    assert stamp.to_unix_nano() == 1_767_625_200_123_456_789


@pytest.mark.parametrize("encoding", list(Encoding))
def test_an_array_of_encoded_messages_reads_as_one(encoding: Encoding) -> None:
    messages = [{"T": "t", "p": number} for number in range(20)]
    packed = encoding.array([encoding.pack(message) for message in messages])
    assert encoding.decode(packed) == messages
    assert encoding.decode(encoding.array([])) == []


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("thing", [{"t": object()}, {"t": Decimal(1)}])
def test_only_times_are_written_in_a_way_of_their_own(encoding: Encoding, thing: Any) -> None:
    with pytest.raises(TypeError, match=r"has no|not JSON"):
        encoding.pack(thing)


@pytest.mark.parametrize(
    ("encoding", "frame"),
    [
        (Encoding.JSON, "{"),
        (Encoding.JSON, b"\x80\xff"),
        (Encoding.JSON, ""),
        (Encoding.MSGPACK, b""),
        (Encoding.MSGPACK, b"\xc1"),
        (Encoding.MSGPACK, b"\x81\x90\x01"),
        (Encoding.MSGPACK, b"\x01\x02"),
        (Encoding.MSGPACK, b"\xa1\xff"),
        (Encoding.MSGPACK, b"\x91" * 3_000),
        (Encoding.MSGPACK, "{"),
    ],
)
def test_a_broken_frame_is_a_value_error(encoding: Encoding, frame: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        encoding.decode(frame)


def test_a_thing_is_encoded_once_for_each_encoding() -> None:
    once, asked = EncodedOnce(), []

    def message() -> dict[str, Any]:
        asked.append(1)
        return {"n": len(asked)}

    thing = object()
    first = once.get(thing, "t", Encoding.JSON, message)
    assert once.get(thing, "t", Encoding.JSON, message) is first
    assert len(asked) == 1
    once.get(thing, "t", Encoding.MSGPACK, message)
    once.get(object(), "t", Encoding.JSON, message)
    assert len(asked) == 3


def test_what_is_long_gone_is_encoded_anew() -> None:
    once = EncodedOnce(remembered=2)
    things = [object() for _ in range(3)]
    for number, thing in enumerate(things):
        once.get(thing, "t", Encoding.JSON, lambda number=number: {"n": number})  # type: ignore[misc]
    assert once.get(things[0], "t", Encoding.JSON, lambda: {"n": "new"}) == b'{"n":"new"}'


def test_a_fill_tells_its_execution_and_other_events_do_not() -> None:
    new = Update(1, "account", UpdateEvent.NEW, NOW, ORDER)
    assert set(update_message(new, {})["data"]) == {"event", "event_id", "at", "timestamp", "order"}
    fill = replace(
        new,
        event=UpdateEvent.FILL,
        execution_id="execution",
        price=Decimal("100.10"),
        quantity=Decimal("2.50"),
        position_quantity=Decimal("-2.5"),
    )
    written = update_message(fill, {"id": "order"})
    assert written["stream"] == "trade_updates"
    data = written["data"]
    assert data["event"] == "fill"
    assert (data["price"], data["qty"], data["position_qty"]) == ("100.1", "2.5", "-2.5")
    assert data["timestamp"] == data["at"] == "2026-01-05T15:00:00.25Z"
    assert data["execution_id"] == "execution"
    assert data["order"] == {"id": "order"}


def test_event_ids_sort_as_the_updates_came() -> None:
    first = Update(9, "account", UpdateEvent.NEW, NOW, ORDER)
    updates = [
        first,
        replace(first, number=10),
        replace(first, number=11, at=NOW + timedelta(milliseconds=1)),
        replace(first, number=12, at=NOW + timedelta(days=400)),
    ]
    ids = [event_id(update) for update in updates]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {26}
