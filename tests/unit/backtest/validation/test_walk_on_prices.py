"""The parts together: a request, its windows, a search, and a strategy on prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from algotrendy.backtest.search.methods import make_search
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.validation.objective import scored, unseen
from algotrendy.backtest.validation.ports import Scored
from algotrendy.backtest.validation.spec import WalkForwardSpec, parse_walk_forward
from algotrendy.backtest.validation.walk_forward import Unseen, Walker
from algotrendy.backtest.validation.walked import Walked
from algotrendy.backtest.validation.windows import Window
from algotrendy.strategy.library import strategy_named
from fakes.walk_world import Counted

FloatArray = NDArray[np.float64]
BARS = 2_000


def request(**changes: Any) -> WalkForwardSpec:
    return parse_walk_forward(
        {
            "strategy": "sma_cross",
            "symbols": ["XYZ"],
            "start": "2001-01-01",
            "end": "2010-12-31",
            "parameters": {
                "fast": {"start": 2, "stop": 20, "step": 3},
                "slow": {"start": 25, "stop": 85, "step": 20},
            },
            "windows": {"in_sample": 500, "out_of_sample": 250, "embargo": 10},
            **changes,
        }
    )


def crossed(prices: FloatArray, combination: Combination) -> FloatArray:
    """Hold while the fast mean is above the slow one; give the returns of bars 1 to the last."""
    fast, slow = int(combination[0]), int(combination[1])
    sums = np.concatenate([[0.0], np.cumsum(prices)])
    above = np.zeros(len(prices), dtype=np.bool_)
    ends = np.arange(slow, len(prices) + 1)
    means = [(sums[ends] - sums[ends - length]) / length for length in (fast, slow)]
    above[slow - 1 :] = means[0] > means[1]
    return np.where(above[:-1], prices[1:] / prices[:-1] - 1.0, 0.0)


def walked(prices: FloatArray, spec: WalkForwardSpec) -> Walked:
    def evaluate(window: Window, combinations: Sequence[Combination]) -> list[Scored]:
        seen = prices[window.in_sample.start : window.in_sample.stop]
        return [scored(spec.objective, crossed(seen, each)) for each in combinations]

    def out_of_sample(window: Window, combination: Combination) -> Unseen:
        seen = crossed(prices[: window.out_of_sample.stop], combination)
        return unseen(spec.objective, seen[window.out_of_sample.start - 1 :])

    space = spec.space(strategy_named(spec.strategy))
    days = [date(2001, 1, 1) + timedelta(days=n) for n in range(len(prices))]
    return Walker(
        windows=spec.windows.cut(days),
        space=space,
        searcher=lambda _: make_search(spec.method, space, spec.budget, spec.seed),
        evaluate=evaluate,
        out_of_sample=out_of_sample,
        trials=Counted(),
        selection=spec.selection,
        batch=spec.batch,
    ).run()


def noise(seed: int, bars: int = BARS) -> FloatArray:
    steps = np.random.Generator(np.random.PCG64(seed)).normal(0.0, 0.01, bars)
    return np.asarray(100.0 * np.exp(np.cumsum(steps)))


@pytest.mark.parametrize("method", ["grid", "genetic"])
def test_on_noise_the_best_in_sample_is_nothing_out_of_sample(method: str) -> None:
    spec = request(method=method, max_runs=16)
    found = [walked(noise(seed), spec).scores for seed in range(12)]
    inside, outside = np.mean([scores for scores in found if scores], axis=0)
    assert inside > 0.25
    assert outside < 0.05


@pytest.mark.parametrize("method", ["grid", "random", "bayesian", "genetic"])
def test_a_walk_is_the_same_again(method: str) -> None:
    spec, prices = request(method=method, max_runs=16, seed=5), noise(1)
    assert walked(prices, spec).to_json() == walked(prices, spec).to_json()


def test_what_comes_later_changes_no_window_before_it() -> None:
    spec, prices = request(selection="neighbours"), noise(9)
    whole = walked(prices, spec)
    part = walked(prices[:1_260], spec)
    assert len(part.steps) == 3
    assert len(whole.steps) == 6
    for early, late in zip(part.steps, whole.steps, strict=False):
        assert early.to_json() == late.to_json()


def test_all_objectives_and_methods_walk_the_calendar() -> None:
    windows = {"kind": "anchored", "in_sample": "18mo", "out_of_sample": "1y", "embargo": "2w"}
    for objective in ("sharpe", "sortino", "calmar", "total_return"):
        spec = request(objective=objective, windows=windows)
        found = walked(noise(2), spec)
        assert found.trials == 28 * len(found.steps)
        assert found.bars.tolist() == list(range(found.bars[0], BARS))
