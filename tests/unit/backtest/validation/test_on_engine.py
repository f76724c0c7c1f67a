"""Windows on the engine: nothing later is seen, nothing earlier is traded, all is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.validation import on_engine
from algotrendy.backtest.validation.on_engine import OnEngine, returns_of
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.errors import Unavailable
from algotrendy.strategy.making import strategy
from fakes.engine_walks import some_plan

WINDOW = Window(2, range(50, 150), range(155, 205))
COMBINATIONS: list[Combination] = [(3, 10, 0.0), (5, 10, 0.0), (8, 20, 0.0)]


def engine(**changes: Any) -> OnEngine:
    return replace(some_plan().engine, **changes)


@strategy()
def always(market: Any, own: Any, p: Any) -> None:
    """Hold from the first bar on."""
    if market.position == 0.0:
        market.buy(10.0)


def test_a_score_in_sample_knows_no_later_bar() -> None:
    whole = engine()
    cut = replace(whole, dataset=whole.dataset[: WINDOW.in_sample.stop])
    assert whole.evaluate(WINDOW, COMBINATIONS) == cut.evaluate(WINDOW, COMBINATIONS)


def test_a_score_in_sample_knows_no_earlier_bar() -> None:
    whole = engine()
    cut = replace(whole, dataset=whole.dataset[WINDOW.in_sample.start :])
    moved = Window(2, range(100), range(105, 155))
    assert whole.evaluate(WINDOW, COMBINATIONS) == cut.evaluate(moved, COMBINATIONS)


def test_there_is_a_score_for_each_combination_in_their_order() -> None:
    runs = engine()
    found = runs.evaluate(WINDOW, COMBINATIONS)
    assert found == [runs.evaluate(WINDOW, [each])[0] for each in COMBINATIONS]
    assert len({one.score for one in found}) == len(COMBINATIONS)


def test_runs_that_are_made_together_are_those_that_are_made_alone() -> None:
    told: list[str] = []
    runs = engine(mode="compiled", on_mode=lambda mode, _: told.append(mode))
    seen = WINDOW.in_sample
    together = list(runs.returns_of_all(seen, COMBINATIONS))
    assert told == ["compiled"] * len(COMBINATIONS)
    for found, each in zip(together, COMBINATIONS, strict=True):
        assert found.tolist() == runs.returns(seen, each).tolist()


def test_who_is_told_each_combination_sees_it_run_alone() -> None:
    told: list[Combination] = []
    runs, seen = engine(on_run=told.append), WINDOW.in_sample
    for number, _ in enumerate(runs.returns_of_all(seen, COMBINATIONS), start=1):
        assert told == COMBINATIONS[:number]
    plain = engine().returns_of_all(seen, COMBINATIONS)
    again = runs.returns_of_all(seen, COMBINATIONS)
    assert [each.tolist() for each in plain] == [each.tolist() for each in again]


def test_there_is_a_return_for_each_bar_out_of_sample() -> None:
    runs = engine()
    for combination in COMBINATIONS:
        assert len(runs.out_of_sample(WINDOW, combination).returns) == 50
    short = Window(9, range(200, 290), range(295, 300))
    assert len(runs.out_of_sample(short, COMBINATIONS[0]).returns) == 5


def test_no_order_is_placed_before_the_window_begins() -> None:
    found = engine().outing(WINDOW, (3, 20, 0.0))
    begin = found.run.time.searchsorted(engine().dataset.timeline[155])
    assert begin == 19
    assert len(found.run.orders)
    assert found.run.orders["step"].min() >= begin


def test_the_first_order_can_be_placed_at_the_first_bar_of_the_window() -> None:
    runs = engine(strategy=always)
    found = runs.outing(WINDOW, ())
    assert found.run.orders["step"].tolist() == [0]
    assert found.returns[0] == 0.0
    assert found.returns[1] != 0.0


def test_more_bars_before_the_window_change_nothing_for_plain_means() -> None:
    runs = engine()
    late = replace(runs, dataset=runs.dataset[155 - 19 :])
    moved = Window(2, range(14), range(19, 69))
    combination = (3, 20, 0.0)
    here, there = runs.outing(WINDOW, combination), late.outing(moved, combination)
    assert here.returns.tolist() == there.returns.tolist()


def test_what_is_held_at_the_end_is_closed_at_its_cost() -> None:
    terms = Terms(100_000.0, fee_bps=10.0, slippage_bps=20.0)
    found = engine(strategy=always, terms=terms).outing(WINDOW, ())
    close = float(found.run.setting.dataset.assets[0].base.close[-1])
    price = close * (1 - 0.002)
    cost = 10 * (close - price) + 10 * price * 0.001
    before, last = found.run.equity[-2:]
    assert found.returns[-1] == pytest.approx((last - cost) / before - 1.0, abs=1e-15)
    assert found.trades == 1


def test_without_costs_the_returns_are_those_of_the_curve() -> None:
    found = engine(strategy=always, terms=Terms(100_000.0, fee_bps=0.0)).outing(WINDOW, ())
    curve = found.run.equity
    assert float(np.prod(1.0 + found.returns)) == pytest.approx(curve[-1] / 100_000.0, rel=1e-14)


def test_harsher_terms_leave_less() -> None:
    runs = engine(strategy=always, terms=Terms(100_000.0, fee_bps=10.0))
    ours, theirs = runs.outing(WINDOW, ()), runs.on_terms(runs.terms.harsh()).outing(WINDOW, ())
    assert np.prod(1.0 + theirs.returns) < np.prod(1.0 + ours.returns)


def test_after_ruin_there_are_no_returns() -> None:
    assert returns_of(np.array([50.0, -10.0, -10.0]), 100.0).tolist() == [-0.5, -1.2, 0.0]
    assert returns_of(np.array([]), 100.0).tolist() == []


def test_what_did_not_answer_is_no_fault_of_the_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("kernels", "the folder cannot be written")

    monkeypatch.setattr(on_engine, "run", away)
    with pytest.raises(Unavailable, match="cannot be written"):
        engine().evaluate(WINDOW, COMBINATIONS)
