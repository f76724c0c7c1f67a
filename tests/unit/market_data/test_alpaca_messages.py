"""What Alpaca says is read as it was said; what cannot be read does not stop a tick."""

from __future__ import annotations

import math
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data.adapters.alpaca_messages import (
    item_of,
    messages_in,
    time_ns,
    told_of,
    with_own_id,
)
from algotrendy.market_data.streaming.feeds import Status
from algotrendy.market_data.streaming.messages import (
    FIRST_NS,
    LAST_NS,
    Fix,
    Quote,
    Record,
    Trade,
    decode,
    encode,
)

AT = "2026-09-15T14:00:00.123456789Z"
AT_NS = 1_789_480_800_123_456_789
TRADE = {
    "T": "t",
    "S": "AAPL",
    "i": 52,
    "x": "V",
    "p": 1.5,
    "s": 100,
    "c": ["@"],
    "z": "C",
    "t": AT,
}


def test_a_trade_is_read() -> None:
    assert item_of(TRADE, 7) == Trade("AAPL", AT_NS, 1.5, 100.0, "V", "52", 7)


def test_a_pair_has_no_venue() -> None:
    message = {"T": "t", "S": "BTC/USD", "p": 60_000, "s": 0.5, "i": 9, "tks": "B", "t": AT}
    assert item_of(message, 7) == Trade("BTC/USD", AT_NS, 60_000.0, 0.5, "", "9", 7)


def test_a_quote_is_read() -> None:
    message = {"T": "q", "S": "AAPL", "bp": 1.0, "bs": 2, "ap": 1.1, "as": 3, "t": AT}
    assert item_of(message, 7) == Quote("AAPL", AT_NS, 1.0, 2.0, 1.1, 3.0, 7)


def test_a_cancel_and_a_correction_name_the_trade_that_they_mend() -> None:
    cancel = {"T": "x", "S": "AAPL", "i": 52, "x": "V", "p": 1.5, "s": 100, "a": "C", "t": AT}
    assert item_of(cancel, 7) == Fix("AAPL", "V", "52", AT_NS, "cancel", 1.5, 100.0, 7)
    change = {"T": "c", "S": "AAPL", "x": "V", "oi": 52, "op": 1.5, "os": 100, "ci": 53, "t": AT}
    corrected = item_of(change | {"cp": 1.4, "cs": 50}, 7)
    assert corrected == Fix("AAPL", "V", "52", AT_NS, "correct", 1.4, 50.0, 7, "53")
    same = item_of(change | {"cp": 1.4, "cs": 50, "ci": 52}, 7)
    assert isinstance(same, Fix)
    assert same.new_id == ""


def test_a_fix_of_no_trade_is_none() -> None:
    assert item_of({"T": "x", "S": "AAPL", "t": AT}, 7) is None


@pytest.mark.parametrize(
    ("code", "is_traded"), [("H", False), ("2", False), ("T", True), ("3", True)]
)
def test_a_halt_and_its_end_are_read(code: str, is_traded: bool) -> None:
    found = item_of({"T": "s", "S": "AAPL", "sc": code, "sm": "words", "t": AT}, 7)
    assert found == Status("AAPL", AT_NS, is_traded, f"{code} words")


@pytest.mark.parametrize("message", [{"T": "b"}, {"T": "subscription"}, {}, {"T": "s", "sc": "5"}])
def test_other_messages_are_no_ticks(message: dict[str, Any]) -> None:
    assert item_of(message, 7) is None


def test_both_encodings_say_the_same() -> None:
    packed = msgpack.packb([TRADE | {"t": msgpack.Timestamp(*divmod(AT_NS, 10**9))}])
    found = [item_of(message, 7) for message in messages_in(packed, packed=True)]
    assert found == [item_of(TRADE, 7)]
    # Errors come as text even then.
    assert messages_in('[{"T":"error"}]', packed=True) == [{"T": "error"}]


@pytest.mark.parametrize(("frame", "packed"), [("{", False), (b"\xc1", True), (b"\x92\x01", True)])
def test_a_frame_that_cannot_be_read_ends_the_connection(frame: Any, packed: bool) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        messages_in(frame, packed=packed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (AT, AT_NS),
        ("2026-09-15T14:00:00Z", AT_NS - 123_456_789),
        ("2026-09-15T14:00:00.5Z", AT_NS - 123_456_789 + 500_000_000),
        ("2026-13-15T14:00:00Z", 0),
        ("9999-12-31T23:59:59Z", 0),
        (msgpack.Timestamp(2**60), 0),
        (msgpack.Timestamp(-(2**60)), 0),
        ("now", 0),
        (None, 0),
        (1.5, 0),
    ],
)
def test_times_are_read_to_the_nanosecond(text: object, expected: int) -> None:
    assert time_ns(text) == expected


def test_history_says_what_was_taken_back() -> None:
    row = {key: value for key, value in TRADE.items() if key not in ("T", "S")}
    assert told_of("AAPL", row | {"u": "corrected"}, 7) == told_of("AAPL", row, 7)
    trade, fix = told_of("AAPL", row | {"u": "canceled"}, 7)
    assert isinstance(trade, Trade)
    assert isinstance(fix, Fix)
    assert (fix.kind, fix.id) == ("cancel", trade.id)


def own_id(told: dict[str, str], at: str) -> str:
    item = item_of(TRADE | told | {"t": at}, 7)
    assert isinstance(item, Trade | Fix)
    marked = with_own_id(item)
    assert isinstance(marked, Trade | Fix)
    return marked.id


CANCEL = {"T": "x", "a": "C"}


def test_an_evenings_ids_are_told_apart_from_those_of_the_next_session() -> None:
    # 19:30 in New York, and the morning after: one day in UTC.
    assert own_id({}, "2026-12-02T00:30:00Z") == "e52"
    assert own_id({}, "2026-12-02T15:00:00Z") == "52"
    assert own_id({}, "2026-12-03T00:30:00Z") == "52"
    assert own_id({}, "2026-12-03T15:00:00Z") == "e52"


@pytest.mark.parametrize("day", [1, 2])
def test_a_fix_of_after_midnight_utc_finds_its_trade_of_before(day: int) -> None:
    trade = own_id({}, f"2026-12-{day:02}T23:59:30Z")
    assert own_id(CANCEL, f"2026-12-{day + 1:02}T00:01:00Z") == trade
    assert own_id({}, f"2026-12-{day + 1:02}T15:00:00Z") != trade


def test_both_ids_of_a_correction_are_marked_and_what_has_no_id_is_left_alone() -> None:
    trade = item_of(TRADE | {"t": "2026-12-01T15:00:00Z"}, 7)
    assert isinstance(trade, Trade)
    fix = Fix("AAPL", "V", "52", trade.time, "correct", 1.4, 50.0, 7, "53")
    assert with_own_id(fix) == fix._replace(id="e52", new_id="e53")
    quote = Quote("AAPL", trade.time, 1.0, 2.0, 1.1, 3.0, 7)
    assert with_own_id(quote) is quote
    nameless = trade._replace(id="")
    assert with_own_id(nameless) is nameless
    for time in (FIRST_NS, 0, LAST_NS):
        assert with_own_id(trade._replace(time=time)).time == time


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from("tqcxs"), st.dictionaries(st.sampled_from([*TRADE, "oi", "cp"]), ANYTHING))
def test_whatever_the_fields_are_a_tick_travels(letter: str, fields: dict[str, Any]) -> None:
    item = item_of(TRADE | fields | {"T": letter, "S": "AAPL"}, 7)
    if isinstance(item, Trade):
        found = decode(encode(Record("f", "r", 0, "AAPL", (item,)))).trades[0]
        assert repr(found) == repr(item)
    if isinstance(item, Fix):
        assert decode(encode(Record("f", "r", 0, "AAPL", (), (item,)))).fixes[0].id == item.id


def test_a_price_that_is_no_number_is_nan() -> None:
    found = item_of(TRADE | {"p": "1.5", "s": None}, 7)
    assert isinstance(found, Trade)
    assert math.isnan(found.price)
    assert math.isnan(found.size)
