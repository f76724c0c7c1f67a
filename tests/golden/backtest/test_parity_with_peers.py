"""Benchmarks W1 and W4: what vectorbt, backtrader and others come to on the same bars."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.making import strategy
from fakes.bars_for_backtests import benchmark_minutes
from fakes.scripted_strategy import ran

TERMS = Terms(10_000_000.0, fee_bps=10.0)
MODES = ("interpreted", "compiled")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("bars", "final_equity"), [(100_000, 9_980_233.7), (200_000, 9_960_234.7)])
def test_a_moving_average_cross_ends_with_the_equity_of_the_peers(
    bars: int, final_equity: float, mode: Wish
) -> None:
    chosen = strategy_named("sma_cross")
    result = ran(benchmark_minutes(bars), chosen, TERMS, mode, fast=20, slow=50, units=100)
    assert round(result.equity[-1], 1) == final_equity


@strategy()
def brackets(market: Any, own: Any, p: Any) -> None:
    """Buy 100 at every tenth bar when flat, with exits 0.3 % away."""
    is_tenth = (len(market.close) - 1) % 10 == 0
    if is_tenth and market.position == 0.0 and market.open_orders() == 0:
        close = market.close[-1]
        market.buy_bracket(100.0, take_profit=close * 1.003, stop_loss=close * 0.997)


@pytest.mark.parametrize("mode", MODES)
def test_brackets_end_with_the_fills_and_the_equity_of_the_peers(mode: Wish) -> None:
    result = ran(benchmark_minutes(50_000), brackets, TERMS, mode)
    assert (len(result.fills), round(result.equity[-1], 1)) == (2_551, 9_975_476.8)
