"""A strategy's warm-up is the least number of bars before its first order: not one more, or less.

The walks have a bar each day from 1 January, so that the first month after the beginning begins
with bar 32, and so does what trades monthly.
"""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.library import library, strategy_named
from fakes.bars_for_backtests import walk
from fakes.library_runs import interpreted

SMALL: dict[str, dict[str, float]] = {
    "bollinger_reversion": {"period": 9, "width": 1},
    "buy_and_hold": {},
    "donchian_breakout": {"entry": 9, "exit": 4, "period": 5},
    "dual_momentum": {"lookback": 31},
    "faber_timing": {"period": 32},
    "halloween": {"buy": 1, "sell": 5},
    "ibs_reversion": {},
    "macd_trend": {"fast": 3, "slow": 6, "signal": 4},
    "market_making": {"period": 3, "range": 6},
    "momentum_rotation": {"lookback": 31},
    "narrow_range_breakout": {"period": 5},
    "pairs_trading": {"window": 11, "entry": 1},
    "risk_parity": {"period": 31},
    "rsi_reversion": {"period": 5, "oversold": 50, "trend": 4, "exit": 3},
    "sma_cross": {"fast": 3, "slow": 8},
    "time_series_momentum": {"lookback": 31, "period": 20},
    "trailing_trend": {"period": 6},
    "turn_of_month": {"before": 8},
    "volatility_breakout": {},
    "volatility_target": {"period": 31},
}
MANY = 40
SHORTS = Terms(100_000.0, fee_bps=0.0, allow_short=True)


def first_orders(name: str, parameters: dict[str, float]) -> list[int]:
    """Give the bar after which each of many walks has its first order, counted from 1."""
    found = []
    for seed in range(MANY):
        bars = [walk(f"W{k}", 62, seed * 7 + k).adjusted("raw") for k in range(2)]
        result = interpreted(bars, name, terms=SHORTS, **parameters)
        if len(result.orders):
            found.append(int(result.orders["step"][0]) + 1)
    return found


def test_every_strategy_is_here() -> None:
    assert sorted(SMALL) == [strategy.name for strategy in library()]


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"turn_of_month"}))
def test_the_first_order_comes_when_the_warm_up_ends_and_never_before(name: str) -> None:
    strategy = strategy_named(name)
    warm_up = strategy.warm_up(strategy.check(SMALL[name]))
    assert min(first_orders(name, SMALL[name])) == warm_up


def test_the_turn_of_a_month_needs_no_bars_before_it() -> None:
    strategy = strategy_named("turn_of_month")
    assert strategy.warm_up(strategy.check({})) == 1
    # The last 8 weekdays of January 2000 begin on the 20th.
    assert set(first_orders("turn_of_month", {"before": 8})) == {19}


@pytest.mark.parametrize("name", ["faber_timing", "volatility_target", "risk_parity"])
def test_a_warm_up_of_one_bar_more_waits_for_the_next_month(name: str) -> None:
    (parameter, value), *_ = SMALL[name].items()
    assert min(first_orders(name, {parameter: value + 1})) == 61
