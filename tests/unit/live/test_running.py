"""Each step of a run is done once, with its orders, whatever comes twice, late or in disorder."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.exchange.rules.codes import ENTRY, STOP_LOSS, TAKE_PROFIT
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.order import OrderClass
from algotrendy.kernel.order_codes import LIMIT, STOP
from algotrendy.live.ports import StrategyFailed, StrategyOverflowed, StrategyTimedOut
from algotrendy.live.runs import Trouble, Wanted
from algotrendy.live.steps import Fate
from algotrendy.trading.status import PlatformStatus
from fakes.live_bench import LiveBench, buys, close_of, moment, sells
from fakes.memory_ledger import Fate as CommitFate


def test_a_bar_is_one_step_with_its_order() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)
    done = bench.advance()
    assert (done.steps, done.orders) == (1, 1)
    (order,) = bench.orders()
    assert order.client_order_id == bench.run().order_name(0, 1)
    assert order.request.quantity == Decimal(10)
    assert order.account == bench.part
    assert order.provenance.strategy == "trend@3"
    assert [run.order_id for run in bench.counter.sagas.started] == [order.id]
    (step,) = bench.steps()
    assert step.outcomes[0].fate is Fate.ADMITTED
    assert step.outcomes[0].order_id == order.id
    assert step.lake_version == 7
    assert bench.run().step == 0
    assert bench.run().state == "running"


def test_a_bar_that_came_twice_changes_nothing() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)], 1: [buys(10.0, order=2)]}
    bench.bars.lay(0)
    bench.advance()
    before = bench.run(), bench.steps(), bench.orders()
    bench.bars.lay(0)
    assert bench.advance().steps == 0
    assert (bench.run(), bench.steps(), bench.orders()) == before


def test_a_bar_that_came_late_changes_nothing() -> None:
    bench = LiveBench()
    bench.bars.lay(0, 2)
    bench.advance()
    before = bench.run(), bench.steps()
    bench.bars.lay(1)
    assert bench.advance().steps == 0
    assert (bench.run(), bench.steps()) == before


def test_bars_in_disorder_are_told_in_order() -> None:
    bench = LiveBench()
    bench.bars.lay(2, 0, 1)
    assert bench.advance().steps == 3
    assert [told.now for told in bench.mind.heard] == [close_of(0), close_of(1), close_of(2)]
    assert [told.step for told in bench.mind.heard] == [0, 1, 2]


def test_each_step_goes_on_from_the_state_of_the_one_before() -> None:
    bench = LiveBench()
    bench.bars.lay(0, 1, 2)
    bench.advance()
    assert bench.mind.states == [None, '{"step":0}', '{"step":1}']


def test_a_bar_that_is_not_known_yet_is_not_told() -> None:
    bench = LiveBench()
    bench.bars.lay(0, 1)
    assert bench.runner.advance(bench.run_id, moment(close_of(0))).steps == 1
    bench.bars.lay(500)
    assert bench.advance().steps == 1


def test_a_step_waits_for_the_bars_of_all_its_symbols() -> None:
    bench = LiveBench()
    bench.bars.lay(0, lacking=("MSFT",))
    assert bench.advance().steps == 0
    bench.bars.lay(0)
    assert bench.advance().steps == 1


def test_the_warm_up_is_told_and_sends_nothing() -> None:
    bench = LiveBench(trades_after=close_of(1), warm_up=1)
    bench.mind.says = {step: [buys(1.0)] for step in range(4)}
    bench.bars.lay(0, 1)
    bench.advance()
    assert [told.sends for told in bench.mind.heard] == [False, False]
    assert bench.run().trouble is Trouble.WAITING
    bench.bars.lay(2)
    bench.advance()
    assert bench.mind.heard[-1].sends
    assert bench.run().state == "running"
    assert len(bench.orders()) == 1


def test_a_paused_run_decides_on_and_sends_nothing() -> None:
    bench = LiveBench(wanted=Wanted.PAUSED)
    bench.mind.says = {0: [buys(1.0)]}
    bench.bars.lay(0)
    assert bench.advance().steps == 1
    assert not bench.mind.heard[0].sends
    assert bench.orders() == []


def test_what_was_pausing_while_the_strategy_thought_is_heeded() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(1.0)]}
    bench.bars.lay(0)

    def pause() -> None:
        bench.mind.meanwhile = lambda: None
        paused = replace(bench.run(), wanted=Wanted.PAUSED)
        bench.live.run(lambda _, live: live.put_run(paused))

    bench.mind.meanwhile = pause
    bench.advance()
    assert [told.sends for told in bench.mind.heard] == [True, False]
    assert bench.orders() == []
    assert len(bench.steps()) == 1


def test_a_second_runner_in_the_midst_of_a_step_leaves_one_step_and_one_order() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)

    def overtake() -> None:
        bench.mind.meanwhile = lambda: None
        assert bench.another().advance(bench.run_id).orders == 1

    bench.mind.meanwhile = overtake
    assert bench.advance().orders == 0
    assert len(bench.steps()) == len(bench.orders()) == 1


@pytest.mark.parametrize("fate", [CommitFate.IS_LOST, CommitFate.IS_UNSEEN, CommitFate.CONFLICTS])
def test_a_commit_of_unknown_outcome_leaves_one_step(fate: CommitFate) -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)
    ledger = bench.counter.ledger

    def go_wrong() -> None:
        fates = [fate]
        ledger.fate = lambda: fates.pop() if fates else CommitFate.COMMITS

    bench.mind.meanwhile = go_wrong
    bench.advance()
    assert len(bench.steps()) == len(bench.orders()) == 1
    assert bench.run().step == 0


def test_a_commit_that_fails_leaves_neither_step_nor_order() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)

    def fail() -> None:
        bench.counter.ledger.fate = lambda: CommitFate.FAILS

    bench.mind.meanwhile = fail
    with pytest.raises(Unavailable):
        bench.advance()
    bench.counter.ledger.fate = lambda: CommitFate.COMMITS
    bench.mind.meanwhile = lambda: None
    assert bench.steps() == []
    assert bench.orders() == []
    assert bench.advance().orders == 1


def test_a_refused_order_does_not_stop_the_step_and_keeps_its_breaches() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(1_000.0), buys(5.0, number=2, order=2)]}
    bench.bars.lay(0)
    assert bench.advance().orders == 1
    refused, admitted = bench.steps()[0].outcomes
    assert refused.fate is Fate.REFUSED
    assert refused.breaches[0]["limit"] == "buying_power"
    assert admitted.fate is Fate.ADMITTED
    bench.bars.lay(1)
    bench.advance()
    told = {each.order: each.state for each in bench.mind.heard[1].account.orders}
    assert told == {1: "ended", 2: "open"}


def test_what_no_broker_takes_is_named_and_told_as_ended() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(0.25)]}
    bench.bars.lay(0, 1)
    bench.advance()
    (outcome,) = bench.steps()[0].outcomes
    assert outcome.fate is Fate.IMPOSSIBLE
    assert outcome.reason == "units must be at least 1, was 0.25"
    assert bench.mind.heard[1].account.orders[0].state == "ended"
    bench.bars.lay(2)
    bench.advance()
    assert bench.mind.heard[2].account.orders == ()


def test_fills_are_told_once_and_the_account_with_them() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)
    bench.advance()
    order = bench.counter.accept(bench.orders()[0])
    bench.counter.fill(order, 4, price=99)
    bench.bars.lay(1)
    bench.advance()
    account = bench.mind.heard[1].account
    assert [(fill.order, fill.units, fill.price) for fill in account.fills] == [(1, 4.0, 99.0)]
    assert (account.orders[0].filled, account.orders[0].state) == (4.0, "open")
    assert account.positions == (4.0,)
    assert account.entry_prices == (99.0,)
    assert account.cash == 10_000 - 4 * 99
    bench.counter.fill(order, 6, price=101)
    bench.bars.lay(2)
    bench.advance()
    account = bench.mind.heard[2].account
    assert [fill.units for fill in account.fills] == [6.0]
    assert (account.orders[0].filled, account.orders[0].state) == (10.0, "filled")
    bench.bars.lay(3)
    bench.advance()
    assert bench.mind.heard[3].account.orders == ()


def test_a_decision_to_cancel_ends_its_order() -> None:
    bench = LiveBench()
    cancel = buys(10.0, kind="cancel")
    bench.mind.says = {0: [buys(10.0)], 1: [cancel], 2: [cancel]}
    bench.bars.lay(0, 1, 2)
    bench.advance()
    assert bench.orders()[0].status is PlatformStatus.CANCELED
    assert [step.outcomes[0].fate for step in bench.steps()] == [
        Fate.ADMITTED,
        Fate.CANCELLING,
        Fate.IDLE,
    ]


def test_a_replaced_order_is_one_of_the_strategy() -> None:
    bench = LiveBench()
    bench.mind.says = {
        0: [buys(10.0, order_kind=LIMIT, limit=95.0)],
        1: [buys(10.0, kind="replace", order_kind=LIMIT, limit=96.0)],
    }
    bench.bars.lay(0)
    bench.advance()
    old = bench.counter.accept(bench.orders()[0])
    bench.counter.fill(old, 4, price=95)
    bench.bars.lay(1)
    assert bench.advance().orders == 1
    new = bench.orders()[1]
    assert (new.replaces, new.request.limit_price, new.request.quantity) == (
        old.id,
        Decimal(96),
        Decimal(6),
    )
    bench.bars.lay(2)
    bench.advance()
    (seen,) = bench.mind.heard[2].account.orders
    assert (seen.order, seen.filled, seen.state) == (1, 4.0, "open")


def test_an_entry_with_its_exits_is_one_bracket_whose_legs_are_known() -> None:
    bench = LiveBench()
    entry = buys(10.0, role=ENTRY)
    profit = sells(10.0, 2, 2, order_kind=LIMIT, limit=110.0, role=TAKE_PROFIT, entry=1)
    loss = sells(10.0, 3, 3, order_kind=STOP, stop=90.0, role=STOP_LOSS, entry=1)
    bench.mind.says = {0: [entry, profit, loss]}
    bench.bars.lay(0)
    assert bench.advance().orders == 1
    order = bench.orders()[0]
    assert order.request.order_class is OrderClass.BRACKET
    assert [each.fate for each in bench.steps()[0].outcomes] == [
        Fate.ADMITTED,
        Fate.JOINED,
        Fate.JOINED,
    ]
    bench.bars.lay(1)
    bench.advance()
    assert {each.order: each.state for each in bench.mind.heard[1].account.orders} == {
        1: "open",
        2: "open",
        3: "open",
    }
    counter = bench.counter
    counter.accept(order)
    leg = replace(order.request, order_class=OrderClass.SIMPLE, take_profit=None, stop_loss=None)
    from algotrendy.kernel.order import OrderType, Side

    stop = replace(leg, type=OrderType.STOP, side=Side.SELL, stop_price=Decimal(90))
    counter.leg(order, "sl", replace(stop, client_order_id="sl"))
    counter.fill(order)
    bench.bars.lay(2)
    bench.advance()
    states = {each.order: each.state for each in bench.mind.heard[2].account.orders}
    assert states[1] == "filled"
    assert states[3] == "open"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (StrategyFailed("KeyError: 'x'"), "failed"),
        (StrategyTimedOut("it did not come back in 5 s"), "timed-out"),
        (StrategyOverflowed("1001 decisions"), "overflowing"),
    ],
)
def test_what_a_strategy_does_wrong_halts_it_with_an_event(error: Exception, state: str) -> None:
    bench = LiveBench()
    bench.mind.raises = {1: error}
    bench.bars.lay(0, 1, 2)
    assert bench.advance().steps == 1
    assert bench.run().state == state
    assert str(error) in bench.run().reason
    changed = [each for each in bench.counter.ledger.published if each.name == "StrategyRunChanged"]
    assert [each.model_dump()["state"] for each in changed] == ["running", state]
    assert bench.advance().steps == 0


def test_a_run_whose_switch_is_off_decides_and_sends_nothing() -> None:
    bench = LiveBench()
    bench.switches.off = "the live switch is off"
    bench.mind.says = {0: [buys(1.0)]}
    bench.bars.lay(0)
    bench.advance()
    assert bench.orders() == []
    assert bench.run().reason == "the live switch is off"


def test_a_bar_that_came_after_its_time_is_told_without_sending() -> None:
    bench = LiveBench(patience_s=3_600)
    bench.mind.says = {0: [buys(1.0)]}
    bench.bars.lay(0)
    bench.advance()
    assert not bench.mind.heard[0].sends
    assert bench.run().state == "late"
    assert bench.orders() == []


def test_a_lack_of_a_fresh_price_is_waited_for() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)
    counter = bench.counter
    counter.clock.advance(timedelta(minutes=10))
    counter.on_pause = lambda: counter.quote(bench.run().content.symbols[0], "100")
    assert bench.advance().orders == 1
    assert len(counter.pauses) == 1


def test_without_any_fresh_price_the_order_is_refused() -> None:
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)
    bench.counter.clock.advance(timedelta(minutes=10))
    assert bench.advance().orders == 0
    assert bench.steps()[0].outcomes[0].breaches[0]["limit"] == "last_price"


def test_a_shadow_decides_and_nobody_is_asked() -> None:
    from fakes.live_runs import run_id

    bench = LiveBench(shadow_of=run_id(9))
    bench.mind.says = {0: [buys(10.0)]}
    bench.bars.lay(0)
    bench.advance()
    assert bench.orders() == []
    assert bench.steps()[0].outcomes[0].fate is Fate.SHADOWED
