"""A walk forward in a line, on a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from algotrendy.backtest import Parameter, Terms, strategy, walk_forward
from algotrendy.backtest.notebook_walks import in_this_process
from algotrendy.backtest.validation.checks import CrossChecks
from algotrendy.kernel.errors import Invalid
from fakes.engine_walks import some_recorder

WINDOWS = {"in_sample": 100, "out_of_sample": 50}


def frame(bars: int = 300, seed: int = 1) -> pd.DataFrame:
    steps = np.random.Generator(np.random.PCG64(seed)).normal(0.0005, 0.01, bars)
    close = 100.0 * np.exp(np.cumsum(steps))
    opens = np.concatenate([[100.0], close[:-1]])
    return pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, close),
            "low": np.minimum(opens, close),
            "close": close,
            "volume": 1e6,
        },
        index=pd.date_range("2020-01-01", periods=bars, tz="UTC"),
    )


def walked(**options: Any) -> Any:
    said = {"recorder": some_recorder(), "mode": "interpreted", **options}
    ranges: dict[str, Any] = {"fast": range(2, 8, 2), "slow": {"start": 10, "stop": 20, "step": 10}}
    return walk_forward(frame(), "sma_cross", ranges, WINDOWS, **said)


def test_a_walk_on_a_frame_is_counted_and_judged() -> None:
    found = walked()
    assert (found.walked.trials, len(found.returns)) == (4 * 6, 200)
    assert found.across is not None, (
        "as on the command line and by request, unless it is switched off"
    )
    assert "30 trials on ASSET 1Day" in str(found.verdict)


def test_how_the_same_bars_are_cut_is_said_or_not_at_all() -> None:
    found = walked(checks=CrossChecks(blocks=4, groups=5, test_groups=1))
    assert found.across.overfitting.blocks == 4
    assert len(found.across.paths) == 1
    assert walked(checks=None).across is None


def test_terms_and_search_are_those_that_were_given() -> None:
    found = walked(terms=Terms(5_000.0, fee_bps=2.5), method="random", max_runs=2, seed=3)
    assert found.walked.trials == 8
    assert (found.plan.spec.cash, found.plan.spec.fee_bps) == (5_000, 2.5)
    assert found.plan.terms.fee_bps == 2.5


def test_a_strategy_of_ones_own_walks_too() -> None:
    @strategy(parameters=[Parameter("units", "float", 1, 100, 1, "Shares")])
    def holder(market: Any, own: Any, p: Any) -> None:
        """Hold some shares."""
        if market.position == 0.0:
            market.buy(p.units)

    found = walk_forward(
        frame(),
        holder,
        {"units": [1, 50]},
        WINDOWS,
        recorder=some_recorder(),
        objective="total_return",
        mode="interpreted",
    )
    assert found.counted.by_strategy == {"holder": 10}
    chosen = [step.choice.combination for step in found.walked.steps if step.choice]
    assert set(chosen) <= {(1.0,), (50.0,)}
    assert found.evidence.trades == 4


def test_a_plain_function_walks_without_a_choice() -> None:
    def holder(market: Any, own: Any, p: Any) -> None:
        if market.position == 0.0:
            market.invest()

    found = walk_forward(frame(), holder, {}, WINDOWS, recorder=some_recorder(), mode="interpreted")
    assert found.counted.by_strategy == {"holder": 4}
    assert all(step.choice and step.choice.combination == () for step in found.walked.steps)


def test_without_a_recorder_the_process_counts_on() -> None:
    in_this_process.cache_clear()
    first = walked(recorder=None)
    second = walked(recorder=None, terms=Terms(7_000.0))
    assert (first.counted.trials, second.counted.trials) == (30, 60)
    assert "forgets" in second.counted_in
    in_this_process.cache_clear()


def test_a_window_that_does_not_fit_names_its_field() -> None:
    with pytest.raises(Invalid, match="in_sample"):
        walk_forward(
            frame(120),
            "sma_cross",
            {"fast": [2], "slow": [5]},
            {"in_sample": 100, "out_of_sample": 50},
            mode="interpreted",
        )
