"""In a market that stands still nothing trades but what always holds something."""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.library import library, strategy_named
from fakes.bars_for_backtests import series_of, walk
from fakes.library_runs import interpreted

WHATEVER_THE_PRICE = ("buy_and_hold", "halloween", "momentum_rotation", "turn_of_month")
RICH = Terms(1e15, fee_bps=0.0, allow_short=True)


@pytest.mark.parametrize("price", [0.1, 1 / 3, 97.13, 1e9 / 7])
@pytest.mark.parametrize(
    "name", [each.name for each in library() if each.name not in WHATEVER_THE_PRICE]
)
def test_prices_that_never_move_are_no_reason_to_trade(name: str, price: float) -> None:
    bars = [series_of([price] * 400, [price] * 400, symbol) for symbol in ("ONE", "TWO")]
    bars = bars[: strategy_named(name).assets]
    assert len(interpreted(bars, name, RICH).fills) == 0


@pytest.mark.parametrize(
    "name", ["bollinger_reversion", "faber_timing", "macd_trend", "rsi_reversion", "sma_cross"]
)
def test_the_rounding_of_sums_from_before_is_no_reason_to_trade(name: str) -> None:
    newest = []
    for seed in range(5):
        moving = walk("TEST", 300, seed).adjusted("raw")
        still = [moving.close[-1]] * 1200
        bars = series_of([*moving.open, *still], [*moving.close, *still])
        newest += interpreted(bars, name).orders["step"].tolist()[-1:]
    assert len(newest) > 2
    # The longest window is full of the one price by then, the exponential means have settled.
    assert max(newest) < 300 + 600
