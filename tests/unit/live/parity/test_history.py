"""A run is read whole from the ledger, and its replay finds what was done to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import BarSeen, StepInputs
from algotrendy.backtest.engine.step_state import StepState
from algotrendy.backtest.engine.stepping import Stepper
from algotrendy.kernel.errors import Conflict
from algotrendy.live.parity.differences import Cause
from algotrendy.live.parity.history import LedgerHistories, terms_of
from algotrendy.live.parity.records import RunRecord
from algotrendy.live.parity.replay import replay
from algotrendy.live.parity.told import dataset_told
from algotrendy.live.ports import Thought
from algotrendy.live.runs import Run, RunId
from fakes.live_bench import LiveBench, ToldMind, close_of, moment
from fakes.live_runs import a_run

# Falls, then rises above its mean, and falls again.
PATH = (100, 98, 96, 95, 97, 99, 102, 104, 103, 99, 96, 94, 93, 92)


class SteppingMind(ToldMind):
    """Is the ``Mind`` that steps the run's own strategy, from the kept state of each step."""

    def think(
        self,
        run: Run,
        inputs: StepInputs,
        state: str | None,
        told: Callable[[], Sequence[Sequence[BarSeen]]],
    ) -> Thought:
        earlier = [(bars[0].known, bars) for bars in told()]
        strategy = run.content.strategy()
        data = dataset_told(
            run.content.symbols, ("1Day",), [*earlier, (inputs.now, inputs.bars)], None
        )
        values = strategy.check(run.content.parameters)
        setting = Setting(data, strategy, values, terms_of(run))
        stepper = Stepper(setting, None if state is None else StepState.from_json(state))
        if earlier:
            stepper.tell(data, until=earlier[-1][0])
        made = stepper.step(inputs)
        return Thought(made.decisions, made.state.to_json(), made.state.digest())


class Traded:
    """A run over the path, whose orders fill at the next close, as its bars open there."""

    def __init__(self, *, slip: int = 0) -> None:
        self.bench = LiveBench()
        self.bench.mind = SteppingMind()
        self.bench.runner = self.bench.another()
        filled = 0
        for number, price in enumerate(PATH):
            for order in self.bench.orders()[filled:]:
                paid = price + slip * order.request.side.sign
                self.bench.counter.fill(order, price=paid)
                filled += 1
            self.bench.bars.lay(number, close=float(price))
            self.bench.advance()
        self.histories = LedgerHistories(self.bench.live, self.bench.bars)

    def record(self) -> RunRecord:
        return self.histories.record(self.bench.run_id)


@pytest.fixture(scope="module")
def traded() -> Traded:
    return Traded()


def test_what_the_desk_refused_is_all_that_a_run_filled_at_the_open_differs_in(
    traded: Traded,
) -> None:
    record = traded.record()

    found = replay(record)

    assert len(record.steps) == len(PATH)
    assert len(record.orders) >= 2
    assert found.unexplained == ()
    # It asks for all its cash at the last close, and the desk judges by a quote that is dearer.
    (refused,) = [each for each in found.differences if each.cause is Cause.LIMIT]
    assert "buying_power" in refused.found
    assert {each.cause for each in found.differences} == {Cause.LIMIT, Cause.CONSEQUENCE}


def test_a_worse_fill_is_its_price_and_the_rest_follows() -> None:
    found = replay(Traded(slip=1).record())

    assert Cause.FILL_PRICE in {each.cause for each in found.differences}
    assert found.unexplained == ()


def test_the_record_holds_what_the_books_hold(traded: Traded) -> None:
    record = traded.record()

    assert record.version == "trend@3"
    assert record.terms.cash == 10_000.0
    assert record.money.moved_in == 0
    assert record.money.positions == (Decimal(0),)
    assert record.bars_then.sha256() == record.bars_now.sha256()


def test_a_bar_that_the_lake_has_otherwise_by_now_is_a_correction(traded: Traded) -> None:
    bars = traded.bench.bars
    known = close_of(6)
    kept = bars.steps[known]
    (bar,) = kept.bars
    bars.steps[known] = replace(kept, bars=(replace(bar, high=bar.high + 5, volume=2e6),))
    try:
        record = traded.record()
    finally:
        bars.steps[known] = kept

    assert record.bars_then.sha256() != record.bars_now.sha256()
    assert replay(record).unexplained == ()


def test_a_run_is_filed_under_its_version_account_and_stage(traded: Traded) -> None:
    found = traded.histories.identity(traded.bench.run_id)

    assert (found.name, found.version, found.account, found.stage) == (
        "trend",
        3,
        traded.bench.part,
        "paper",
    )


def test_a_run_without_a_step_cannot_be_replayed() -> None:
    bench = LiveBench()

    with pytest.raises(Conflict, match="told of no bar"):
        LedgerHistories(bench.live, bench.bars).record(bench.run_id)


def test_a_shadow_has_no_orders_to_compare() -> None:
    bench = LiveBench(shadow_of=RunId(a_run(2).id))

    with pytest.raises(Conflict, match="is a shadow"):
        LedgerHistories(bench.live, bench.bars).record(bench.run_id)


def test_a_night_is_about_the_runs_that_were_told_of_bars_since(traded: Traded) -> None:
    bench = traded.bench
    last = moment(close_of(len(PATH) - 1)).date()

    assert traded.histories.running_on(last - timedelta(days=1)) == [bench.run_id]
    # It was told of bars of the past today.
    assert traded.histories.running_on(bench.counter.clock.now().date()) == [bench.run_id]
    assert traded.histories.running_on(bench.counter.clock.now().date() + timedelta(days=1)) == []


def test_a_run_that_was_told_nothing_and_a_shadow_have_no_night() -> None:
    silent, shadow = LiveBench(), LiveBench(shadow_of=RunId(a_run(2).id))
    shadow.bars.lay(0)
    shadow.advance()
    early = moment(close_of(0)).date() - timedelta(days=2)

    assert LedgerHistories(silent.live, silent.bars).running_on(early) == []
    assert LedgerHistories(shadow.live, shadow.bars).running_on(early) == []
