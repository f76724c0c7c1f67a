"""How a feed is listened to: states, silence, what clients hear, what waits and for whom."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable

from algotrendy.kernel.errors import Rejected, Unauthenticated, Unavailable
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.streaming.feeds import Status
from algotrendy.market_data.streaming.listening import FeedState
from algotrendy.market_data.streaming.messages import Fix, Hole, Quote
from algotrendy.market_data.streaming.producer import Producer, ProducerTerms
from algotrendy.market_data.streaming.sender import Sender, SendingTerms
from fakes.quick_loop import LoopClock, run_quickly
from fakes.scripted_feed import BEGIN_NS, Heard, ScriptedFeed, ScriptedSink, ScriptedStored, now_ns


class Bench:
    """A producer with everything around it."""

    def __init__(self, feed: ScriptedFeed | None = None, most_pending: int = 1_000) -> None:
        self.feed = feed or ScriptedFeed("AAPL", quiet_s=30.0)
        self.sink = ScriptedSink()
        self.stored = ScriptedStored(self.sink)
        self.heard = Heard()
        self.clock = LoopClock()
        terms = SendingTerms(most_pending=most_pending)
        self.sender = Sender(self.sink, "scripted", "run", lambda: 0.5, terms)
        self.producer = Producer(
            self.feed,
            self.sender,
            self.stored,
            self.heard,
            self.clock,
            lambda: 0.5,
            ProducerTerms(),
        )

    @property
    def states(self) -> list[FeedState]:
        """What listeners heard, without repetitions."""
        found: list[FeedState] = []
        for change in self.heard.states:
            if found[-1:] != [change.state]:
                found.append(change.state)
        return found


def play(bench: Bench, story: Callable[[Bench], Awaitable[None]]) -> Bench:
    async def scenario() -> None:
        tasks = [
            asyncio.create_task(bench.producer.run()),
            asyncio.create_task(bench.sender.run()),
        ]
        await story(bench)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    run_quickly(scenario())
    return bench


def holes(bench: Bench) -> list[Hole]:
    return [hole for record in bench.sink.taken for hole in record.holes]


def test_a_feed_connects_catches_up_and_is_live() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.feed.trade("AAPL")
        await asyncio.sleep(1)

    bench = play(Bench(), story)
    assert bench.states == [FeedState.CONNECTING, FeedState.CATCHING_UP, FeedState.LIVE]
    assert bench.heard.trades == bench.feed.made == bench.sink.trades("AAPL")


def test_a_symbol_of_which_nothing_is_stored_begins_a_quarter_of_an_hour_ago() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)

    bench = play(Bench(), story)
    assert bench.feed.asked[0] == ("AAPL", BEGIN_NS - 900 * 10**9)


def test_a_mute_feed_is_left_and_caught_up_with() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.feed.trade("AAPL")
        bench.feed.is_mute = True
        await asyncio.sleep(10)
        bench.feed.trade("AAPL")
        await asyncio.sleep(25)
        bench.feed.is_mute = False
        await asyncio.sleep(5)

    bench = play(Bench(), story)
    assert FeedState.MUTE in bench.states
    assert bench.producer.counts.mutes == 1
    assert bench.feed.connects == 2
    assert [trade.id for trade in bench.sink.trades("AAPL")] == ["0", "1"]
    (silence,) = holes(bench)
    assert (silence.what, silence.last - silence.first) == ("silence", 30 * 10**9)
    assert "nothing for 30 s" in silence.reason


def test_a_feed_whose_market_is_closed_may_be_silent() -> None:
    async def story(bench: Bench) -> None:
        # 22:00 UTC: New York has closed.
        await asyncio.sleep(8 * 3600)
        before = bench.feed.connects
        await asyncio.sleep(4 * 3600)
        assert bench.feed.connects == before

    feed = ScriptedFeed("AAPL", quiet_s=30.0, calendar=us_equities())
    assert FeedState.MUTE in play(Bench(feed), story).states


def test_silence_is_no_fault_while_all_symbols_are_halted() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.feed.tell(Status("AAPL", now_ns(), False, "H halted"))
        await asyncio.sleep(3600)
        assert bench.feed.connects == 1
        bench.feed.tell(Status("AAPL", now_ns(), True, "T trading"))
        await asyncio.sleep(40)

    assert play(Bench(), story).feed.connects == 2


def test_connecting_is_tried_again_and_again_with_longer_waits() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.refuses = Unavailable("scripted", "down")
        await asyncio.sleep(3600)
        bench.feed.refuses = None
        await asyncio.sleep(25)

    bench = play(Bench(), story)
    assert bench.states[-1] is FeedState.LIVE
    assert bench.feed.connects == 1
    assert any("down" in change.reason for change in bench.heard.states)


def test_keys_that_are_not_taken_are_tried_seldom_and_told() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.refuses = Unauthenticated("wrong keys")
        await asyncio.sleep(100)
        assert "wrong keys" in bench.producer.state.reason

    assert play(Bench(), story).states == [FeedState.CONNECTING]


def test_nothing_begins_before_it_is_known_what_is_stored() -> None:
    async def story(bench: Bench) -> None:
        bench.stored.refuses = Unavailable("lake", "away")
        await asyncio.sleep(100)
        assert bench.feed.connects == 0
        bench.stored.refuses = None
        await asyncio.sleep(40)
        assert bench.feed.connects == 1

    play(Bench(), story)


def test_while_nothing_is_taken_clients_hear_on_and_memory_is_bounded() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.sink.is_down = True
        for _ in range(300):
            bench.feed.trade("AAPL")
            await asyncio.sleep(1)
            assert bench.sender.pending <= 21
        assert bench.producer.state.state is FeedState.CATCHING_UP
        assert "not taken" in bench.producer.state.reason
        bench.sink.is_down = False
        await asyncio.sleep(20)

    bench = play(Bench(most_pending=20), story)
    assert len(bench.heard.trades) == 300
    assert [t.id for t in bench.sink.trades("AAPL")] == [t.id for t in bench.feed.made]
    assert bench.feed.connects == 1
    assert bench.states[-1] is FeedState.LIVE


def test_a_history_that_may_not_be_read_leaves_a_gap_that_is_counted() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.history_refuses = Rejected("the plan has no history")
        await asyncio.sleep(5)
        bench.feed.trade("AAPL")
        await asyncio.sleep(1)

    bench = play(Bench(), story)
    assert bench.producer.counts.gaps == 1
    assert bench.sink.trades("AAPL") == bench.feed.made
    (hole,) = holes(bench)
    assert (hole.what, hole.symbol, hole.reason) == ("trades", "AAPL", "the plan has no history")
    assert (hole.first, hole.first < hole.last < bench.feed.made[0].time) == (
        BEGIN_NS - 900 * 10**9,
        True,
    )


def test_fixes_that_cannot_wait_are_told_as_a_hole_once_records_are_taken_again() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.sink.is_down = True
        for at in range(30):
            now = now_ns()
            fix = Fix("AAPL", "V", str(at), now, "cancel", 1.0, 1.0, now)
            bench.feed.tell(fix)
            await asyncio.sleep(0.1)
        assert holes(bench) == []
        bench.sink.is_down = False
        await asyncio.sleep(20)

    bench = play(Bench(most_pending=4), story)
    told = [fix.time for record in bench.sink.taken for fix in record.fixes]
    lost = bench.producer.counts.fixes_lost
    assert (len(told), lost) == (30 - lost, lost)
    found = holes(bench)
    # More than eight wait as eight, of which one is wider.
    assert [hole.what for hole in found] == ["fixes"] * 8
    assert found[0].first > told[-1]
    assert found[-1].last == found[0].first + (lost - 1) * 100_000_000
    assert found[-1].first == found[0].first + 7 * 100_000_000
    assert bench.sender.pending == 0


def test_bad_ticks_go_to_the_lake_and_not_to_clients() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.feed.trade("AAPL", price=math.nan)
        bench.feed.trade("AAPL", price=-1.0)
        bench.feed.tell(Quote("AAPL", now_ns(), math.nan, 1, 2, 1, now_ns()))
        bench.feed.tell(Quote("AAPL", now_ns(), 1, 1, 2, 1, now_ns()))
        await asyncio.sleep(1)

    bench = play(Bench(), story)
    assert bench.heard.trades == []
    assert len(bench.heard.quotes) == 1
    assert len(bench.sink.trades("AAPL")) == 2
    assert bench.producer.counts.bad == 2


def test_a_fix_goes_after_the_trade_that_it_mends() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        made = bench.feed.trade("AAPL")
        fix = Fix("AAPL", "V", made.id, now_ns(), "cancel", 1.0, 1.0, now_ns())
        bench.feed.tell(fix)
        await asyncio.sleep(1)
        assert bench.heard.fixes == [fix]
        assert [f for record in bench.sink.taken for f in record.fixes] == [fix]

    play(Bench(), story)


def test_a_clock_says_what_is_over_when_nothing_is_traded() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        for _ in range(40):
            bench.feed.tell(Quote("AAPL", now_ns(), 1, 1, 2, 1, now_ns()))
            await asyncio.sleep(1)

    clocks = [record.clock for record in play(Bench(), story).sink.taken]
    assert len(clocks) >= 2
    assert clocks == sorted(set(clocks))
    assert all(clock % 10_000_000_000 == 0 for clock in clocks)


def test_one_tick_of_the_future_moves_no_clock() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        ahead = now_ns() + 3_600 * 10**9
        for _ in range(9):
            bench.feed.tell(Quote("AAPL", now_ns(), 1, 1, 2, 1, now_ns()))
        bench.feed.tell(Quote("AAPL", ahead, 1, 1, 2, 1, now_ns()))
        await asyncio.sleep(2)
        assert all(record.clock <= now_ns() for record in bench.sink.taken)

    play(Bench(), story)


def test_one_tick_of_the_future_hides_no_trade_of_an_outage() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(5)
        bench.feed.trade("AAPL", price=math.nan, time=now_ns() + 50 * 10**9)
        await asyncio.sleep(0.5)
        bench.feed.cut()
        bench.feed.trade("AAPL")
        await asyncio.sleep(120)

    assert [t.id for t in play(Bench(), story).sink.trades("AAPL")] == ["0", "1"]


def test_history_that_cannot_be_asked_now_is_asked_again() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.history_refuses = Unavailable("history", "busy", 5.0)
        bench.feed.trade("AAPL")
        await asyncio.sleep(60)
        assert bench.sink.trades("AAPL") == []
        bench.feed.history_refuses = None
        await asyncio.sleep(60)

    bench = play(Bench(), story)
    assert [t.id for t in bench.sink.trades("AAPL")] == ["0"]
    assert bench.producer.counts.gaps == 0
