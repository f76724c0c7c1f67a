"""Runs on real bars: the one entry for reports gives the figures that a sweep keeps of them."""

from __future__ import annotations

import pytest

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.statistics.of_run import statistics_of
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.strategy.library import strategy_named


@pytest.mark.parametrize("name", ["sma_cross", "buy_and_hold"])
def test_a_report_and_a_sweep_tell_the_same_of_a_run(name: str) -> None:
    (aapl,) = (read.bars for read in read_samples("bokeh") if read.bars.symbol == "AAPL")
    bars = aapl.adjusted("all")
    strategy = strategy_named(name)
    ran = run(
        Setting(from_series(bars), strategy, strategy.check({}), Terms(100_000.0, fee_bps=10.0)),
        "interpreted",
    )
    swept = summarise(ran)
    found = statistics_of(ran, high=bars.high, low=bars.low)
    assert found.activity is not None
    assert found.trades is not None
    told = {
        "total_return": found.growth.total_return,
        "cagr": found.growth.cagr,
        "volatility": found.risk.volatility,
        "sharpe": found.ratios.sharpe,
        "sortino": found.ratios.sortino,
        "max_drawdown": found.drawdowns.deepest,
        "drawdown_bars": found.drawdowns.longest_bars,
        "calmar": found.ratios.calmar,
        "exposure": found.activity.exposure,
        "turnover": found.activity.turnover,
        "trades": found.trades.all.count,
        "win_rate": found.trades.all.win_rate,
        "profit_factor": found.trades.all.profit_factor,
        "fees": found.activity.fees,
    }
    assert swept.exposure > 0.0
    for figure, value in told.items():
        expected = getattr(swept, figure)
        assert value == (expected if expected is None else pytest.approx(expected, rel=1e-9)), (
            figure
        )
