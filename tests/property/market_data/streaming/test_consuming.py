"""However records come again, and whenever consumers die: the lake and the bars of one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.streaming.bars import told
from algotrendy.market_data.streaming.consuming import Arrived, Consumer
from algotrendy.market_data.streaming.messages import Fix, FixKind, Hole, Record, Trade
from algotrendy.market_data.streaming.states import Folds
from algotrendy.market_data.streaming.stores import Key
from fakes.tick_lake import Killed, MemoryBoard, MemoryFolds, MemoryLake

SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND
STYLES = ("time:interval=10Sec", "tick:amount=3", "renko:size=1", "heikin-ashi:interval=10Sec")
SYMBOLS = ("AAPL", "BTC/USD")
PRICES = st.sampled_from((100.0, 100.5, 102.0, 130.0, 200.0, 201.0, 202.5, 0.0, -1.0, float("nan")))


@dataclass
class Market:
    """Makes what a feed may tell: trades that jump, go back, come again, and clocks."""

    draw: st.DrawFn
    symbol: str
    now: int = BEGIN
    told: list[Trade] = field(default_factory=list)

    def trade(self) -> Trade:
        draw = self.draw
        if self.told and draw(st.integers(0, 4)) == 0:
            return draw(st.sampled_from(self.told))
        self.now += draw(st.sampled_from((0, 0, 1, SECOND, 4 * SECOND, 11 * SECOND)))
        time = self.now - draw(st.sampled_from((0, 0, 0, 0, 3 * SECOND)))
        name = draw(st.sampled_from((str(len(self.told)), str(len(self.told)), "")))
        size = draw(st.sampled_from((1.0, 2.0, 2.0, 0.0)))
        trade = Trade(self.symbol, time, draw(PRICES), size, "V", name, self.now)
        self.told.append(trade)
        return trade

    def fix(self) -> Fix:
        of = self.draw(st.sampled_from(self.told)) if self.told else self.trade()
        new = self.draw(st.sampled_from(("", "new", of.id)))
        kinds: tuple[FixKind, ...] = ("cancel", "correct")
        kind = self.draw(st.sampled_from(kinds))
        return Fix(self.symbol, "V", of.id or "x", self.now, kind, of.price, 1.0, self.now, new)

    def record(self, number: int) -> Record:
        draw = self.draw
        trades = tuple(self.trade() for _ in range(draw(st.integers(0, 5))))
        fixes = tuple(self.fix() for _ in range(draw(st.sampled_from((0, 0, 0, 1)))))
        late = draw(st.sampled_from((None, None, 0, 2, 30)))
        clock = 0 if late is None else self.now - late * SECOND
        hole = Hole(self.symbol, "trades", self.now - SECOND, self.now, "why")
        holes = (hole,) * draw(st.sampled_from((0, 0, 0, 1, 2)))
        return Record("paper", "run", number, self.symbol, trades, fixes, clock, holes)


@st.composite
def recordings(draw: st.DrawFn) -> list[Arrived]:
    markets = {symbol: Market(draw, symbol) for symbol in SYMBOLS}
    found = []
    for number in range(draw(st.integers(1, 8))):
        market = markets[draw(st.sampled_from(SYMBOLS))]
        record = market.record(number)
        found.append(Arrived(record, market.now))
    return found


@dataclass
class World:
    """One lake, and consumers that live and die on it."""

    lake: MemoryLake = field(default_factory=MemoryLake)
    board: MemoryBoard = field(default_factory=MemoryBoard)
    saved: MemoryFolds = field(default_factory=MemoryFolds)

    def consumer(self) -> Consumer:
        return Consumer(self.lake, Folds(self.lake, self.saved), self.board, STYLES)

    def seen(self) -> object:
        ticks = {
            symbol: [(s.trade.time, s.trade.price, s.trade.size, s.identity) for s in rows]
            for symbol, rows in self.lake.ticks.items()
        }
        bars = {
            key: [(c.number, c.ticks_before, told(c.bar)) for c in rows]
            for key, rows in self.lake.chart.items()
        }
        refused = {symbol: self.lake.quarantined(symbol) for symbol in SYMBOLS}
        fixes = {s: [f.key for f in rows] for s, rows in self.lake.fixed.items() if rows}
        shown = {key: [c.number for c in rows] for key, rows in self.board.bars.items() if rows}
        lacking = {s: [h.key for h in rows] for s, rows in self.lake.lacking.items() if rows}
        return ticks, bars, refused, fixes, lacking, shown, self.lake.clocks


def one_batch(recorded: Sequence[Arrived]) -> World:
    world = World()
    world.consumer().take(recorded)
    return world


@given(recordings(), st.data())
@settings(max_examples=40, deadline=None)
def test_any_redelivery_duplication_and_kill_gives_what_one_batch_gives(
    recorded: list[Arrived], data: st.DataObject
) -> None:
    expected = one_batch(recorded).seen()
    world = World()
    consumer = world.consumer()
    reached = 0
    deaths = data.draw(st.lists(st.integers(1, 25), max_size=6))
    steps = 0

    def point(_: str) -> None:
        nonlocal steps
        steps += 1
        if deaths and steps == deaths[0]:
            deaths.pop(0)
            steps = 0
            raise Killed

    world.lake.point = world.board.point = point
    while reached < len(recorded):
        begin = data.draw(st.integers(0, reached))
        end = data.draw(st.integers(reached + 1, len(recorded)))
        match data.draw(st.sampled_from(("same", "same", "fresh", "lost"))):
            case "fresh":
                consumer = world.consumer()
            case "lost":
                world.saved.states.clear()
                consumer = world.consumer()
            case _:
                pass
        try:
            consumer.take(recorded[begin:end])
        except Killed:
            # Sometimes the process lives on: a fault, and no kill.
            if data.draw(st.booleans()):
                consumer = world.consumer()
            continue
        reached = end
    assert world.seen() == expected


@given(recordings(), st.data())
@settings(max_examples=40, deadline=None)
def test_zombies_that_work_on_beside_each_other_give_what_one_batch_gives(
    recorded: list[Arrived], data: st.DataObject
) -> None:
    expected = one_batch(recorded).seen()
    world = World()
    workers = [world.consumer(), world.consumer(), world.consumer()]
    reached = 0
    intrusions = data.draw(
        st.lists(st.tuples(st.integers(1, 8), st.integers(0, 1), st.integers(0, 8)), max_size=4)
    )
    steps = 0
    inside = False
    active = workers[0]

    def point(name: str) -> None:
        """Between any two writes of one, another takes what it was given before."""
        nonlocal inside, steps
        if inside or name.startswith("before"):
            return
        steps += 1
        if not intrusions or steps < intrusions[0][0]:
            return
        steps, inside = 0, True
        _, zombie, begin = intrusions.pop(0)
        # A process takes one batch at a time.
        others = [worker for worker in workers if worker is not active]
        others[zombie].take(recorded[min(begin, reached - 1) : reached])
        inside = False

    while reached < len(recorded):
        begin, reached_next = data.draw(st.integers(0, reached)), reached + 1
        world.lake.point = point
        reached = reached_next
        active = workers[data.draw(st.integers(0, 2))]
        active.take(recorded[begin:reached_next])
    assert world.seen() == expected


@given(recordings())
@settings(deadline=None)
def test_the_bars_are_those_of_one_batch_over_the_trades_of_the_lake(
    recorded: list[Arrived],
) -> None:
    world = one_batch(recorded)
    for symbol, rows in world.lake.ticks.items():
        for style in STYLES:
            builder = Builder(style)
            bars = [
                bar
                for seen in rows
                for bar in builder.push_one(seen.trade.time, seen.trade.price, seen.trade.size)
            ]
            if world.lake.clocks[symbol] > builder.time:
                bars += builder.advance_to(world.lake.clocks[symbol])
            stored = world.lake.chart.get(Key(symbol, style), [])
            assert [told(item.bar) for item in stored] == [told(bar) for bar in bars]


@given(recordings())
@settings(deadline=None)
def test_no_bar_is_known_before_a_trade_that_it_holds_and_none_goes_back(
    recorded: list[Arrived],
) -> None:
    world = one_batch(recorded)
    for key, bars in world.lake.chart.items():
        times = [seen.trade.time for seen in world.lake.ticks[key.symbol]]
        assert times == sorted(times)
        is_time = "interval" in key.style
        for item in bars:
            holds = item.ticks_before + (0 if is_time else 1)
            assert all(time <= item.bar.known for time in times[:holds])
            assert item.bar.ended <= item.bar.known
        numbers = [item.number for item in bars]
        assert numbers == [*range(1, len(bars) + 1)]


@pytest.mark.parametrize("style", STYLES)
def test_what_is_shown_has_no_hole_after_a_kill_before_showing(style: str) -> None:
    world = World()
    trades = tuple(
        Trade("AAPL", BEGIN + at * 11 * SECOND, 100.0 + at, 1.0, "V", str(at), BEGIN + 10**12)
        for at in range(9)
    )
    records = [
        Arrived(Record("paper", "run", at, "AAPL", trades[at : at + 1]), BEGIN) for at in range(9)
    ]

    def kill(name: str) -> None:
        if name == "before show":
            raise Killed

    world.board.point = kill
    for at in range(8):
        with pytest.raises(Killed):
            world.consumer().take(records[at : at + 1])
    world.board.point = lambda _: None
    world.consumer().take(records[8:])
    shown = [item.number for item in world.board.bars[Key("AAPL", style)]]
    assert shown == [*range(1, len(shown) + 1)]
    assert shown
