"""The figures of real returns beside empyrical's, run here, and quantstats', written down.

Where our definition differs the test says how; docs/statistics.md says why.
"""

from __future__ import annotations

import importlib
import json
import warnings
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.statistics.block_length import optimal_block_length
from algotrendy.backtest.statistics.full import FullStatistics, full_statistics
from algotrendy.backtest.statistics.returns import win_rate
from algotrendy.backtest.statistics.rolling import (
    rolling_beta,
    rolling_drawdown,
    rolling_sharpe,
    rolling_volatility,
)
from algotrendy.backtest.statistics.round_trips import longest_run
from algotrendy.backtest.statistics.series import FloatArray, IntArray
from fakes.real_returns import aapl_and_spx

QUANTSTATS = json.loads(Path(__file__).with_name("statistics.json").read_text())
TOLERANCE = 1e-9


@cache
def real() -> tuple[IntArray, FloatArray, FloatArray]:
    days, ours, market = aapl_and_spx()
    return np.array(days), np.array(ours), np.array(market)


@cache
def found() -> FullStatistics:
    days, ours, market = real()
    return full_statistics(returns=ours, times=days, benchmark=market)


@cache
def empyrical() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("empyrical")


@cache
def frames() -> tuple[Any, Any]:
    pd: Any = importlib.import_module("pandas")
    days, ours, market = real()
    index = pd.to_datetime(days)
    return pd.Series(ours, index), pd.Series(market, index)


def close_to(expected: float) -> Any:
    return pytest.approx(expected, rel=TOLERANCE, abs=1e-12)


@pytest.mark.parametrize(
    ("function", "group", "figure"),
    [
        ("cum_returns_final", "growth", "total_return"),
        ("annual_return", "growth", "annual_return"),
        ("cagr", "growth", "annual_return"),
        ("annual_volatility", "risk", "volatility"),
        ("downside_risk", "risk", "downside_deviation"),
        ("sharpe_ratio", "ratios", "sharpe"),
        ("sortino_ratio", "ratios", "sortino"),
        ("omega_ratio", "ratios", "omega"),
        ("stability_of_timeseries", "ratios", "stability"),
        ("max_drawdown", "drawdowns", "deepest"),
        ("tail_ratio", "risk", "tail_ratio"),
        ("value_at_risk", "risk", "var"),
        ("conditional_value_at_risk", "risk", "cvar"),
    ],
)
def test_a_figure_of_a_run_is_that_of_empyrical(function: str, group: str, figure: str) -> None:
    expected = getattr(empyrical(), function)(frames()[0])
    assert getattr(getattr(found(), group), figure) == close_to(expected)


@pytest.mark.parametrize(
    ("function", "figure"),
    [
        ("beta", "beta"),
        ("capture", "capture"),
        ("up_capture", "up_capture"),
        ("down_capture", "down_capture"),
    ],
)
def test_a_figure_beside_a_benchmark_is_that_of_empyrical(function: str, figure: str) -> None:
    expected = getattr(empyrical(), function)(*frames())
    assert getattr(found().benchmark, figure) == close_to(expected)


def test_our_alpha_is_not_compounded_and_our_information_ratio_is_annualised() -> None:
    relative = found().benchmark
    assert relative is not None
    assert relative.alpha is not None
    compounded = (1.0 + relative.alpha / 252.0) ** 252 - 1.0
    assert compounded == close_to(empyrical().alpha(*frames()))
    per_bar = empyrical().excess_sharpe(*frames())
    assert relative.information_ratio == close_to(per_bar * sqrt(252))


def test_our_calmar_ratio_takes_growth_over_calendar_time() -> None:
    grown, fallen = found().growth, found().drawdowns
    assert grown.annual_return is not None
    assert grown.annual_return / -fallen.deepest == close_to(empyrical().calmar_ratio(frames()[0]))
    assert grown.cagr is not None
    assert found().ratios.calmar == close_to(grown.cagr / -fallen.deepest)
    assert grown.cagr != pytest.approx(grown.annual_return, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "group", "figure"),
    [
        ("total_return", "growth", "total_return"),
        ("cagr", "growth", "annual_return"),
        ("volatility", "risk", "volatility"),
        ("sharpe", "ratios", "sharpe"),
        ("sortino", "ratios", "sortino"),
        ("max_drawdown", "drawdowns", "deepest"),
        ("omega", "ratios", "omega"),
        ("gain_to_pain", "ratios", "gain_to_pain_bar"),
        ("kelly", "ratios", "kelly"),
        ("tail_ratio", "risk", "tail_ratio"),
        ("common_sense", "ratios", "common_sense"),
        ("var_normal", "risk", "var_normal"),
        ("cvar_normal", "risk", "cvar_normal"),
        ("skew", "risk", "skew"),
        ("kurtosis", "risk", "kurtosis"),
        ("win_rate", "growth", "day_win_rate"),
        ("best_year", "growth", "best_year"),
        ("worst_year", "growth", "worst_year"),
        ("beta", "benchmark", "beta"),
        ("alpha", "benchmark", "alpha"),
        ("r_squared", "benchmark", "r_squared"),
    ],
)
def test_a_figure_is_what_quantstats_found(name: str, group: str, figure: str) -> None:
    assert getattr(getattr(found(), group), figure) == close_to(QUANTSTATS["figures"][name])


def test_runs_of_gains_and_losses_are_as_long_as_quantstats_found_them() -> None:
    _, ours, _ = real()
    assert longest_run(ours > 0.0) == QUANTSTATS["figures"]["consecutive_wins"]
    assert longest_run(ours < 0.0) == QUANTSTATS["figures"]["consecutive_losses"]
    assert win_rate(ours) == close_to(QUANTSTATS["figures"]["win_rate"])


def test_our_ulcer_index_divides_by_all_bars_and_quantstats_by_one_fewer() -> None:
    bars = found().growth.bars
    index = found().drawdowns.ulcer_index
    assert index is not None
    assert index * sqrt(bars / (bars - 1)) == close_to(QUANTSTATS["figures"]["ulcer_index"])


def test_probabilistic_sharpe_differs_from_quantstats_by_the_correction_of_moments_alone() -> None:
    theirs = QUANTSTATS["figures"]["probabilistic_sharpe"]
    ours = found().confidence.probabilistic_sharpe
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_months_are_those_of_quantstats() -> None:
    ours = {(year, month): made for year, month, made in found().calendar.months}
    theirs = np.array(QUANTSTATS["months"])
    first = min(year for year, _ in ours)
    assert len(ours) > 150
    assert theirs.shape[0] == len(found().calendar.years)
    for (year, month), made in ours.items():
        assert made == close_to(theirs[year - first, month - 1])


def test_the_deepest_falls_are_those_of_quantstats() -> None:
    days, _, _ = real()
    dates = days.astype("datetime64[ns]").astype("datetime64[D]").astype(str)
    # Bar 0 of a drawdown table is where the wealth is 1: a return's bar comes one later.
    for row, (start, valley, end, depth) in zip(
        found().drawdown_table, QUANTSTATS["drawdowns"], strict=False
    ):
        assert row.depth * 100 == close_to(float(depth))
        assert dates[row.peak] == start
        assert dates[row.trough - 1] == valley
        assert dates[-1 if row.recovery is None else row.recovery - 2] == end


def test_rolling_figures_are_those_of_empyrical_computed_window_by_window() -> None:
    _, ours, market = real()
    window, ends = 63, range(62, len(ours), 97)
    volatility = rolling_volatility(ours, window, 252.0)
    sharpe = rolling_sharpe(ours, window, 252.0)
    beta = rolling_beta(ours, market, window)
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + ours)))
    fallen = rolling_drawdown(wealth, window + 1)
    for end in ends:
        part, beside = ours[end - window + 1 : end + 1], market[end - window + 1 : end + 1]
        assert volatility[end] == close_to(empyrical().annual_volatility(part))
        assert sharpe[end] == close_to(empyrical().sharpe_ratio(part))
        assert beta[end] == close_to(empyrical().beta(part, beside))
        assert fallen[end + 1] == close_to(empyrical().max_drawdown(part))


def test_the_block_length_of_real_returns_is_that_of_arch() -> None:
    arch: Any = importlib.import_module("arch.bootstrap")
    _, ours, market = real()
    for returns in (ours, market, ours[:500], np.abs(market[:1000])):
        theirs = float(arch.optimal_block_length(returns)["stationary"].iloc[0])
        assert optimal_block_length(returns) == close_to(theirs)
