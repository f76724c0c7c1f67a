from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np
import pytest

from algotrendy.backtest.statistics.sample import sample_of
from algotrendy.backtest.statistics.selection import (
    Trials,
    confidence,
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record,
    probabilistic_sharpe,
    standard_error,
)
from algotrendy.kernel.errors import Invalid


def test_the_example_of_the_deflated_sharpe_ratio() -> None:
    # Bailey and López de Prado (2014), "A numerical example": an annualised ratio of 2.5 over 1250
    # days of 250 a year, skewness -3 and kurtosis 10, the best of 100 trials of variance 1/2.
    trials = Trials(100, 0.5 / 250)
    sharpe = 2.5 / sqrt(250)
    assert expected_maximum_sharpe(trials) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(sharpe, 1250, trials, -3.0, 10.0) == pytest.approx(0.9004, abs=5e-5)
    # Of 46 trials it would have passed at 95 percent.
    fewer = Trials(46, 0.5 / 250)
    assert deflated_sharpe(sharpe, 1250, fewer, -3.0, 10.0) == pytest.approx(0.9505, abs=5e-5)


def test_the_example_of_the_probabilistic_sharpe_ratio() -> None:
    # Bailey and López de Prado (2012): 24 months with a ratio of 0.458 a month; as if normal, and
    # with the skewness and kurtosis that they had.
    assert probabilistic_sharpe(0.458, 24) == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "skewness", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_examples_of_the_minimum_track_record(
    periods: int, skewness: float, kurtosis: float, years: float
) -> None:
    # The same paper: a ratio of 2 a year to be shown above 1, daily, weekly, monthly.
    found = minimum_track_record(2 / sqrt(periods), skewness, kurtosis, threshold=1 / sqrt(periods))
    assert found is not None
    assert found / periods == pytest.approx(years, abs=5e-3)


def test_five_years_are_not_enough_for_more_than_45_trials() -> None:
    # Bailey, Borwein, López de Prado and Zhu (2014): for an annualised ratio of 1.
    assert minimum_backtest_length(45) == pytest.approx(5.0, abs=0.01)
    assert minimum_backtest_length(46) > 5.0
    assert minimum_backtest_length(45, 2.0) == pytest.approx(1.25, abs=0.01)


def test_the_track_record_is_the_length_at_which_the_probability_is_reached() -> None:
    length = minimum_track_record(0.1, -1.0, 6.0, confidence=0.9)
    assert length is not None
    assert probabilistic_sharpe(0.1, round(length), -1.0, 6.0) == pytest.approx(0.9, abs=1e-3)


def test_no_length_shows_what_is_not_there() -> None:
    assert minimum_track_record(0.1, threshold=0.1) is None
    assert minimum_track_record(-0.1) is None


def test_the_expected_maximum_is_near_that_of_draws_from_the_normal() -> None:
    random = np.random.Generator(np.random.PCG64(4))
    for count in (10, 100, 1000):
        drawn = random.normal(0.0, 0.1, (4_000, count)).max(axis=1).mean()
        assert expected_maximum_sharpe(Trials(count, 0.01)) == pytest.approx(drawn, rel=0.03)


def test_more_trials_deflate_more_and_one_deflates_nothing() -> None:
    assert expected_maximum_sharpe(Trials(1, 0.01)) == 0.0
    found = [deflated_sharpe(0.1, 1000, Trials(count, 0.001)) for count in (1, 10, 1000, 10**9)]
    assert found == sorted(found, reverse=True)
    assert found[0] == probabilistic_sharpe(0.1, 1000)
    assert expected_maximum_sharpe(Trials(10**18, 1.0)) < 10.0


def test_a_sample_says_how_far_its_sharpe_ratio_can_be_trusted() -> None:
    returns = np.random.Generator(np.random.PCG64(9)).normal(0.001, 0.01, 1000)
    sample = sample_of(returns)
    found = confidence(sample, 252.0, Trials(50, 0.0004))
    assert sample.skewness is not None
    assert sample.kurtosis is not None
    sharpe = returns.mean() / returns.std(ddof=1)
    assert found.sharpe_per_bar == pytest.approx(sharpe)
    assert found.probabilistic_sharpe == pytest.approx(
        probabilistic_sharpe(sharpe, 1000, sample.skewness, sample.kurtosis)
    )
    assert found.deflated_sharpe == pytest.approx(
        deflated_sharpe(sharpe, 1000, Trials(50, 0.0004), sample.skewness, sample.kurtosis)
    )
    assert found.minimum_backtest_years == pytest.approx(
        minimum_backtest_length(50, sharpe * sqrt(252))
    )
    assert found.deflated_sharpe is not None
    assert found.probabilistic_sharpe is not None
    assert found.deflated_sharpe < found.probabilistic_sharpe


def test_nobody_deflates_without_knowing_the_trials() -> None:
    found = confidence(sample_of(np.array([0.1, -0.1, 0.2])), 252.0)
    assert (found.trials, found.expected_maximum, found.deflated_sharpe) == (None, None, None)
    assert found.probabilistic_sharpe is not None


@pytest.mark.parametrize("returns", [[], [0.1], [0.01] * 5])
def test_what_has_no_sharpe_ratio_has_no_confidence(returns: list[float]) -> None:
    found = confidence(sample_of(np.array(returns)), 252.0, Trials(10, 0.1))
    assert (found.sharpe_per_bar, found.probabilistic_sharpe, found.deflated_sharpe) == (None,) * 3
    assert found.trials == 10


def test_two_bars_are_the_extreme_of_kurtosis_and_pass() -> None:
    found = confidence(sample_of(np.array([0.3, 0.1])), 252.0)
    assert found.probabilistic_sharpe is not None


@pytest.mark.parametrize(
    ("count", "variance", "field"),
    [
        (0, 0.1, "trials.count"),
        (3, -0.1, "trials.variance"),
        (3, nan, "trials.variance"),
        (3, inf, "trials.variance"),
    ],
)
def test_trials_that_cannot_be_are_refused(count: int, variance: float, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Trials(count, variance)
    assert refused.value.field == field


def test_moments_that_no_sample_has_are_refused() -> None:
    with pytest.raises(Invalid, match="kurtosis must be at least 1 \\+ skewness squared, 10"):
        standard_error(0.1, 100, 3.0, 5.0)
    with pytest.raises(Invalid, match="observations must be at least 2"):
        probabilistic_sharpe(0.1, 1)
    with pytest.raises(Invalid, match="confidence"):
        minimum_track_record(0.1, confidence=1.0)
    with pytest.raises(Invalid, match="annual_sharpe"):
        minimum_backtest_length(10, 0.0)
