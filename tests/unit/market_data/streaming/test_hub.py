"""What a hub tells beside prices: fixes, how sources stand, unfinished bars that go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.streaming import encoding
from algotrendy.market_data.streaming.hub import INTERRUPTED, LIVE, Hub, Seat
from algotrendy.market_data.streaming.listening import FeedState, StateChange
from algotrendy.market_data.streaming.messages import FIRST_NS, LAST_NS, Fix, Quote, Trade
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.protocol import parse_server
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic, parse_channel
from fakes.streamed import bar, stored_bar

BARS = Topic("AAPL", Channel.BARS, "renko:size=1")
PARTIALS = BARS.beside(Channel.PARTIALS)
TIMES = st.integers(FIRST_NS, LAST_NS)
NUMBERS = st.floats(min_value=1e-9, max_value=1e15)
NAMES = st.text(max_size=32)


def joined(hub: Hub, *topics: Topic) -> Seat:
    seat = hub.join(Backlog(100, 1_000_000))
    for topic in topics:
        hub.subscribe(seat, topic)
    return seat


def heard(seat: Seat) -> list[dict[str, Any]]:
    messages = seat.backlog.take(100)
    for message in messages:
        parse_server(message)
    return [json.loads(message) for message in messages]


def hub() -> Hub:
    return Hub(Offer(), lambda: 0)


def test_a_fix_is_told_with_the_trades_and_is_in_every_snapshot_after_it() -> None:
    made = hub()
    trades = Topic("AAPL", Channel.TRADES)
    seat, other = joined(made, trades), joined(made)
    assert heard(seat)[0]["trades"] == []
    for id_ in ("1", "2", "3"):
        made.on_trade(Trade("AAPL", 1, 1.0, 2.0, "V", id_, 3))
    made.on_fix(Fix("AAPL", "V", "1", 4, "cancel", 1.0, 2.0, 5))
    made.on_fix(Fix("AAPL", "V", "2", 4, "correct", 7.0, 2.0, 5, "9"))
    assert [each["type"] for each in heard(seat)] == ["trade"] * 3 + ["fix"] * 2
    assert heard(other) == []
    (snapshot,) = heard(joined(made, trades))
    assert [(each["id"], each["price"]) for each in snapshot["trades"]] == [("9", 7.0), ("3", 1.0)]


def test_each_feed_is_told_of_by_name_also_to_who_comes_later() -> None:
    made = hub()
    early = joined(made)
    for feed, state in (("a:x", FeedState.MUTE), ("a:y", FeedState.LIVE), ("a:x", FeedState.LIVE)):
        made.on_state(StateChange(feed, state, 5, "why"))
    told = [(each["feed"], each["state"]) for each in heard(early)]
    assert told == [("a:x", "mute"), ("a:y", "live"), ("a:x", "live")]
    assert [(each["feed"], each["state"]) for each in heard(joined(made))] == told[:0:-1]


def test_the_store_of_bars_is_told_of_only_when_it_changes() -> None:
    made = hub()
    seat = joined(made)
    for state in (LIVE, INTERRUPTED, INTERRUPTED, LIVE, LIVE):
        made.on_bars(state)
    assert [each["state"] for each in heard(seat)] == ["interrupted", "live"]


def test_an_unfinished_bar_waits_for_the_bar_before_it_and_goes_when_it_is_gone() -> None:
    made = hub()
    seat = joined(made, BARS, PARTIALS)
    made.load(BARS, [bar(1)])
    assert [each["type"] for each in heard(seat)] == ["snapshot", "snapshot"]
    made.partial(PARTIALS, bar(3, known=0))
    assert heard(seat) == []
    made.add(BARS, [bar(2)])
    assert [(each["type"], each["number"]) for each in heard(seat)] == [("bar", 2), ("partial", 3)]
    made.add(BARS, [bar(3)])
    assert heard(joined(made, PARTIALS))[0]["partial"] is None
    made.partial(PARTIALS, bar(4, known=0))
    made.partial(PARTIALS, None)
    assert heard(joined(made, PARTIALS))[0]["partial"] is None


def test_nothing_is_kept_of_bars_that_nobody_listens_to() -> None:
    made = hub()
    seat = joined(made, BARS, PARTIALS)
    made.load(BARS, [bar(1)])
    made.leave(seat)
    assert made.positions() == {}
    assert made.partial_topics() == []
    made.add(BARS, [bar(2)])
    made.partial(PARTIALS, bar(3, known=0))
    assert made.describe()["topics"] == 0


@given(time=TIMES, received=TIMES, numbers=st.lists(NUMBERS, min_size=4, max_size=4), name=NAMES)
def test_whatever_a_feed_tells_is_a_message_of_the_protocol(
    time: int, received: int, numbers: list[float], name: str
) -> None:
    made = hub()
    seat = joined(made, Topic("AAPL", Channel.TRADES), Topic("AAPL", Channel.QUOTES))
    heard(seat)
    made.on_trade(Trade("AAPL", time, numbers[0], numbers[1], name, name, received))
    bid, bid_size, ask, ask_size = numbers
    made.on_quote(Quote("AAPL", time, bid, bid_size, ask, ask_size, received))
    trade, quote = heard(seat)
    assert encoding.nanoseconds(trade["time"]) == encoding.nanoseconds(quote["time"]) == time
    assert (trade["price"], trade["venue"], quote["ask_size"]) == (numbers[0], name, numbers[3])


@pytest.mark.parametrize(
    "text", ["", "2026-11-23", "2026-11-23T14:30:00", "2026-11-23T14:30:00+00:00"]
)
def test_only_the_times_of_messages_are_read(text: str) -> None:
    with pytest.raises(Invalid, match="time"):
        encoding.nanoseconds(text)


@pytest.mark.parametrize("change", [{"close": None}, {"ticks": 1.5}, {"number": True}])
def test_a_bar_without_its_fields_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=f"bar.{next(iter(change))}"):
        encoding.bar_fields(stored_bar(1) | change)


def test_styles_are_written_in_one_way_and_what_is_not_offered_is_named() -> None:
    assert parse_channel("bars:renko: size=1.0") == (Channel.BARS, "renko:size=1")
    for text in ("bars", "trades:x", "news", "partials:"):
        with pytest.raises(Invalid):
            parse_channel(text)
    how = "streamed are: time:interval=1Min; to have another, name it in ALGOTRENDY_STREAM_STYLES"
    with pytest.raises(NotFound, match=how):
        Offer(None, ["time:interval=1Min"]).topics(["AAPL"], ["trades", "bars:renko:size=1"])
