from __future__ import annotations

from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
import pytest

from algotrendy.backtest.statistics.overfitting import (
    Overfitting,
    backtest_overfitting,
    stochastic_dominance,
)
from algotrendy.backtest.statistics.series import FloatArray
from algotrendy.kernel.errors import Invalid


def noise(bars: int, trials: int, seed: int = 1) -> FloatArray:
    return np.random.Generator(np.random.PCG64(seed)).normal(0.0, 0.01, (bars, trials))


def split_by_split(performance: FloatArray, blocks: int) -> list[tuple[float, float, float]]:
    """Do as the paper says, with the rows themselves: logit, training and test performance."""
    rows = len(performance) // blocks
    performance = performance[len(performance) - rows * blocks :]
    parts = performance.reshape(blocks, rows, -1)
    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        train = np.concatenate([parts[i] for i in chosen])
        test = np.concatenate([parts[i] for i in range(blocks) if i not in chosen])
        trained = train.mean(axis=0) / train.std(axis=0, ddof=1)
        tested = test.mean(axis=0) / test.std(axis=0, ddof=1)
        best = int(trained.argmax())
        rank = float(np.count_nonzero(tested <= tested[best])) / (performance.shape[1] + 1)
        found.append((log(rank / (1 - rank)), float(trained[best]), float(tested[best])))
    return found


def sorted_rows(found: Overfitting) -> FloatArray:
    rows = np.stack((found.logits, found.training, found.testing), axis=1)
    return rows[np.lexsort(rows.T)]


def test_every_split_is_what_the_paper_says() -> None:
    performance = noise(131, 7) + 5.0
    found = backtest_overfitting(performance, blocks=6)
    expected = np.array(split_by_split(performance, 6))
    assert (found.splits, found.trials, found.observations) == (20, 7, 126)
    assert sorted_rows(found) == pytest.approx(expected[np.lexsort(expected.T)], rel=1e-9)
    assert found.probability == np.mean(expected[:, 0] <= 0)
    assert found.probability_of_loss == np.mean(expected[:, 2] < 0)
    slope, intercept = np.polyfit(expected[:, 1], expected[:, 2], 1)
    assert found.slope == pytest.approx(slope)
    assert found.intercept == pytest.approx(intercept)
    assert found.r_squared == pytest.approx(np.corrcoef(expected[:, 1:].T)[0, 1] ** 2)


def test_a_trial_that_is_truly_better_is_not_overfitted() -> None:
    performance = noise(1000, 20)
    performance[:, 3] += 0.01
    found = backtest_overfitting(performance)
    assert found.splits == 12_870
    assert found.probability == 0.0
    assert found.probability_of_loss == 0.0
    assert found.dominates
    assert found.dominates_second


def test_the_best_of_pure_noise_is_overfitted_as_often_as_not_and_degrades() -> None:
    found = [backtest_overfitting(noise(400, 50, seed), blocks=10) for seed in range(12)]
    assert np.mean([one.probability for one in found]) == pytest.approx(0.5, abs=0.15)
    assert np.mean([one.slope for one in found if one.slope is not None]) < -0.1
    assert np.mean([one.training.mean() for one in found]) > 0.1


def test_a_search_among_trials_that_must_pay_back_what_they_won_is_all_overfitting() -> None:
    # Each trial wins in one half of the history exactly what it loses in the other.
    half = noise(100, 30)
    found = backtest_overfitting(np.concatenate((half, -half)), blocks=2, measure="mean")
    assert found.probability == 1.0
    assert found.probability_of_loss == 1.0
    assert not found.dominates


def test_the_mean_may_choose_instead_of_the_sharpe_ratio() -> None:
    performance = noise(200, 3)
    performance[:, 0] = 0.001 + performance[:, 0] * 0.01
    performance[:, 1] = 0.002 + performance[:, 1]
    by_sharpe = backtest_overfitting(performance, blocks=4)
    by_mean = backtest_overfitting(performance, blocks=4, measure="mean")
    assert by_sharpe.training.min() > 1.0
    assert by_mean.training.max() < 0.01


def test_the_memory_it_may_take_does_not_change_the_result() -> None:
    performance = noise(160, 40)
    whole = backtest_overfitting(performance, blocks=8)
    piece = backtest_overfitting(performance, blocks=8, memory_bytes=1)
    assert piece.probability == whole.probability
    assert sorted_rows(piece) == pytest.approx(sorted_rows(whole), rel=1e-12)


def test_trials_that_never_trade_have_a_sharpe_ratio_of_zero() -> None:
    performance = np.zeros((40, 5))
    performance[:, 2] = noise(40, 1)[:, 0] - 0.02
    found = backtest_overfitting(performance, blocks=4)
    assert np.isfinite(found.logits).all()
    assert found.training == pytest.approx(np.zeros(6))
    assert found.slope is None


def test_equals_share_the_middle_rank() -> None:
    performance = np.repeat(noise(40, 1), 3, axis=1)
    found = backtest_overfitting(performance, blocks=4)
    assert found.logits == pytest.approx(np.zeros(6))
    assert found.probability == 1.0


def test_a_memory_map_of_small_floats_is_read_block_by_block(tmp_path: Path) -> None:
    performance = noise(64, 6).astype(np.float32)
    np.save(tmp_path / "trials.npy", performance)
    mapped = np.load(tmp_path / "trials.npy", mmap_mode="r")
    found = backtest_overfitting(mapped, blocks=4)
    assert found.probability == backtest_overfitting(performance.astype(np.float64), 4).probability


@pytest.mark.parametrize(
    ("shape", "blocks", "complaint"),
    [
        ((40,), 4, "performance must be of two dimensions"),
        ((40, 1), 4, "performance must be of at least 2 trials, was 1"),
        ((7, 3), 4, "performance must be of at least 8 bars for 4 blocks, was 7"),
        ((40, 3), 5, "blocks must be even, from 2 to 20, was 5"),
        ((40, 3), 22, "blocks must be even, from 2 to 20, was 22"),
        ((40, 3), 0, "blocks must be even, from 2 to 20, was 0"),
    ],
)
def test_what_cannot_be_cut_is_refused(shape: tuple[int, ...], blocks: int, complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        backtest_overfitting(np.ones(shape), blocks)


def test_a_value_that_is_no_number_is_named_by_row_and_trial() -> None:
    performance = noise(41, 3)
    performance[17, 2] = np.nan
    with pytest.raises(Invalid, match="row 17, trial 2"):
        backtest_overfitting(performance, blocks=4)


def test_dominance_of_the_first_order_implies_the_second_and_neither_is_mutual() -> None:
    low, high = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
    assert stochastic_dominance(high, low) == (True, True)
    assert stochastic_dominance(low, high) == (False, False)
    assert stochastic_dominance(low, low) == (False, False)


def test_less_spread_about_the_same_mean_dominates_in_the_second_order_alone() -> None:
    calm, wild = np.array([1.9, 2.0, 2.1]), np.array([1.0, 2.0, 3.0])
    assert stochastic_dominance(calm, wild) == (False, True)
    assert stochastic_dominance(wild, calm) == (False, False)
