"""However wrong our clock is, every trade lands once; one that is wrong by itself does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from algotrendy.market_data.streaming.accepting import Standing, Verdict, accept
from algotrendy.market_data.streaming.feeds import Told
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.streaming.producer import Producer
from algotrendy.market_data.streaming.screening import Limits, Reason
from algotrendy.market_data.streaming.sender import Sender
from fakes.quick_loop import LoopClock, run_quickly
from fakes.scripted_feed import Heard, ScriptedFeed, ScriptedSink, ScriptedStored, now_ns

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
SYMBOLS = ("AAPL", "MSFT")


class OrderedFeed(ScriptedFeed):
    """Tells its history by time, as services do."""

    async def trades(self, symbol: str, since: int) -> AsyncIterator[Sequence[Told]]:
        async for page in super().trades(symbol, since):
            yield sorted(page, key=lambda item: item.time)


async def scenario(
    skew: int, outlier: int, steps: list[tuple[str, float]], cuts: set[int]
) -> tuple[ScriptedFeed, ScriptedSink, Heard, int]:
    feed, sink, heard = OrderedFeed(*SYMBOLS, page=1_000), ScriptedSink(), Heard()
    sender = Sender(sink, feed.name, "run", lambda: 0.5)
    producer = Producer(feed, sender, ScriptedStored(sink), heard, LoopClock(), lambda: 0.5)
    tasks = [asyncio.create_task(producer.run()), asyncio.create_task(sender.run())]
    await asyncio.sleep(5)
    for at, (symbol, step_s) in enumerate([*steps, *[("AAPL", 0.1)] * 20]):
        feed.trade(symbol, time=now_ns() + skew + (2 * HOUR if at % 9 == outlier else 0))
        if at in cuts:
            feed.cut()
        await asyncio.sleep(step_s)
    await asyncio.sleep(30)
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return feed, sink, heard, producer.counts.skewed


@given(
    st.sampled_from((0, HOUR, 3 * HOUR, -HOUR)),
    st.integers(0, 8),
    st.lists(
        st.tuples(st.sampled_from(SYMBOLS), st.sampled_from((0.0, 0.5, 3.0, 60.0))),
        min_size=1,
        max_size=30,
    ),
    # A history of before eight ticks agreed waits half a minute for them, and no longer.
    st.sets(st.integers(10, 30), max_size=2),
)
@example(HOUR, 0, [("MSFT", 60.0)] * 12, set())
@settings(max_examples=60, deadline=None)
def test_a_wrong_clock_keeps_no_trade_out_and_lets_no_wrong_trade_in(
    skew: int, outlier: int, steps: list[tuple[str, float]], cuts: set[int]
) -> None:
    # With nothing stored, a clock that is ahead asks the history for too little.
    cuts = cuts if skew >= 0 else set()
    feed, sink, heard, skewed = run_quickly(scenario(skew, outlier, steps, cuts))
    wrong = [trade.id for at, trade in enumerate(feed.made) if at % 9 == outlier]
    assert bool(skewed) is (skew > 0)
    for symbol in SYMBOLS:
        standing, verdict = Standing(symbol), Verdict()
        for record in sink.taken:
            if record.symbol == symbol:
                accept(standing, record, record.clock, Limits(), verdict)
        made = [t for t in feed.made if t.symbol == symbol]
        right = [trade.id for trade in made if trade.id not in wrong]
        assert [item.seen.trade.id for item in verdict.accepted] == right
        refused = [(row.seen.trade.id, row.reason) for row in verdict.quarantined.values()]
        assert {id_ for id_, _ in refused} <= set(wrong)
        assert {reason for _, reason in refused} <= {Reason.FUTURE}
        told: list[Trade] = [t for t in heard.trades if t.symbol == symbol]
        assert not {t.id for t in told} & set(wrong)
        assert [t.time for t in told] == sorted(t.time for t in told)
        if not cuts:
            assert [trade.id for trade in told] == right
