"""Measure how likely it is that choosing the best of many trials chose luck (PBO by CSCV).

The history is cut into S equal blocks. Each way to take half of them is a training set, the other
half its test. The trial that is best in training is looked up in the test: where it ranks at or
below the middle there, the choice was worth nothing.

Source: Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest Overfitting", Journal
of Computational Finance 20 (2017).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.statistics.annual import STILL
from algotrendy.backtest.statistics.series import FloatArray, defined
from algotrendy.kernel.errors import Invalid

MEMORY_BYTES = 2 * 1024 * 1024
"""What stays in the processor's cache is many times as fast as what does not."""
MOST_BLOCKS = 20
"""Of 20 blocks there are 184,756 halves; of 24, 2.7 million."""

Measure = Literal["sharpe", "mean"]


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """What all the splits together say.

    Attributes:
        probability: PBO: the share of splits in which the chosen trial does no better in the test
            than the middle one: logit 0 or less.
        probability_of_loss: Share of splits in which the chosen trial's test performance is
            below 0.
        slope, intercept, r_squared: Of the line through the chosen trials' test performance over
            their training performance; a slope below 0 is the degradation that overfitting brings.
        dominates: Whether choosing beats the average trial whatever one's utility (first order
            stochastic dominance of the test performance).
        dominates_second: The same for everyone who shuns risk (second order).
        logits: ln(w / (1 - w)) of the chosen trial's relative rank w in each test.
        training, testing: The chosen trial's performance, one a split.
        average: The average trial's test performance, one a split.
        splits, trials, observations, blocks: How many of each; observations are those used.
    """

    probability: float
    probability_of_loss: float
    slope: float | None
    intercept: float | None
    r_squared: float | None
    dominates: bool
    dominates_second: bool
    logits: FloatArray
    training: FloatArray
    testing: FloatArray
    average: FloatArray
    splits: int
    trials: int
    observations: int
    blocks: int


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Of each block and trial the sums of the returns less ``mean`` and of their squares."""

    mean: FloatArray
    sums: FloatArray
    squares: FloatArray
    rows: int


def backtest_overfitting(
    performance: NDArray[np.floating],
    blocks: int = 16,
    measure: Measure = "sharpe",
    memory_bytes: int = MEMORY_BYTES,
) -> Overfitting:
    """Measure the probability of backtest overfitting.

    Args:
        performance: Returns of each bar and trial, shape (bars, trials), of the same bars; may be a
            memory map, it is read block by block. The oldest bars that fill no block are left out.
        blocks: S, even, from 2 to 20.
        measure: What the choice is made by: the Sharpe ratio (0 for a trial that never moves), or
            the mean return.
        memory_bytes: What the working arrays may take, about; the result does not depend on it.

    Raises:
        Invalid: Naming the argument, and the row and trial of a value that is not finite.
    """
    cut = _cut(performance, blocks)
    trials = len(cut.mean)
    halves = _halves(blocks)
    logits, training, testing, average = [], [], [], []
    per_split = trials * 8 * 8
    while chosen := list(islice(halves, max(1, memory_bytes // per_split))):
        weights = np.zeros((len(chosen), blocks))
        weights[np.arange(len(chosen))[:, None], np.array(chosen)] = 1.0
        first = _measured(cut, weights, measure)
        second = _measured(cut, 1.0 - weights, measure)
        # Each half trains once and tests once.
        for trained, tested in ((first, second), (second, first)):
            best = trained.argmax(axis=1)
            at = np.arange(len(best))
            result = tested[at, best]
            below = np.count_nonzero(tested < result[:, None], axis=1)
            level = np.count_nonzero(tested == result[:, None], axis=1)
            # From 1 for the worst; equals share the mean of their ranks.
            rank = below + (level + 1) / 2.0
            logits.append(np.log(rank / (trials + 1 - rank)))
            training.append(trained[at, best])
            testing.append(result)
            average.append(tested.mean(axis=1))
    return _judged(
        [np.concatenate(part) for part in (logits, training, testing, average)], cut, blocks
    )


def _cut(performance: NDArray[np.floating], blocks: int) -> _Blocks:
    if performance.ndim != 2:
        raise Invalid("performance", "of two dimensions, bars and trials", str(performance.shape))
    if not 2 <= blocks <= MOST_BLOCKS or blocks % 2:
        raise Invalid("blocks", f"even, from 2 to {MOST_BLOCKS}", blocks)
    bars, trials = performance.shape
    rows = bars // blocks
    if trials < 2:
        raise Invalid("performance", "of at least 2 trials", trials)
    if rows < 2:
        raise Invalid("performance", f"of at least {2 * blocks} bars for {blocks} blocks", bars)
    begin = bars - rows * blocks
    mean = np.zeros(trials)
    for block in range(blocks):
        at = begin + block * rows
        part = np.asarray(performance[at : at + rows], dtype=np.float64)
        if not np.isfinite(part).all():
            row, trial = np.argwhere(~np.isfinite(part))[0]
            raise Invalid("performance", "finite", f"row {at + row}, trial {trial}")
        mean += part.sum(axis=0)
    mean /= rows * blocks
    sums, squares = np.empty((blocks, trials)), np.empty((blocks, trials))
    for block in range(blocks):
        at = begin + block * rows
        # About the trial's own mean, so that the variances below do not cancel out.
        part = np.asarray(performance[at : at + rows], dtype=np.float64) - mean
        sums[block] = part.sum(axis=0)
        part *= part
        squares[block] = part.sum(axis=0)
    return _Blocks(mean, sums, squares, rows)


def _halves(blocks: int) -> Iterator[tuple[int, ...]]:
    """Give every half that holds block 0; the others are what these leave."""
    return (tuple(chain((0,), rest)) for rest in combinations(range(1, blocks), blocks // 2 - 1))


def _measured(cut: _Blocks, weights: FloatArray, measure: Measure) -> FloatArray:
    """Measure every trial on the blocks of weight 1, shape (splits, trials)."""
    count = cut.rows * weights.shape[1] / 2.0
    mean = weights @ cut.sums
    mean /= count
    if measure == "mean":
        mean += cut.mean
        return mean
    variance = weights @ cut.squares
    variance -= mean * mean * count
    variance /= count - 1.0
    mean += cut.mean
    still = None
    if variance.min() <= STILL * STILL:
        still = variance <= STILL * STILL
        variance[still] = 1.0
    np.sqrt(variance, out=variance)
    mean /= variance
    if still is not None:
        mean[still] = 0.0
    return mean


def _judged(found: list[FloatArray], cut: _Blocks, blocks: int) -> Overfitting:
    logits, training, testing, average = found
    splits = len(logits)
    slope, intercept, r_squared = _line(training, testing)
    first, second = stochastic_dominance(testing, average)
    return Overfitting(
        probability=np.count_nonzero(logits <= 0.0) / splits,
        probability_of_loss=np.count_nonzero(testing < 0.0) / splits,
        slope=slope,
        intercept=intercept,
        r_squared=r_squared,
        dominates=first,
        dominates_second=second,
        logits=logits,
        training=training,
        testing=testing,
        average=average,
        splits=splits,
        trials=len(cut.mean),
        observations=cut.rows * blocks,
        blocks=blocks,
    )


def stochastic_dominance(ours: FloatArray, theirs: FloatArray) -> tuple[bool, bool]:
    """Say whether one distribution dominates another, in the first and in the second order.

    First: at every level ours is as likely or likelier to be above it, somewhere likelier. Second:
    the same of the area below the distribution functions, up to every level.
    """
    levels = np.unique(np.concatenate((ours, theirs)))
    below_ours = np.searchsorted(np.sort(ours), levels, side="right") / len(ours)
    below_theirs = np.searchsorted(np.sort(theirs), levels, side="right") / len(theirs)
    apart = below_theirs - below_ours
    first = bool((apart >= 0.0).all() and (apart > 0.0).any())
    area = np.cumsum(apart[:-1] * np.diff(levels))
    rounding = 1e-12 * float(np.abs(area).max(initial=0.0))
    return first, bool((area >= -rounding).all() and (area > rounding).any())


def _line(x: FloatArray, y: FloatArray) -> tuple[float | None, float | None, float | None]:
    across, up = x - x.mean(), y - y.mean()
    width, height = float((across * across).sum()), float((up * up).sum())
    if width == 0.0:
        return None, None, None
    together = float((across * up).sum())
    slope = defined(together / width)
    if slope is None:
        return None, None, None
    intercept = float(y.mean()) - slope * float(x.mean())
    fit = None if height == 0.0 else defined(together / math.sqrt(width) / math.sqrt(height))
    return slope, intercept, None if fit is None else fit * fit
