from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.statistics.block_length import optimal_block_length
from algotrendy.backtest.statistics.resampling import (
    Scheme,
    bootstrap_intervals,
    deepest_falls,
    figures,
    resampled,
)
from algotrendy.backtest.statistics.series import FloatArray
from algotrendy.kernel.errors import Invalid

FIGURES = figures(252.0)


def noise(bars: int, seed: int = 1) -> FloatArray:
    return np.random.Generator(np.random.PCG64(seed)).normal(0.001, 0.01, bars)


def remembering(bars: int, memory: float, seed: int = 1) -> FloatArray:
    shocks = np.random.Generator(np.random.PCG64(seed)).normal(0.0, 0.01, bars)
    found = np.empty(bars)
    last = 0.0
    for bar, shock in enumerate(shocks.tolist()):
        last = found[bar] = memory * last + shock
    return found


def test_each_figure_of_a_row_is_what_it_is_alone() -> None:
    returns = noise(100)
    rows = np.stack((returns, returns[::-1]))
    assert FIGURES["mean"](rows)[0] == pytest.approx(returns.mean())
    assert FIGURES["volatility"](rows)[1] == pytest.approx(returns.std(ddof=1) * sqrt(252))
    assert FIGURES["sharpe"](rows)[0] == pytest.approx(
        returns.mean() / returns.std(ddof=1) * sqrt(252)
    )
    below = sqrt(np.square(np.minimum(returns, 0.0)).mean())
    assert FIGURES["sortino"](rows)[0] == pytest.approx(returns.mean() / below * sqrt(252))
    total = np.prod(1.0 + returns)
    assert FIGURES["total_return"](rows) == pytest.approx([total - 1.0] * 2)
    assert FIGURES["annual_return"](rows)[0] == pytest.approx(total**2.52 - 1.0)
    assert deepest_falls(np.array([[0.1, -0.5, 0.2], [-0.2, 0.1, 0.1]])) == pytest.approx(
        [-0.5, -0.2]
    )
    assert deepest_falls(np.array([[0.1, 0.2]])).tolist() == [0.0]


@pytest.mark.parametrize("scheme", ["iid", "stationary"])
def test_the_same_seed_gives_the_same_intervals_whatever_the_memory(scheme: Scheme) -> None:
    returns = noise(80)
    whole = bootstrap_intervals(returns, FIGURES, seed=7, resamples=300, scheme=scheme)
    piece = bootstrap_intervals(
        returns,
        FIGURES,
        seed=7,
        resamples=300,
        scheme=scheme,
        memory_bytes=20_000,
    )
    other = bootstrap_intervals(returns, FIGURES, seed=8, resamples=300, scheme=scheme)
    assert whole == piece
    assert whole != other


def test_the_interval_of_a_mean_is_that_of_the_textbook() -> None:
    returns = noise(1_000)
    found = bootstrap_intervals(
        returns, {"mean": FIGURES["mean"]}, seed=1, resamples=4_000, scheme="iid"
    )["mean"]
    error = returns.std(ddof=1) / sqrt(1_000)
    assert found.estimate == pytest.approx(returns.mean())
    assert found.standard_error == pytest.approx(error, rel=0.05)
    assert found.low == pytest.approx(returns.mean() - 1.96 * error, abs=0.12 * error)
    assert found.high == pytest.approx(returns.mean() + 1.96 * error, abs=0.12 * error)


def test_an_interval_of_so_much_confidence_holds_the_truth_so_often() -> None:
    truth = 0.001 / 0.01 * sqrt(252)
    held = 0
    for seed in range(200):
        found = bootstrap_intervals(
            noise(250, seed),
            {"sharpe": FIGURES["sharpe"]},
            seed=seed,
            resamples=400,
            scheme="iid",
            confidence=0.8,
        )["sharpe"]
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert held / 200 == pytest.approx(0.8, abs=0.08)


def test_blocks_widen_the_interval_of_returns_that_remember() -> None:
    returns = remembering(2_000, 0.6)
    mean = {"mean": FIGURES["mean"]}
    alone = bootstrap_intervals(returns, mean, seed=1, scheme="iid")["mean"]
    blocks = bootstrap_intervals(returns, mean, seed=1)["mean"]
    assert alone.standard_error is not None
    assert blocks.standard_error is not None
    # The long-run deviation of such returns is 1 / (1 - 0.6) shocks, theirs alone 1 / 0.8.
    assert blocks.standard_error / alone.standard_error == pytest.approx(2.0, rel=0.15)
    assert (alone.block, blocks.block) == (1.0, optimal_block_length(returns))


def test_blocks_are_runs_of_neighbours_round_the_circle_with_the_mean_length_asked_for() -> None:
    (rows,) = list(resampled(np.arange(1_000.0), 10.0, seed=3, resamples=50))
    steps = np.diff(rows, axis=1) % 1_000
    assert np.mean(steps != 1.0) == pytest.approx(0.1, abs=0.01)
    assert (np.diff(rows, axis=1) == -999.0).any()
    assert set(np.unique(rows)) <= set(range(1_000))


def test_bars_drawn_alone_come_equally_often() -> None:
    (rows,) = list(resampled(np.arange(10.0), 1.0, seed=3, resamples=5_000))
    counts = np.bincount(rows.astype(int).ravel(), minlength=10)
    assert counts / counts.mean() == pytest.approx(np.ones(10), abs=0.05)


def test_bca_moves_the_interval_of_a_skewed_figure_and_percentile_does_not() -> None:
    returns = np.random.Generator(np.random.PCG64(2)).exponential(0.01, 60)
    volatility = {"volatility": FIGURES["volatility"]}
    plain = bootstrap_intervals(returns, volatility, seed=1, scheme="iid", method="percentile")[
        "volatility"
    ]
    moved = bootstrap_intervals(returns, volatility, seed=1, scheme="iid")["volatility"]
    assert plain.low is not None
    assert plain.high is not None
    assert moved.low is not None
    assert moved.high is not None
    assert moved.low > plain.low
    assert moved.high > plain.high


def test_bca_is_that_of_efrons_formula() -> None:
    normal, returns = NormalDist(), noise(40)
    figure = {"mean": FIGURES["mean"]}
    found = bootstrap_intervals(returns, figure, seed=5, resamples=999, scheme="iid")["mean"]
    draws = np.sort(np.concatenate([r.mean(axis=1) for r in resampled(returns, 1.0, 5, 999)]))
    bias = normal.inv_cdf(float(np.mean(draws < returns.mean())))
    left_out = (returns.sum() - returns) / 39
    apart = left_out.mean() - left_out
    speed = (apart**3).sum() / 6 / (apart**2).sum() ** 1.5
    score = bias + normal.inv_cdf(0.025)
    end = normal.cdf(bias + score / (1 - speed * score))
    assert found.low == pytest.approx(np.quantile(draws, end), rel=1e-9)


def test_resamples_without_a_figure_are_left_out_and_counted() -> None:
    returns = np.array([0.0, 0.0, 0.0, 0.1])
    found = bootstrap_intervals(
        returns, {"sharpe": FIGURES["sharpe"]}, seed=1, resamples=200, scheme="iid"
    )["sharpe"]
    assert 0 < found.resamples < 200
    assert found.low is not None


def test_returns_that_stand_still_have_no_interval() -> None:
    found = bootstrap_intervals(np.zeros(20), {"sharpe": FIGURES["sharpe"]}, seed=1)["sharpe"]
    assert (found.estimate, found.low, found.high, found.resamples) == (None, None, None, 0)


def test_the_block_length_grows_with_the_memory_of_the_returns() -> None:
    # Of an autoregression of order one, the best is (2 p / (1 - p^2))^(2/3) n^(1/3).
    for memory in (0.3, 0.6):
        found = np.mean([optimal_block_length(remembering(4_000, memory, s)) for s in range(10)])
        best = (2 * memory / (1 - memory**2)) ** (2 / 3) * 4_000 ** (1 / 3)
        assert found == pytest.approx(best, rel=0.25)
    assert optimal_block_length(np.zeros(50)) == 1.0
    assert optimal_block_length([0.1, -0.1]) == 1.0


def test_the_block_length_never_passes_a_third_of_the_bars() -> None:
    to_and_fro = np.tile([1.0, -1.0], 5)
    assert optimal_block_length(to_and_fro) == 4.0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"resamples": 0}, "resamples"),
        ({"confidence": 1.0}, "confidence"),
        ({"block": 0.5}, "block"),
        ({"block": 81.0}, "block"),
    ],
)
def test_arguments_that_cannot_be_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        bootstrap_intervals(noise(80), FIGURES, seed=1, **change)
    assert refused.value.field == field


def test_one_return_cannot_be_resampled() -> None:
    with pytest.raises(Invalid, match="returns must be of at least 2 bars"):
        bootstrap_intervals([0.1], FIGURES, seed=1)
    with pytest.raises(Invalid, match="returns must be of at least 2 bars"):
        optimal_block_length([0.1])
