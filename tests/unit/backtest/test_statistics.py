from __future__ import annotations

from math import sqrt

import pytest

from algotrendy.backtest.engine import Terms, run
from algotrendy.backtest.statistics import (
    cagr,
    downside,
    drawdown,
    periods_per_year,
    profit_factor,
    reward_to,
    simple_returns,
    summarise,
    volatility,
    win_rate,
)
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.bar import Timeframe
from fakes.bars_for_backtests import DAY_NS, series_of
from fakes.scripted_strategy import scripted

CURVE = [100.0, 110.0, 99.0, 108.9]
RETURNS = [0.1, -0.1, 0.1]


def test_returns_are_simple_and_from_close_to_close() -> None:
    assert simple_returns(CURVE) == pytest.approx(RETURNS)


def test_risk_and_reward_have_their_textbook_values() -> None:
    # mean 1/30; squared deviations (4 + 16 + 4) / 900, over n - 1 = 2: 4/300
    risk = volatility(RETURNS, 252)
    assert risk == pytest.approx(sqrt(4 / 300 * 252))
    assert reward_to(risk, RETURNS, 252) == pytest.approx(sqrt(21))
    below = downside(RETURNS, 252)
    assert below == pytest.approx(sqrt(0.01 / 3 * 252))
    assert reward_to(below, RETURNS, 252) == pytest.approx(sqrt(84))


def test_drawdown_gives_the_deepest_fall_and_the_longest_time_below_a_peak() -> None:
    deepest, longest = drawdown([100, 80, 100, 120, 119, 118, 117, 121, 60])
    assert deepest == pytest.approx(60 / 121 - 1)
    assert longest == 3
    assert drawdown([1, 2, 3]) == (0.0, 0)
    assert drawdown([]) == (0.0, 0)


def test_growth_is_over_calendar_years() -> None:
    assert cagr(100, 144, 2) == pytest.approx(0.2)
    assert cagr(100, 0, 2) == -1.0
    assert cagr(100, 144, 0) is None


def test_growth_beyond_all_floats_is_undefined() -> None:
    assert cagr(1e-9, 1e12, 1e-5) is None


def test_trades_are_rated_by_what_they_made_after_fees() -> None:
    trades = [Trade(0, 1, 1, 1, 1, 0, pnl) for pnl in (30.0, -10.0, 0.0, -5.0)]
    assert win_rate(trades) == 0.25
    assert profit_factor(trades) == 2.0
    assert profit_factor(trades[:1]) is None
    assert win_rate([]) is None


def test_a_run_is_summed_up() -> None:
    series = series_of([10, 11, 12, 13], [10, 12, 12, 14])
    strategy = scripted({0: lambda a: a.buy(10), 2: lambda a: a.sell(10), 3: lambda a: a.buy(1)})
    result = run(series, strategy, {}, Terms(1000.0, fee_bps=100.0))
    times = [0, 1, 2, int(365.25 * 2 * DAY_NS)]
    found = summarise(result, times, 1000.0)
    assert found.final_equity == pytest.approx(1017.6)
    assert found.total_return == pytest.approx(0.0176)
    assert found.cagr == pytest.approx(sqrt(1.0176) - 1)
    assert found.max_drawdown == 0.0
    assert found.calmar is None
    assert found.exposure == 0.5
    # bought 110, sold 130; mean equity (1000 + 1008.9 * 2 + 1017.6) / 4; two years
    assert found.turnover == pytest.approx(240 / 2 / 1008.85 / 2)
    assert (found.trades, found.win_rate, found.profit_factor) == (1, 1.0, None)
    assert found.fees == pytest.approx(2.4)
    assert (found.orders_cut, found.orders_unfilled) == (0, 1)


def test_a_run_that_never_trades_has_no_ratios() -> None:
    result = run(series_of([10] * 3, [10] * 3), scripted({}), {}, Terms(1000.0))
    found = summarise(result, [0, DAY_NS, 2 * DAY_NS], 1000.0)
    assert (found.total_return, found.volatility, found.sharpe) == (0.0, 0.0, None)
    assert (found.sortino, found.calmar, found.win_rate) == (None, None, None)
    assert (found.exposure, found.turnover, found.trades) == (0.0, 0.0, 0)


@pytest.mark.parametrize("bars", [0, 1])
def test_too_few_bars_leave_the_rates_undefined(bars: int) -> None:
    series = series_of([10.0] * bars, [10.0] * bars)
    found = summarise(run(series, scripted({}), {}, Terms(1000.0)), series.times, 1000.0)
    assert (found.final_equity, found.total_return, found.exposure) == (1000.0, 0.0, 0.0)
    assert (found.cagr, found.volatility, found.sharpe, found.turnover) == (None,) * 4


def test_steady_growth_is_no_infinite_sharpe_ratio() -> None:
    steady = simple_returns([1000.0 * 1.01**bar for bar in range(200)])
    assert reward_to(volatility(steady, 252), steady, 252) is None


def test_returns_end_with_ruin() -> None:
    assert simple_returns([100.0, 50.0, -10.0, 20.0]) == pytest.approx([-0.5, -1.2])


def test_a_year_has_252_sessions_of_six_and_a_half_hours() -> None:
    assert periods_per_year(Timeframe.DAY) == 252
    assert periods_per_year(Timeframe.MINUTE) == 252 * 390
