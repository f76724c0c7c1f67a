from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from algotrendy.backtest.statistics.rolling import (
    rolling_beta,
    rolling_drawdown,
    rolling_mean,
    rolling_sharpe,
    rolling_volatility,
)
from algotrendy.backtest.statistics.series import FloatArray
from algotrendy.kernel.errors import Invalid


def noise(bars: int, seed: int = 1) -> FloatArray:
    return np.random.Generator(np.random.PCG64(seed)).normal(0.0005, 0.01, bars)


def deepest(wealth: FloatArray) -> float:
    return float((wealth / np.maximum.accumulate(wealth)).min() - 1.0)


@pytest.mark.parametrize("bars", [5, 6, 7, 9, 10, 11, 25])
def test_every_window_gives_what_it_gives_alone(bars: int) -> None:
    returns, market, window = noise(bars), noise(bars, 2), 5
    wealth: FloatArray = np.cumprod(1.0 + returns, dtype=np.float64)
    mean = rolling_mean(returns, window)
    volatility = rolling_volatility(returns, window, 252.0)
    sharpe = rolling_sharpe(returns, window, 252.0)
    beta = rolling_beta(returns, market, window)
    fallen = rolling_drawdown(wealth, window)
    for found in (mean, volatility, sharpe, beta, fallen):
        assert len(found) == bars
        assert np.isnan(found[: window - 1]).all()
    for end in range(window - 1, bars):
        here = slice(end - window + 1, end + 1)
        part, beside = returns[here], market[here]
        assert mean[end] == pytest.approx(part.mean(), rel=1e-11)
        assert volatility[end] == pytest.approx(part.std(ddof=1) * sqrt(252), rel=1e-11)
        assert sharpe[end] == pytest.approx(part.mean() / part.std(ddof=1) * sqrt(252), rel=1e-9)
        covariance = np.cov(part, beside)
        assert beta[end] == pytest.approx(covariance[0, 1] / covariance[1, 1], rel=1e-9)
        assert fallen[end] == pytest.approx(deepest(wealth[here]), abs=1e-15)


def test_a_series_shorter_than_the_window_has_no_value() -> None:
    for found in (
        rolling_mean(noise(3), 4),
        rolling_sharpe(noise(3), 4, 252.0),
        rolling_beta(noise(3), noise(3, 2), 4),
        rolling_drawdown(1.0 + noise(3), 4),
        rolling_volatility(noise(0), 4, 252.0),
    ):
        assert np.isnan(found).all()


def test_no_error_builds_up_behind_a_wild_beginning() -> None:
    returns = np.concatenate((np.full(50, 1e6), noise(500)))
    found = rolling_mean(returns, 20)[-1]
    assert found == pytest.approx(returns[-20:].mean(), rel=1e-12)


def test_a_window_that_stands_still_or_grows_steadily_has_no_sharpe_ratio() -> None:
    returns = np.concatenate((noise(30), np.zeros(30), np.full(30, 0.01), noise(30, 3)))
    volatility = rolling_volatility(returns, 10, 252.0)
    sharpe = rolling_sharpe(returns, 10, 252.0)
    assert volatility[45] == 0.0
    assert np.isnan(sharpe[45])
    assert np.isnan(sharpe[85])
    assert not np.isnan(sharpe[-1])


def test_a_market_that_stands_still_has_no_beta() -> None:
    market = np.concatenate((noise(20), np.zeros(20)))
    found = rolling_beta(noise(40, 2), market, 10)
    assert np.isnan(found[-1])
    assert not np.isnan(found[15])


def test_a_fall_across_the_edge_of_two_blocks_is_seen() -> None:
    wealth = np.array([1.0, 2.0, 4.0, 3.0, 1.0, 5.0, 6.0, 7.0])
    assert rolling_drawdown(wealth, 4)[4] == -0.75


def test_windows_that_hold_too_little_are_refused() -> None:
    with pytest.raises(Invalid, match="window must be at least 2, was 1"):
        rolling_sharpe(noise(5), 1, 252.0)
    with pytest.raises(Invalid, match="window must be at least 1, was 0"):
        rolling_mean(noise(5), 0)
    with pytest.raises(Invalid, match="benchmark must be of length 5"):
        rolling_beta(noise(5), noise(4), 2)
