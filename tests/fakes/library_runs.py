"""Run a strategy of the library by name, interpreted, on bars of one symbol or several."""

from __future__ import annotations

from collections.abc import Iterable

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.library import strategy_named

PLAIN = Terms(100_000.0, fee_bps=10.0)


def interpreted(
    bars: BarSeries | Iterable[BarSeries],
    name: str,
    terms: Terms = PLAIN,
    **parameters: float,
) -> Backtest:
    """Run it; parameters that are not given keep their defaults."""
    strategy = strategy_named(name)
    setting = Setting(from_series(bars), strategy, strategy.check(parameters), terms)
    return run(setting, "interpreted")
