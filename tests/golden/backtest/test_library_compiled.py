"""Every strategy of the library on real bars, compiled and interpreted: the same to the bit."""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named
from fakes.sample_datasets import dataset

HARD = Terms(
    100_000.0,
    fee_bps=5.0,
    fee_per_unit=0.005,
    fee_minimum=1.0,
    slippage_bps=2.0,
    participation=0.0005,
    allow_short=True,
    leverage=2.0,
    maintenance=0.3,
    borrow_rate=0.01,
    loan_rate=0.05,
)
"""Terms that use most of what the rules know."""

TERMS = {"cash": Terms(100_000.0, fee_bps=10.0), "hard": HARD}
WITH_EVERY_KIND_OF_ORDER = (
    "buy_and_hold",
    "market_making",
    "momentum_rotation",
    "pairs_trading",
    "sma_cross",
    "trailing_trend",
    "volatility_breakout",
)
"""Each kind of order and of sizing; one more strategy compiles for seconds."""


CASES = [
    *((strategy, "cash") for strategy in library()),
    *((strategy_named(name), "hard") for name in WITH_EVERY_KIND_OF_ORDER),
]


@pytest.mark.parametrize(("strategy", "terms"), CASES, ids=lambda case: getattr(case, "name", case))
def test_a_strategy_does_the_same_compiled_and_interpreted(strategy: Strategy, terms: str) -> None:
    bars = dataset("IBM" if strategy.assets == 1 else "AAPL GOOG MSFT")
    setting = Setting(bars, strategy, strategy.check({}), TERMS[terms])
    compiled, interpreted = run(setting, "compiled"), run(setting, "interpreted")
    assert len(interpreted.fills)
    for part in ("equity", "cash", "exposure", "orders", "fills"):
        assert getattr(compiled, part).tobytes() == getattr(interpreted, part).tobytes(), part
    assert compiled.costs() == interpreted.costs()
