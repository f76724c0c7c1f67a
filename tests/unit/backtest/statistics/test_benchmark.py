from __future__ import annotations

from dataclasses import astuple
from math import sqrt

import numpy as np
import pytest

from algotrendy.backtest.statistics.benchmark import relative
from algotrendy.backtest.statistics.series import FloatArray

MARKET = np.array([0.01, -0.02, 0.03, 0.0, -0.01])


def compound(returns: FloatArray, bars: int) -> float:
    return float(np.prod(returns + 1.0) ** (252 / bars)) - 1.0


def test_a_run_that_is_half_the_market_and_a_little_more() -> None:
    found = relative(0.5 * MARKET + 0.001, MARKET, 252.0)
    assert found.beta == pytest.approx(0.5)
    assert found.alpha == pytest.approx(0.252)
    assert found.correlation == pytest.approx(1.0)
    assert found.r_squared == pytest.approx(1.0)
    apart = 0.001 - 0.5 * MARKET
    assert found.excess_return == pytest.approx(apart.mean() * 252)
    assert found.tracking_error == pytest.approx(apart.std(ddof=1) * sqrt(252))
    assert found.information_ratio == pytest.approx(apart.mean() / apart.std(ddof=1) * sqrt(252))
    assert found.batting_average == 3 / 5


def test_capture_compares_compound_growth_while_the_market_rose_and_fell() -> None:
    ours = 0.5 * MARKET + 0.001
    found = relative(ours, MARKET, 252.0)
    up, down = MARKET > 0, MARKET < 0
    assert found.up_capture == pytest.approx(compound(ours[up], 2) / compound(MARKET[up], 2))
    assert found.down_capture == pytest.approx(compound(ours[down], 2) / compound(MARKET[down], 2))
    assert found.capture == pytest.approx(compound(ours, 5) / compound(MARKET, 5))


def test_long_series_are_compared_in_pieces_to_the_same_figures() -> None:
    random = np.random.Generator(np.random.PCG64(5))
    market = random.normal(0.0003, 0.01, 20_001)
    ours = 0.7 * market + random.normal(0.0, 0.005, 20_001)
    found = relative(ours, market, 252.0)
    covariance = np.cov(ours, market)
    assert found.beta == pytest.approx(covariance[0, 1] / covariance[1, 1], rel=1e-11)
    assert found.correlation == pytest.approx(np.corrcoef(ours, market)[0, 1], rel=1e-11)
    assert found.tracking_error == pytest.approx((ours - market).std(ddof=1) * sqrt(252), rel=1e-11)
    up = market > 0
    assert found.up_capture == pytest.approx(
        compound(ours[up], int(up.sum())) / compound(market[up], int(up.sum())), rel=1e-9
    )


def test_a_market_that_stands_still_leaves_beta_and_correlation_open() -> None:
    found = relative(MARKET, np.zeros(5), 252.0)
    assert (found.beta, found.alpha, found.correlation, found.capture) == (None,) * 4
    assert found.information_ratio is not None


def test_a_run_that_is_the_market_has_no_information_ratio() -> None:
    found = relative(MARKET, MARKET, 252.0)
    assert found.beta == pytest.approx(1.0)
    assert (found.tracking_error, found.information_ratio) == (0.0, None)
    assert found.batting_average == 0.0


@pytest.mark.parametrize("bars", [0, 1])
def test_too_few_bars_leave_all_that_needs_a_spread_open(bars: int) -> None:
    found = relative(MARKET[:bars], MARKET[:bars], 252.0)
    assert (found.beta, found.tracking_error, found.information_ratio) == (None, None, None)
    assert not any(isinstance(value, float) and np.isnan(value) for value in astuple(found))
