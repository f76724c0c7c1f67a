"""However often a feed breaks, a sink refuses and a process dies: every trade is sent, in order."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data.streaming.listening import Listeners
from algotrendy.market_data.streaming.messages import Record, Trade
from algotrendy.market_data.streaming.producer import Producer, ProducerTerms
from algotrendy.market_data.streaming.sender import Sender, SendingTerms
from fakes.quick_loop import LoopClock, run_quickly
from fakes.scripted_feed import ScriptedFeed, ScriptedSink, ScriptedStored

SYMBOLS = ("AAPL", "BTC/USD")
STEPS = st.sampled_from(
    (
        "trade",
        "trade",
        "trade",
        "twin",
        "burst",
        "burst",
        "again",
        "moment",
        "cut",
        "die",
        "wait",
        "long",
        "hour",
        "down",
        "up",
    )
)


class World:
    """One market, and the processes that listen to it one after another."""

    def __init__(self, lag: int, held: int, pending: int) -> None:
        self.feed = ScriptedFeed(*SYMBOLS, settle_s=0.5)
        # Of a symbol of which nothing is stored yet, the whole story is wanted.
        self.feed.begin_s = 200_000.0
        self.sink = ScriptedSink()
        self.stored = ScriptedStored(self.sink, lag)
        self.terms = ProducerTerms(most_held=held, clock_s=1.0)
        self.sending = SendingTerms(most_pending=pending)
        self.runs = 0
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        sender = Sender(self.sink, "scripted", f"run-{self.runs}", lambda: 0.5, self.sending)
        producer = Producer(
            self.feed, sender, self.stored, Listeners(), LoopClock(), lambda: 0.5, self.terms
        )
        self.runs += 1
        self.tasks = [asyncio.create_task(producer.run()), asyncio.create_task(sender.run())]

    async def die(self) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def do(self, step: str) -> None:
        self.market(step)
        match step:
            case "cut":
                self.feed.cut()
            case "die":
                await self.die()
                self.start()
            case "hour":
                await self.outage(3600.0)
            case "down" | "up":
                self.sink.is_down = step == "down"
        # A moment is as long as it takes until history is being read.
        await asyncio.sleep({"trade": 0.1, "moment": 0.53, "wait": 0.7, "long": 60.0}.get(step, 0))

    async def outage(self, seconds: float) -> None:
        """Let nobody connect for so long, while the market goes on."""
        self.feed.refuses = Unavailable("scripted", "the feed is down")
        self.feed.cut()
        connects = self.feed.connects
        for at in range(6):
            self.market("trade" if at % 2 else "burst")
            await asyncio.sleep(seconds / 6)
        assert self.feed.connects == connects
        self.feed.refuses = None

    def market(self, step: str) -> None:
        match step:
            case "trade":
                self.feed.trade(SYMBOLS[len(self.feed.made) % 3 % 2])
            case "burst":
                for _ in range(12):
                    self.feed.trade("AAPL")
            case "twin" if self.feed.made:
                # Told later, and made at the same moment as the one before.
                before = self.feed.made[-1]
                self.feed.trade(before.symbol, time=before.time)
            case "again" if self.feed.made:
                self.feed.tell(self.feed.made[-1])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(STEPS, min_size=1, max_size=30),
    st.lists(st.sampled_from(("taken", "refused", "unsaid")), max_size=20),
    st.integers(0, 5),
    st.sampled_from((2, 8, 1_000)),
    st.sampled_from((4, 16, 1_000)),
)
def test_every_trade_is_sent_at_least_once_and_in_order(
    steps: list[str], fates: list[str], lag: int, held: int, pending: int
) -> None:
    async def scenario() -> World:
        world = World(lag, held, pending)
        world.sink.fates = fates
        world.start()
        for step in steps:
            await world.do(step)
        world.sink.is_down = False
        await asyncio.sleep(120)
        await world.die()
        return world

    world = run_quickly(scenario())
    for symbol in SYMBOLS:
        made = {trade.id: trade for trade in world.feed.made if trade.symbol == symbol}
        sent = world.sink.trades(symbol)
        assert {trade.id for trade in sent} == set(made)
        for run in range(world.runs):
            once = _once(world.sink.trades(symbol, f"run-{run}"))
            assert all(before.time <= after.time for before, after in pairwise(once))
    _assert_numbered(world)


@pytest.mark.parametrize("sink_is_down", [False, True])
def test_what_was_traded_in_an_hour_without_the_feed_is_read_from_its_history(
    sink_is_down: bool,
) -> None:
    async def scenario() -> tuple[World, list[Trade]]:
        world = World(0, 8, 16)
        world.start()
        await world.do("moment")
        await world.do("trade")
        world.sink.is_down = sink_is_down
        before = len(world.feed.made)
        await world.do("hour")
        missed = world.feed.made[before:]
        sent = {trade.id for symbol in SYMBOLS for trade in world.sink.trades(symbol)}
        assert not sent & {trade.id for trade in missed}
        world.sink.is_down = False
        await asyncio.sleep(120)
        await world.die()
        return world, missed

    world, missed = run_quickly(scenario())
    assert len(missed) > 16
    for symbol in SYMBOLS:
        sent = [trade.id for trade in world.sink.trades(symbol)]
        assert sent == [trade.id for trade in world.feed.made if trade.symbol == symbol]
    _assert_numbered(world)


def _once(trades: list[Trade]) -> list[Trade]:
    return list({trade.id: trade for trade in reversed(trades)}.values())[::-1]


def _assert_numbered(world: World) -> None:
    """Each run's records of a symbol come as 0, 1, 2, ...; one may come again, as it was."""
    newest: dict[tuple[str, str], Record] = {}
    clocks: dict[tuple[str, str], int] = {}
    for record in world.sink.taken:
        key = record.run, record.symbol
        before = newest.get(key)
        if before is not None and before.number == record.number:
            assert record == before
            continue
        assert record.number == (0 if before is None else before.number + 1)
        # What a clock says is over, is over.
        assert all(trade.time >= clocks.get(key, 0) for trade in record.trades)
        newest[key] = record
        clocks[key] = max(clocks.get(key, 0), record.clock)
