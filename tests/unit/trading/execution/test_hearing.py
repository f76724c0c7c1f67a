"""News of a broker counts once, however it comes; what the stream misses is read again."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from algotrendy.brokers.port import BrokerUpdate, StreamGap, UpdateKind
from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.order import OrderClass, Side
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.events import LedgerDiffers
from algotrendy.trading.execution import news
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import ROOT, Bench
from fakes.quick_loop import run_quickly
from fakes.scripted_broker import after, before

BRACKET: dict[str, Any] = {
    "order_class": OrderClass.BRACKET,
    "take_profit": TakeProfit(Decimal(120)),
    "stop_loss": StopLoss(Decimal(90)),
}


def play(scene: Callable[[Bench], Coroutine[Any, Any, None]]) -> Bench:
    async def whole() -> Bench:
        bench = Bench()
        bench.start()
        await asyncio.sleep(1.5)
        try:
            await scene(bench)
        finally:
            await bench.close()
        return bench

    return run_quickly(whole())


def position(bench: Bench) -> Decimal:
    balances = bench.ledger.tables.books.balances([ROOT])
    return sum(
        (v for p, v in balances.items() if p.symbol == "AAPL" and p.currency is None and v > 0),
        Decimal(0),
    )


def test_news_that_comes_twice_late_and_out_of_order_counts_once() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        told = []
        for quantity in (3, 4, 3):
            await asyncio.sleep(1)
            fill = bench.exchange.fill("b1", quantity)
            told.append(
                BrokerUpdate(UpdateKind.FILL, fill.filled_at, bench.exchange.orders["b1"], fill)
            )
        for update in [told[2], told[0], told[2], told[1], told[0]]:
            bench.exchange.feeds[0].put_nowait(update)
        order = await bench.until(order_id, S.FILLED)
        await asyncio.sleep(1)
        order = bench.order(order_id)
        assert (len(order.executions), order.filled_quantity) == (3, Decimal(10))
        assert position(bench) == 10
        assert bench.held(order_id) == 0

    play(scene)


def test_what_the_stream_never_told_is_read_when_it_breaks() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        bench.exchange.fill("b1", 10)

        bench.exchange.feeds[0].put_nowait(StreamGap("it broke"))
        await bench.until(order_id, S.FILLED, within_s=5)
        await asyncio.sleep(1)
        assert position(bench) == 10

    play(scene)


def test_executions_that_are_missing_are_asked_for() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        bench.exchange.fill("b1", 10)
        order = bench.exchange.orders["b1"]
        update = BrokerUpdate(UpdateKind.ORDER, bench.clock.now(), order)
        bench.exchange.feeds[0].put_nowait(update)
        await bench.until(order_id, S.FILLED, within_s=5)
        await asyncio.sleep(3)
        assert bench.order(order_id).is_settled

    play(scene)


def test_the_exits_of_a_bracket_are_taken_in_with_its_answer() -> None:
    async def scene(bench: Bench) -> None:
        entry = bench.intend(**BRACKET)
        await bench.until(entry, S.NEW)
        await asyncio.sleep(3)
        legs = bench.ledger.tables.orders.legs(entry)
        assert [leg.request.side for leg in legs] == [Side.SELL, Side.SELL]
        assert all(leg.reserved.amount == 0 for leg in legs)

    assert len(play(scene).ledger.tables.orders.unsettled(ROOT)) == 3


def test_exits_are_known_as_such_when_the_answer_was_lost_and_the_stream_told_of_all() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [after(Unknown("order", "lost"))]
        entry = bench.intend(**BRACKET)
        await bench.until(entry, S.NEW)
        await asyncio.sleep(5)
        assert len(bench.ledger.tables.orders.legs(entry)) == 2

    assert len(play(scene).ledger.tables.orders.unsettled(ROOT)) == 3


def test_an_order_of_somebody_else_is_taken_in() -> None:
    async def scene(bench: Bench) -> None:
        theirs = OrderRequest(
            symbol="AAPL", side=Side.BUY, quantity=Decimal(5), client_order_id="by-hand"
        )
        bench.exchange.place(theirs)
        bench.exchange.fill("b1", 5)
        await asyncio.sleep(6)
        order = bench.ledger.tables.orders.by_broker_id(ROOT, "b1")
        assert order is not None
        assert (order.status, order.provenance.user) == (S.FILLED, news.BROKER)
        assert position(bench) == 5

    play(scene)


def test_a_withdrawn_order_that_turns_up_after_all_is_ended_and_told_of() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unknown("order", "slow"))]
        order_id = bench.intend()
        order = await bench.until(order_id, S.UNKNOWN)
        bench.cancel(order_id)
        await bench.until(order_id, S.CANCELED)
        assert not bench.order(order_id).is_at_broker
        bench.exchange.place(order.request)
        await asyncio.sleep(5)
        assert bench.exchange.orders["b1"].status is OrderStatus.CANCELED
        told = [e for e in bench.ledger.published if isinstance(e, LedgerDiffers)]
        assert [each.kind for each in told] == ["withdrawn order"]

    play(scene)


def test_news_that_cannot_be_true_does_not_hold_up_the_rest() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        fill = bench.exchange.fill("b1", 4)
        bad = replace(fill, execution_id="bad", price=Decimal(0))
        update = BrokerUpdate(UpdateKind.FILL, fill.filled_at, bench.exchange.orders["b1"], bad)
        bench.exchange.feeds[0].put_nowait(update)
        bench.exchange.fill("b1", 6)
        await bench.until(order_id, S.FILLED)
        assert position(bench) == 10

    play(scene)


def test_news_that_no_ledger_takes_does_not_hold_up_the_rest() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        fill = bench.exchange.fill("b1", 4)
        # As a driver would choke on what no column takes.
        bad = replace(fill, execution_id="bad", price=None)  # type: ignore[arg-type]
        bench.exchange.fills.append(bad)
        update = BrokerUpdate(UpdateKind.FILL, fill.filled_at, bench.exchange.orders["b1"], bad)
        bench.exchange.feeds[0].put_nowait(update)
        bench.exchange.feeds[0].put_nowait(StreamGap("it broke"))
        bench.exchange.fill("b1", 6)
        await bench.until(order_id, S.FILLED)
        await asyncio.sleep(5)
        assert position(bench) == 10
        assert len(bench.exchange.feeds) == 1, "the session went on"

    play(scene)


def test_news_that_stumbled_over_anything_but_itself_is_read_again() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        fill = bench.exchange.fill("b1", 10)
        choked = replace(fill, price=None)  # type: ignore[arg-type]
        update = BrokerUpdate(UpdateKind.FILL, fill.filled_at, bench.exchange.orders["b1"], choked)
        bench.exchange.feeds[0].put_nowait(update)
        await bench.until(order_id, S.FILLED, within_s=5)
        await asyncio.sleep(1)
        assert position(bench) == 10

    play(scene)


def test_news_that_cannot_be_true_is_not_asked_for_again() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.asked_since.clear()
        fill = replace(bench.exchange.fill("b1", 4), execution_id="bad", price=Decimal(0))
        update = BrokerUpdate(UpdateKind.FILL, fill.filled_at, bench.exchange.orders["b1"], fill)
        bench.exchange.feeds[0].put_nowait(update)
        await asyncio.sleep(10)
        assert bench.exchange.asked_since == []

    play(scene)


def test_what_never_can_be_written_is_asked_for_less_and_less_often() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        fill = bench.exchange.fill("b1", 4)
        choking = replace(fill, execution_id="bad", price=None)  # type: ignore[arg-type]
        bench.exchange.fills.append(choking)
        bench.exchange.feeds[0].put_nowait(StreamGap("it broke"))
        await asyncio.sleep(5)
        bench.exchange.asked_since.clear()
        await asyncio.sleep(1200)
        assert 30 < len(bench.exchange.asked_since) < 50
        bench.exchange.fill("b1", 6)
        await bench.until(order_id, S.FILLED)
        await asyncio.sleep(40)
        # It has not fallen behind what is read again.
        assert max(bench.exchange.asked_since) < fill.filled_at
        assert position(bench) == 10

    play(scene)


def test_an_execution_of_a_stranger_is_taken_in_though_the_broker_failed_to_tell_its_order() -> (
    None
):
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        theirs = OrderRequest(
            symbol="AAPL", side=Side.BUY, quantity=Decimal(5), client_order_id="by-hand"
        )
        bench.exchange.place(theirs)
        bench.exchange.fill("b2", 5)
        bench.exchange.order_fates["b2"] = [Unavailable("broker", "slow down")]
        # Our own order's executions are missing: they are asked for, and the stranger's come along.
        bench.exchange.fill("b1", 10)
        update = BrokerUpdate(UpdateKind.ORDER, bench.clock.now(), bench.exchange.orders["b1"])
        bench.exchange.feeds[0].put_nowait(update)
        await asyncio.sleep(15)
        assert bench.exchange.order_fates["b2"] == []
        assert position(bench) == 15

    play(scene)


def test_an_execution_of_a_time_to_come_hides_none_after_it() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        bench.exchange.fill("b1", 4)
        last = bench.exchange.fills.pop()
        bench.exchange.fills.append(replace(last, filled_at=last.filled_at + timedelta(days=9)))
        bench.exchange.feeds[0].put_nowait(StreamGap("it broke"))
        await asyncio.sleep(5)
        bench.exchange.fill("b1", 6)
        bench.exchange.asked_since.clear()
        bench.exchange.feeds[0].put_nowait(StreamGap("it broke"))
        await bench.until(order_id, S.FILLED)
        assert all(since <= bench.clock.now() for since in bench.exchange.asked_since)

    play(scene)


def test_executions_that_never_come_are_not_looked_for_in_all_the_past() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.is_mute = True
        bench.exchange.fill("b1", 10)
        bench.exchange.fills.clear()
        bench.exchange.asked_since.clear()
        update = BrokerUpdate(UpdateKind.ORDER, bench.clock.now(), bench.exchange.orders["b1"])
        bench.exchange.feeds[0].put_nowait(update)
        await asyncio.sleep(100)
        asked = bench.exchange.asked_since
        assert len(asked) > 3
        assert min(asked) > bench.clock.now() - timedelta(days=2)

    play(scene)


def test_an_order_that_the_market_gives_more_of_than_was_asked_for_is_told_of_once() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.fill("b1", 10)
        await bench.until(order_id, S.FILLED)
        for _ in range(2):
            bench.exchange.fill("b1", 3)
            await asyncio.sleep(2)
        assert position(bench) == 16
        told = [e for e in bench.ledger.published if isinstance(e, LedgerDiffers)]
        assert [(e.kind, e.ours, e.theirs) for e in told] == [("overfilled order", "10", "13")]

    play(scene)
