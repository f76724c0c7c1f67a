from __future__ import annotations

from math import exp, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from algotrendy.backtest.statistics.drawdowns import falls, summarise_falls
from algotrendy.backtest.statistics.returns import calendar, growth, win_rate, yearly_rate
from algotrendy.backtest.statistics.risk import (
    Ratios,
    conditional_value_at_risk,
    excess_kurtosis,
    kelly,
    ratios,
    risk,
    sharpe,
    skew,
    sortino,
    stability,
    tail_ratio,
)
from algotrendy.backtest.statistics.sample import sample_of
from algotrendy.backtest.statistics.series import (
    DAY_NS,
    FloatArray,
    Series,
    compounded,
    daily_returns,
    from_equity,
    from_returns,
)

RETURNS = np.array([0.1, -0.1, 0.1])


def of(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def rated(series: Series, cagr: float | None) -> Ratios:
    return ratios(
        series,
        sample_of(series.returns),
        cagr,
        summarise_falls(falls(series)),
        compounded(series, "month"),
    )


def test_growth_is_over_calendar_years_and_the_annual_return_over_bars() -> None:
    series = from_equity([100.0, 120.0, 144.0], [0, DAY_NS, int(2 * 365.25 * DAY_NS)])
    grown = growth(series, sample_of(series.returns), None, None, None)
    assert grown.total_return == pytest.approx(0.44)
    assert grown.cagr == pytest.approx(0.2)
    assert grown.annual_return == pytest.approx(1.44**126 - 1)
    assert (grown.mean_day, grown.best_month, grown.year_win_rate) == (None, None, None)


def test_days_months_and_years_have_their_mean_best_and_worst() -> None:
    times = [day * DAY_NS for day in (0, 1, 2, 40, 400)]
    series = from_returns([0.1, -0.2, 0.0, 0.5], times)
    grown = growth(
        series,
        sample_of(series.returns),
        daily_returns(series),
        compounded(series, "month"),
        compounded(series, "year"),
    )
    assert grown.mean_day == pytest.approx(0.1)
    assert (grown.best_day, grown.worst_day) == pytest.approx((0.5, -0.2))
    assert grown.day_win_rate == pytest.approx(2 / 3)
    assert (grown.best_month, grown.worst_month) == pytest.approx((0.5, -0.12))
    assert grown.month_win_rate == 0.5
    assert grown.mean_year == pytest.approx((0.5 - 0.12) / 2)


def test_bars_of_a_day_count_as_one_day() -> None:
    hour = DAY_NS // 24
    series = from_returns([0.1, 0.1, -0.1], [0, hour, 2 * hour, 30 * hour])
    grown = growth(series, sample_of(series.returns), daily_returns(series), None, None)
    assert (grown.best_day, grown.worst_day) == pytest.approx((0.21, -0.1))
    assert grown.mean_bar == pytest.approx(0.1 / 3)
    assert grown.mean_day == pytest.approx(0.055)


def test_the_calendar_lists_months_and_years() -> None:
    series = from_returns([0.1, -0.2, 0.5], [day * DAY_NS for day in (0, 1, 40, 400)])
    listed = calendar(compounded(series, "month"), compounded(series, "year"))
    assert [row[:2] for row in listed.months] == [(1970, 1), (1970, 2), (1971, 2)]
    assert [row[2] for row in listed.months] == pytest.approx([0.1, -0.2, 0.5])
    assert [row[0] for row in listed.years] == [1970, 1971]
    assert calendar(None, None).months == ()


def test_a_yearly_rate_is_minus_one_after_ruin_and_undefined_without_time_or_bounds() -> None:
    assert yearly_rate(-1.0, 2.0) == -1.0
    assert yearly_rate(0.5, 0.0) is None
    assert yearly_rate(1e12, 1e-5) is None


def test_days_without_a_change_are_neither_won_nor_lost() -> None:
    assert win_rate(of(0.1, 0.0, -0.1, 0.2)) == pytest.approx(2 / 3)
    assert win_rate(of(0.0)) is None


def test_risk_and_reward_have_their_textbook_values() -> None:
    # mean 1/30; squared deviations (4 + 16 + 4) / 900, over n - 1 = 2: 4/300
    sample = sample_of(RETURNS)
    found = risk(sample, 252.0)
    assert found.volatility == pytest.approx(sqrt(4 / 300 * 252))
    assert found.downside_deviation == pytest.approx(sqrt(0.01 / 3 * 252))
    assert sharpe(sample, 252.0) == pytest.approx(sqrt(21))
    assert sortino(sample, 252.0) == pytest.approx(sqrt(84))


def test_the_shape_of_returns_is_corrected_for_the_size_of_the_sample() -> None:
    # of 1, 2, 3, 10: m2 = 12.5, m3 = 45, m4 = 348.5
    sample = sample_of(of(1.0, 2.0, 3.0, 10.0))
    assert sample.skewness == pytest.approx(45 / 12.5**1.5)
    assert sample.kurtosis == pytest.approx(348.5 / 12.5**2)
    assert skew(sample) == pytest.approx(sqrt(12) / 2 * 45 / 12.5**1.5)
    assert excess_kurtosis(sample) == pytest.approx(3 / 2 * (5 * (348.5 / 12.5**2 - 3) + 6))
    assert skew(sample_of(of(1.0, 2.0))) is None
    assert excess_kurtosis(sample_of(RETURNS)) is None


def test_long_series_are_summed_in_pieces_to_the_same_figures() -> None:
    returns = np.random.Generator(np.random.PCG64(1)).normal(0.0005, 0.01, 20_001)
    sample = sample_of(returns)
    apart = returns - returns.mean()
    assert sample.deviation == pytest.approx(returns.std(ddof=1), rel=1e-12)
    assert sample.skewness == pytest.approx((apart**3).mean() / (apart**2).mean() ** 1.5, rel=1e-9)
    assert sample.kurtosis == pytest.approx((apart**4).mean() / (apart**2).mean() ** 2, rel=1e-12)
    assert sample.losses_squared == pytest.approx(
        np.square(np.minimum(returns, 0)).sum(), rel=1e-12
    )


def test_quantiles_are_those_of_numpy() -> None:
    sample = sample_of(of(5.0, 1.0, 4.0, 2.0, 3.0))
    for share in (0.0, 0.05, 0.33, 0.5, 0.95, 1.0):
        assert sample.quantile(share) == pytest.approx(np.quantile(sample.returns, share))


def test_value_at_risk_is_a_quantile_and_its_condition_the_mean_of_the_worst() -> None:
    returns = np.arange(-20, 81) / 100.0
    sample = sample_of(returns)
    found = risk(sample, 252.0)
    assert found.var == pytest.approx(-0.15)
    assert found.cvar == pytest.approx(np.mean(np.arange(-20, -14)) / 100)
    normal = NormalDist(float(returns.mean()), float(returns.std(ddof=1)))
    assert found.var_normal == pytest.approx(normal.inv_cdf(0.05))
    draws = np.array([normal.inv_cdf((i + 0.5) / 200_000) for i in range(10_000)])
    assert found.cvar_normal == pytest.approx(float(draws.mean()), abs=1e-4)


def test_tails_compare_the_95_percent_quantile_to_the_5_percent_one() -> None:
    assert tail_ratio(sample_of(np.arange(-20, 81) / 100.0)) == pytest.approx(0.75 / 0.15)
    assert tail_ratio(sample_of(of(0.0, 0.0))) is None


def test_ratios_of_gains_and_losses() -> None:
    series = from_returns([0.3, -0.1, 0.1, -0.1], [day * DAY_NS for day in (1, 2, 40, 41)])
    found = rated(series, 0.5)
    assert found.omega == pytest.approx(2.0)
    assert found.gain_to_pain_bar == pytest.approx(1.0)
    assert found.gain_to_pain == pytest.approx((0.17 - 0.01) / 0.01)
    assert found.calmar == pytest.approx(0.5 / (1 - 0.9 * 1.1 * 0.9))
    # Half the bars win, twice what the others lose: 0.5 - 0.5 / 2.
    assert found.kelly == pytest.approx(0.25)
    tails = tail_ratio(sample_of(series.returns))
    assert tails is not None
    assert found.common_sense == pytest.approx(2.0 * tails)


def test_wealth_that_grows_steadily_is_perfectly_stable() -> None:
    steady = from_equity([100.0 * exp(0.01 * bar) for bar in range(50)])
    assert stability(steady) == pytest.approx(1.0)
    assert stability(from_equity([100.0, 110.0])) is None
    assert stability(from_equity([100.0] * 5)) is None


def test_stability_is_the_square_of_the_correlation_of_log_wealth_with_time() -> None:
    returns = np.random.Generator(np.random.PCG64(2)).normal(0.001, 0.02, 9_000)
    expected = np.corrcoef(np.arange(9_000), np.log1p(returns).cumsum())[0, 1] ** 2
    assert stability(from_returns(returns)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("returns", [[], [0.1], [0.0] * 10, [0.01] * 10])
def test_what_is_not_defined_is_none_and_never_nan_or_infinite(returns: list[float]) -> None:
    series = from_returns(returns)
    found = rated(series, None)
    assert found.sharpe is None
    assert found.sortino is None
    assert found.calmar is None
    assert found.omega is None
    assert found.kelly is None


def test_steady_growth_is_no_infinite_sharpe_ratio() -> None:
    steady = from_equity([1000.0 * 1.01**bar for bar in range(200)])
    assert sharpe(sample_of(steady.returns), 252.0) is None


def test_ruin_leaves_growth_at_minus_one_and_no_stability() -> None:
    series = from_equity([100.0, 50.0, 0.0], [0, DAY_NS, 400 * DAY_NS])
    grown = growth(series, sample_of(series.returns), None, None, None)
    assert (grown.total_return, grown.cagr, grown.annual_return) == (-1.0, -1.0, -1.0)
    assert stability(series) is None


def test_a_single_return_is_its_own_worst() -> None:
    assert conditional_value_at_risk(sample_of(of(-0.1))) == -0.1
    assert kelly(sample_of(of(0.1, -0.1))) == pytest.approx(0.0)
