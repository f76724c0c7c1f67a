"""What a feed tells travels as bytes and comes out the same; what is no record is refused."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.streaming.messages import (
    FIRST_NS,
    LAST_NS,
    MOST_TRADES,
    Fix,
    Hole,
    Record,
    Trade,
    decode,
    encode,
    records,
)

NS = st.integers(FIRST_NS, LAST_NS)
IDS = st.text(max_size=40)
VENUES = st.text(max_size=10)
TRADES = st.builds(Trade, st.just("AAPL"), NS, st.floats(), st.floats(), VENUES, IDS, NS)
FIXES = st.builds(
    Fix,
    st.just("AAPL"),
    VENUES,
    IDS.filter(bool),
    NS,
    st.sampled_from(("cancel", "correct")),
    st.floats(),
    st.floats(),
    NS,
    IDS,
)


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)


@given(st.lists(st.one_of(TRADES, FIXES), min_size=1, max_size=30), st.integers(0, 2**40))
def test_what_is_told_comes_out_as_it_went_in_and_in_its_order(
    told: list[Trade | Fix], number: int
) -> None:
    parts = [decode(encode(part)) for part in records("alpaca:iex", "r", number, "AAPL", told)]
    assert same([item for part in parts for item in (*part.trades, *part.fixes)], told)
    assert [part.number for part in parts] == [*range(number, number + len(parts))]


def test_a_bad_price_travels_as_text() -> None:
    bad = Trade("AAPL", 1, math.nan, -math.inf, "", "", 2)
    written = encode(Record("f", "r", 0, "AAPL", (bad,)))
    assert json.loads(written)["trades"] == [[1, "nan", "-inf", "", "", 2]]
    assert same(decode(written).trades[0], bad)


def test_many_trades_are_parted_into_records_of_five_hundred() -> None:
    told = [Trade("AAPL", at, 1.0, 1.0, "V", str(at), at) for at in range(2 * MOST_TRADES + 1)]
    assert [len(part.trades) for part in records("f", "r", 3, "AAPL", told)] == [500, 500, 1]


def test_long_ids_make_records_of_fewer_trades_that_can_all_be_written() -> None:
    told = [Trade("AAPL", at, 1.1, 1.1, "\x01" * 32, "\x01" * 128, at) for at in range(MOST_TRADES)]
    parts = [decode(encode(part)) for part in records("f", "r", 0, "AAPL", told)]
    assert [trade for part in parts for trade in part.trades] == told


def test_holes_travel_and_most_of_the_longest_can_be_written() -> None:
    hole = Hole("AAPL", "fixes", FIRST_NS, LAST_NS, "\x01" * 200)
    record = Record("f", "r", 0, "AAPL", holes=(hole,) * 24)
    assert decode(encode(record)) == record
    plain = Record("f", "r", 0, "AAPL", clock=1)
    assert b"holes" not in encode(plain)
    with pytest.raises(Invalid, match="holes must be at most 24"):
        encode(Record("f", "r", 0, "AAPL", holes=(hole,) * 25))


def good() -> dict[str, Any]:
    return {
        "v": 1,
        "feed": "alpaca:iex",
        "run": "r",
        "number": 0,
        "symbol": "AAPL",
        "trades": [[1, 2.0, 3.0, "V", "7", 4]],
        "fixes": [["cancel", 1, 2.0, 3.0, "V", "7", "", 4]],
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"v": 2}, "v"),
        ({"feed": ""}, "feed"),
        ({"run": 7}, "run"),
        ({"number": -1}, "number"),
        ({"number": True}, "number"),
        ({"symbol": "../x"}, "symbol"),
        ({"trades": None}, "trades"),
        ({"trades": [], "fixes": []}, "trades"),
        ({"trades": [[1, 2.0, 3.0, "V", "7"]]}, "trades[0]"),
        ({"trades": [[1.5, 2.0, 3.0, "V", "7", 4]]}, "trades[0].time"),
        ({"trades": [[2**63, 2.0, 3.0, "V", "7", 4]]}, "trades[0].time"),
        ({"trades": [[1, "2.0", 3.0, "V", "7", 4]]}, "trades[0].price"),
        ({"trades": [[1, 2.0, None, "V", "7", 4]]}, "trades[0].size"),
        ({"trades": [[1, 2.0, 3.0, "V" * 33, "7", 4]]}, "trades[0].venue"),
        ({"trades": [[1, 2.0, 3.0, "V", 7, 4]]}, "trades[0].id"),
        ({"trades": [[1, 2.0, 3.0, "V", "7", "4"]]}, "trades[0].received"),
        ({"trades": [[1, 2.0, 3.0, "V", "7", 4]] * 501}, "trades"),
        ({"fixes": [["undo", 1, 2.0, 3.0, "V", "7", "", 4]]}, "fixes[0].kind"),
        ({"fixes": [["cancel", 1, 2.0, 3.0, "V", "", "", 4]]}, "fixes[0].id"),
        ({"clock": -1}, "clock"),
        ({"clock": "noon"}, "clock"),
        ({"holes": {}}, "holes"),
        ({"holes": [["trades", 1, 2]]}, "holes[0]"),
        ({"holes": [["quotes", 1, 2, "why"]]}, "holes[0].what"),
        ({"holes": [["trades", 1.5, 2, "why"]]}, "holes[0].first"),
        ({"holes": [["trades", 1, 2, "w" * 201]]}, "holes[0].reason"),
        ({"more": 1}, "record"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(json.dumps(good() | change).encode())
    assert refused.value.field == field


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b'"' + b"x" * 200_000 + b'"'])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match=r"record must be"):
        decode(data)


def test_a_record_of_too_many_bytes_is_not_written() -> None:
    trade = Trade("AAPL", 1, 1.0, 1.0, "", "\u00e9" * 600, 1)
    with pytest.raises(Invalid, match="bytes"):
        encode(Record("f", "r", 0, "AAPL", (trade,) * 400))


def test_a_clock_travels_alone_and_is_left_out_where_there_is_none() -> None:
    record = Record("f", "r", 0, "AAPL", clock=7)
    assert decode(encode(record)) == record
    assert "clock" not in json.loads(encode(Record("f", "r", 0, "AAPL", (good_trade(),))))


def good_trade() -> Trade:
    return Trade("AAPL", 1, 2.0, 3.0, "V", "7", 4)
