from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import inf, nan, sqrt
from statistics import NormalDist, mean, stdev

import pytest

from algotrendy.backtest.evidence import evidence_of
from algotrendy.backtest.gate import Evidence, judge
from algotrendy.backtest.trials import Tried
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from fakes.some_trials import some_tally

# Two values, equally often: no skewness, and a kurtosis of 1.
RETURNS = [0.011, -0.009] * 600


def tried(sharpes: Sequence[float | None]) -> Tried:
    counted = [("sma_cross", some_tally(sharpes=sharpes))] if sharpes else []
    return Tried.of((Symbol("AAPL"),), date(2010, 1, 1), date(2010, 12, 31), counted)


def test_a_single_trial_is_not_deflated() -> None:
    found = evidence_of(RETURNS, 252.0, tried([0.1]))
    sharpe = mean(RETURNS) / stdev(RETURNS)
    # With a kurtosis of 1 and no skewness the variance of the ratio is 1 / (n - 1).
    assert found.deflated_sharpe == pytest.approx(NormalDist().cdf(sharpe * sqrt(1199)))
    assert found.minimum_track_record == pytest.approx(
        1.0 + (NormalDist().inv_cdf(0.95) / sharpe) ** 2
    )
    assert (found.trials, found.observations, found.data) == (1, 1200, "AAPL 1Day")


def test_the_ratio_is_held_against_the_best_of_as_many_trials_without_skill() -> None:
    spread = [-0.03, 0.03] * 500
    found = evidence_of(RETURNS, 252.0, tried(spread))
    euler, normal = 0.5772156649015329, NormalDist()
    chance = stdev(spread) * (
        (1 - euler) * normal.inv_cdf(1 - 1 / 1000)
        + euler * normal.inv_cdf(1 - 1 / (1000 * 2.718281828459045))
    )
    sharpe = mean(RETURNS) / stdev(RETURNS)
    expected = normal.cdf((sharpe - chance) * sqrt(1199))
    assert found.deflated_sharpe == pytest.approx(expected)


def test_trials_that_move_together_deflate_less() -> None:
    many = tried([-0.01, 0.01] * 500)
    deflated = [
        evidence_of(RETURNS, 252.0, many, correlation).deflated_sharpe or 0.0
        for correlation in (0.0, 0.5, 0.99, 1.0)
    ]
    assert deflated == sorted(deflated)
    assert deflated[0] < deflated[-1]


def test_a_run_that_nobody_recorded_has_no_deflated_ratio_and_is_refused() -> None:
    found = evidence_of(RETURNS, 252.0, tried([]))
    assert (found.trials, found.deflated_sharpe) == (0, None)
    assert {"trials", "deflated_sharpe"} <= {check.name for check in judge(found).missed}


def test_of_trials_whose_spread_nobody_knows_none_is_the_best() -> None:
    assert evidence_of(RETURNS, 252.0, tried([0.1, None])).deflated_sharpe is None


def test_a_loser_never_has_a_record_that_is_long_enough() -> None:
    found = evidence_of([-value for value in RETURNS], 252.0, tried([0.1]))
    assert found.minimum_track_record == inf


def test_returns_without_variation_show_nothing() -> None:
    found = evidence_of([0.0] * 100, 252.0, tried([None]))
    assert (found.deflated_sharpe, found.minimum_track_record) == (None, None)
    assert found.observations == 100


def test_what_else_is_shown_is_kept() -> None:
    shown = Evidence(trades=40, max_drawdown=-0.1, out_of_sample_sharpe=0.5)
    found = evidence_of(RETURNS, 252.0, tried([0.1]), shown=shown)
    assert (found.trades, found.max_drawdown, found.out_of_sample_sharpe) == (40, -0.1, 0.5)


def test_a_return_that_is_no_number_is_refused_by_its_row() -> None:
    with pytest.raises(Invalid, match="returns must be finite in every row, was 'nan in row 1'"):
        evidence_of([0.1, nan], 252.0, tried([0.1]))
