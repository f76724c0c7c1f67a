"""The figures of a sweep's row, by hand, and against those that numpy computes for a report."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan, nan, sqrt

import numpy as np
import pytest

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.statistics.of_run import statistics_of
from algotrendy.backtest.statistics.summary import (
    deepest_fall,
    growth_of,
    moments_of,
    periods_per_year,
    summarise,
    years_of,
)
from algotrendy.kernel.bar import Timeframe
from fakes.bars_for_backtests import DAY_NS, series_of, walk
from fakes.scripted_strategy import Act, ran, scripted

CURVE = [100.0, 110.0, 99.0, 108.9]


def test_moments_are_of_simple_returns_from_close_to_close() -> None:
    mean, variance, losses, count, _ = moments_of(CURVE, [0.0] * len(CURVE))
    # Returns 0.1, -0.1, 0.1: squared deviations (4 + 16 + 4) / 900, over n - 1 = 2.
    assert mean == pytest.approx(1 / 30)
    assert variance == pytest.approx(4 / 300)
    assert losses == pytest.approx(0.01 / 3)
    assert count == 3


def test_returns_end_with_ruin() -> None:
    mean, _, _, count, worth = moments_of([100.0, 50.0, -10.0, 20.0], [0.0] * 4)
    assert worth == 40.0
    assert count == 2
    assert mean == pytest.approx((-0.5 - 1.2) / 2)


def test_drawdown_gives_the_deepest_fall_and_the_longest_time_below_a_peak() -> None:
    deepest, longest = deepest_fall([100, 80, 100, 120, 119, 118, 117, 121, 60])
    assert deepest == pytest.approx(60 / 121 - 1)
    assert longest == 3
    assert deepest_fall([1, 2, 3]) == (0.0, 0)
    assert deepest_fall([]) == (0.0, 0)


def test_growth_is_over_calendar_years() -> None:
    assert growth_of(100, 144, 2) == pytest.approx(0.2)
    assert growth_of(100, 0, 2) == -1.0
    assert isnan(growth_of(100, 144, 0))
    assert years_of([0, int(365.25 * 2 * DAY_NS)]) == 2.0


def test_growth_beyond_all_floats_is_undefined() -> None:
    assert isnan(growth_of(1e-9, 1e12, 1e-5))


def test_a_run_is_summed_up() -> None:
    series = series_of([10, 11, 12, 13], [10, 12, 12, 14])
    strategy = scripted({0: lambda m: m.buy(10), 2: lambda m: m.sell(10), 3: lambda m: m.buy(1)})
    found = summarise(ran(series, strategy, Terms(1000.0, fee_bps=100.0)))
    years = 3 / 365.25
    assert found.final_equity == pytest.approx(1017.6)
    assert found.total_return == pytest.approx(0.0176)
    assert found.cagr == pytest.approx(1.0176 ** (1 / years) - 1)
    assert found.max_drawdown == 0.0
    assert found.calmar is None
    assert found.exposure == 0.5
    # Bought 110, sold 130; mean equity (1000 + 1008.9 * 2 + 1017.6) / 4.
    assert found.turnover == pytest.approx(240 / 2 / 1008.85 / years)
    assert (found.trades, found.win_rate, found.profit_factor) == (1, 1.0, None)
    assert found.fees == pytest.approx(2.4)
    assert (found.orders_cut, found.orders_unfilled) == (0, 1)


def test_risk_and_reward_have_their_textbook_values() -> None:
    # One unit held from the first open on: equity is cash and the close.
    series = series_of([100, 100, 110, 99], [100, 110, 99, 108.9])
    found = summarise(ran(series, scripted({0: lambda m: m.buy(1)}), Terms(100.0, fee_bps=0.0)))
    # Returns 0.1, -0.1, 0.1, as above.
    risk = sqrt(4 / 300 * 252)
    assert found.volatility == pytest.approx(risk)
    assert found.sharpe == pytest.approx(252 / 30 / risk)
    assert found.sharpe == pytest.approx(sqrt(21))
    assert found.sortino == pytest.approx(sqrt(84))


def round_trips(*closes: float) -> Backtest:
    """Buy one unit at each even bar's open, sell it at the next bar's; opens are the closes."""
    script: dict[int, Act] = {}
    for bar in range(len(closes)):
        script[bar] = (lambda m: m.exit()) if bar % 2 else (lambda m: m.buy(1))
    prices = [100.0, *closes]
    return ran(series_of(prices, prices), scripted(script), Terms(1e6, fee_bps=0.0))


def test_trades_are_rated_by_what_they_made() -> None:
    # Each trade buys at the first and sells at the second of a pair: 30, -10, 0, -5.
    found = summarise(round_trips(100, 130, 110, 100, 100, 100, 105, 100))
    assert (found.trades, found.win_rate, found.profit_factor) == (4, 0.25, 2.0)
    assert summarise(round_trips(100, 130)).profit_factor is None
    assert summarise(round_trips(100)).win_rate is None


def test_a_run_that_never_trades_has_no_ratios() -> None:
    found = summarise(ran(series_of([10] * 3, [10] * 3), scripted({}), Terms(1000.0, fee_bps=0.0)))
    assert (found.total_return, found.volatility, found.sharpe) == (0.0, 0.0, None)
    assert (found.sortino, found.calmar, found.win_rate) == (None, None, None)
    assert (found.exposure, found.turnover, found.trades) == (0.0, 0.0, 0)


@pytest.mark.parametrize("bars", [0, 1])
def test_too_few_bars_leave_the_rates_undefined(bars: int) -> None:
    dataset = from_series(series_of([10.0] * 2, [10.0] * 2))[:bars]
    found = summarise(ran(dataset, scripted({}), Terms(1000.0, fee_bps=0.0)))
    assert (found.final_equity, found.total_return, found.exposure) == (1000.0, 0.0, 0.0)
    assert (found.cagr, found.volatility, found.sharpe, found.turnover) == (None,) * 4


def test_steady_growth_is_no_infinite_sharpe_ratio() -> None:
    closes = [1000.0 * 1.01**bar for bar in range(200)]
    result = ran(
        series_of(closes, closes), scripted({0: lambda m: m.buy(1)}), Terms(1010.0, fee_bps=0.0)
    )
    found = summarise(result)
    assert found.volatility is not None
    assert found.volatility > 0.0
    curve = [1000.0 * 1.01**bar for bar in range(200)]
    mean, variance, _, _, _ = moments_of(curve, [0.0] * 200)
    assert mean == pytest.approx(0.01)
    assert sqrt(variance) < 1e-12


def test_a_year_has_252_sessions_of_six_and_a_half_hours() -> None:
    assert periods_per_year(Timeframe.DAY) == 252
    assert periods_per_year(Timeframe.MINUTE) == 252 * 390


def busy(seed: int) -> Backtest:
    """Trade long and short on a random walk, with fees."""
    random = np.random.Generator(np.random.PCG64(seed))

    def act(units: float) -> Act:
        return lambda m: m.buy(units) if units > 0.0 else m.sell(-units)

    script = {
        int(bar): act(float(units))
        for bar, units in zip(
            random.integers(0, 400, 120), random.integers(-40, 40, 120), strict=True
        )
        if units
    }
    bars = walk("AAA", 400, seed).adjusted("raw")
    return ran(bars, scripted(script), Terms(20_000.0, fee_bps=10.0, allow_short=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_row_of_a_sweep_tells_what_numpy_computes(seed: int) -> None:
    result = busy(seed)
    row, full = summarise(result), statistics_of(result)
    assert full.activity is not None
    assert full.trades is not None
    expected = {
        "final_equity": result.equity[-1],
        "total_return": full.growth.total_return,
        "cagr": full.growth.cagr,
        "volatility": full.risk.volatility,
        "sharpe": full.ratios.sharpe,
        "sortino": full.ratios.sortino,
        "max_drawdown": full.drawdowns.deepest,
        "drawdown_bars": full.drawdowns.longest_bars,
        "calmar": full.ratios.calmar,
        "exposure": full.activity.exposure,
        "turnover": full.activity.turnover,
        "trades": full.trades.all.count,
        "win_rate": full.trades.all.win_rate,
        "profit_factor": full.trades.all.profit_factor,
        "fees": full.activity.fees,
        "orders_cut": result.cut,
        "orders_unfilled": result.unfilled,
    }
    assert tuple(expected) == STATISTICS
    assert row.trades >= 10
    found = asdict(row)
    for name, value in expected.items():
        wanted = nan if value is None else value
        actual = nan if found[name] is None else found[name]
        assert actual == pytest.approx(wanted, rel=1e-12, nan_ok=True), name
