"""Benchmark W1: what vectorbt, backtesting.py, backtrader and others come to on the same bars."""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine import Terms, run
from algotrendy.strategy.library import strategy_named
from fakes.bars_for_backtests import benchmark_minutes


@pytest.mark.parametrize(("bars", "final_equity"), [(100_000, 9_980_233.7), (200_000, 9_960_234.7)])
def test_a_moving_average_cross_ends_with_the_equity_of_the_peers(
    bars: int, final_equity: float
) -> None:
    strategy = strategy_named("sma_cross")
    values = strategy.check({"fast": 20, "slow": 50, "units": 100})
    result = run(benchmark_minutes(bars), strategy, values, Terms(10_000_000.0, fee_bps=10.0))
    assert round(result.equity[-1], 1) == final_equity
