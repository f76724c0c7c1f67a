"""Whatever the pace of a client, what it gets is a view without an unnoticed hole."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.market_data.streaming.hub import Hub, Seat
from algotrendy.market_data.streaming.messages import Quote, Trade
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.protocol import parse_server
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic
from fakes.streamed import bar

STYLE = "renko:size=1"
BARS = Topic("AAPL", Channel.BARS, STYLE)
PARTIALS = BARS.beside(Channel.PARTIALS)
TRADES, QUOTES = Topic("AAPL", Channel.TRADES), Topic("AAPL", Channel.QUOTES)


class Client:
    """One that checks each message against what it had before, and takes what it is given."""

    def __init__(self, hub: Hub, most_messages: int) -> None:
        self.backlog = Backlog(most_messages, 1_000_000)
        self.seat: Seat = hub.join(self.backlog)
        self.bars: list[int] = []
        self.missing: list[tuple[int, int]] = []
        self.trades: list[str] = []
        self.quote: float | None = None
        self.partial: int | None = None
        self.has_snapshot: set[str] = set()

    def read(self, count: int) -> None:
        for message in self.backlog.take(count):
            parse_server(message)
            told = json.loads(message)
            getattr(self, f"_on_{told['type']}")(told)

    def _on_status(self, told: dict[str, Any]) -> None:
        pass

    def _on_snapshot(self, told: dict[str, Any]) -> None:
        channel = told["channel"]
        self.has_snapshot.add(channel)
        if "missing" in told:
            missing = told["missing"]
            assert missing["first"] == self.bars[-1] + 1
            self.missing.append((missing["first"], missing["last"]))
            self.bars.extend(range(missing["first"], missing["last"] + 1))
        if channel == BARS.name:
            if told["reason"] == "subscribed":
                self.bars = []
            for each in told["bars"]:
                self._next_bar(each["number"])
        elif channel == "trades":
            self.trades = [each["id"] for each in told["trades"]]
        elif channel == "quotes":
            self.quote = told["quote"] and told["quote"]["bid"]
        else:
            self.partial = told["partial"] and told["partial"]["number"]

    def _on_bar(self, told: dict[str, Any]) -> None:
        assert BARS.name in self.has_snapshot
        self._next_bar(told["number"])

    def _next_bar(self, number: int) -> None:
        assert not self.bars or number == self.bars[-1] + 1, "a hole or a double"
        self.bars.append(number)

    def _on_partial(self, told: dict[str, Any]) -> None:
        assert PARTIALS.name in self.has_snapshot
        if self.bars:
            assert told["number"] == self.bars[-1] + 1, "it is unfinished, and follows"
        self.partial = told["number"]

    def _on_trade(self, told: dict[str, Any]) -> None:
        assert "trades" in self.has_snapshot
        self.trades.append(told["id"])

    def _on_quote(self, told: dict[str, Any]) -> None:
        assert self.quote is None or told["bid"] >= self.quote
        self.quote = told["bid"]


class World:
    """A hub, a client of some room, and what happens."""

    def __init__(self, room: int, stored: int) -> None:
        self.hub = Hub(Offer(), lambda: 0)
        self.client = Client(self.hub, room)
        self.newest, self.trades, self.quotes = stored, 0, 0

    def bar(self) -> None:
        self.newest += 1
        self.hub.add(BARS, [bar(self.newest)])

    def hole(self) -> None:
        self.newest += 3
        self.hub.add(BARS, [bar(self.newest)])

    def double(self) -> None:
        first = max(1, self.newest - 2)
        self.hub.add(BARS, [bar(number) for number in range(first, self.newest + 1)])

    def partial(self) -> None:
        self.hub.partial(PARTIALS, bar(self.newest + 1, known=0))

    def trade(self) -> None:
        self.trades += 1
        at = self.trades
        self.hub.on_trade(Trade("AAPL", at, 1.0, 1.0, "V", str(at), at))

    def quote(self) -> None:
        self.quotes += 1
        at = self.quotes
        self.hub.on_quote(Quote("AAPL", at, float(at), 1.0, at + 1.0, 1.0, at))

    def again(self) -> None:
        self.hub.subscribe(self.client.seat, BARS)


STEPS = st.lists(
    st.one_of(
        st.sampled_from(("bar", "hole", "double", "partial", "trade", "quote", "again")),
        st.integers(1, 5),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, stored=st.integers(0, 5), room=st.integers(3, 40), late=st.booleans())
def test_any_pace_sees_all_in_order_or_is_dropped_with_a_reason(
    steps: list[str | int], stored: int, room: int, late: bool
) -> None:
    world = World(room, stored)
    hub, client = world.hub, world.client
    for topic in (PARTIALS, BARS, TRADES, QUOTES):
        hub.subscribe(client.seat, topic)
    if not late:
        hub.load(BARS, [bar(number) for number in range(1, stored + 1)])
    for step in steps:
        if isinstance(step, int):
            client.read(step)
        else:
            getattr(world, step)()
    if late:
        hub.load(BARS, [bar(number) for number in range(1, world.newest + 1)])
    while len(client.backlog):
        client.read(3)
    if client.backlog.overflow:
        assert client.backlog.take() == []
        return
    assert client.bars[-1:] == ([world.newest] if world.newest else [])
    assert client.quote == (world.quotes or None)
    first = world.trades - len(client.trades) + 1
    assert client.trades == [str(number) for number in range(first, world.trades + 1)]
    assert bool(client.trades) == bool(world.trades)


@settings(max_examples=100, deadline=None)
@given(
    had=st.integers(0, 30),
    kept=st.integers(1, 30),
    newest=st.integers(0, 30),
    more=st.integers(0, 4),
)
def test_a_client_that_comes_back_gets_what_it_missed_or_is_told_what_is_missing(
    had: int, kept: int, newest: int, more: int
) -> None:
    hub = Hub(Offer(), lambda: 0)
    backlog = Backlog(100, 1_000_000)
    seat = hub.join(backlog)
    hub.subscribe(seat, BARS, after=had)
    hub.load(BARS, [bar(number) for number in range(max(1, newest - kept + 1), newest + 1)])
    hub.add(BARS, [bar(number) for number in range(newest + 1, newest + more + 1)])
    told = [json.loads(message) for message in backlog.take()]
    snapshot = told[0]
    there = [each["number"] for each in snapshot["bars"]]
    if newest + more < had or (newest + more == 0 and had == 0):
        assert snapshot["reason"] == "lost"
        return
    assert snapshot["reason"] == "resumed"
    missing = snapshot.get("missing")
    gone = [] if missing is None else list(range(missing["first"], missing["last"] + 1))
    assert [*gone, *there] == list(range(had + 1, newest + more + 1))


@given(numbers=st.lists(st.integers(1, 3), min_size=1, max_size=20))
def test_a_slow_client_costs_the_others_nothing(numbers: list[int]) -> None:
    hub = Hub(Offer(), lambda: 0)
    slow, quick = Client(hub, 2), Client(hub, 2)
    for client in (slow, quick):
        hub.subscribe(client.seat, BARS)
    hub.load(BARS, [])
    slow.read(1)
    quick.read(1)
    for number in range(1, len(numbers) + 1):
        hub.add(BARS, [bar(number)])
        quick.read(1)
    assert quick.bars == list(range(1, len(numbers) + 1))
    assert not quick.backlog.overflow
    assert bool(slow.backlog.overflow) == (len(numbers) > 2)
