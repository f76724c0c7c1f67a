"""Look at returns as a sample once: moments, order, gains and losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.statistics.annual import STILL
from algotrendy.backtest.statistics.series import FloatArray, pieces, sum_of_squares


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What the figures of a sample of returns share.

    Attributes:
        returns: In the order of time, shape (n,).
        ordered: The same, least first.
        mean: 0 for an empty sample.
        deviation: Standard deviation (n - 1); None for fewer than two.
        skewness: Third central moment over the 3/2 power of the second (both over n); None where
            there is no variation.
        kurtosis: Fourth central moment over the square of the second, 3 for the normal; likewise.
        gained: Sum of the positive returns.
        lost: Sum of the negative ones, with its sign turned: 0 or more.
        losses_squared: Sum of the squares of the negative ones.
        gains: How many are positive.
        losses: How many are negative.
    """

    returns: FloatArray
    ordered: FloatArray
    mean: float
    deviation: float | None
    skewness: float | None
    kurtosis: float | None
    gained: float
    lost: float
    losses_squared: float
    gains: int
    losses: int

    @property
    def moves(self) -> bool:
        """Say whether there is any variation."""
        return self.deviation is not None and self.deviation > STILL

    def quantile(self, share: float) -> float | None:
        """Give a quantile, linear between neighbours (Hyndman and Fan's type 7, as numpy does)."""
        if len(self.ordered) == 0:
            return None
        at = (len(self.ordered) - 1) * share
        below = math.floor(at)
        low = float(self.ordered[below])
        if below + 1 == len(self.ordered):
            return low
        return low + (float(self.ordered[below + 1]) - low) * (at - below)


def sample_of(returns: FloatArray) -> Sample:
    """Compute what the figures share; a sort and six passes."""
    count = len(returns)
    ordered = np.sort(returns)
    losses = int(np.searchsorted(ordered, 0.0, side="left"))
    neither = int(np.searchsorted(ordered, 0.0, side="right"))
    negative = ordered[:losses]
    mean = float(returns.sum()) / count if count else 0.0
    deviation, skewness, kurtosis = _moments(returns, mean)
    return Sample(
        returns=returns,
        ordered=ordered,
        mean=mean,
        deviation=deviation,
        skewness=skewness,
        kurtosis=kurtosis,
        gained=float(ordered[neither:].sum()),
        lost=abs(float(negative.sum())),
        losses_squared=sum_of_squares(negative),
        gains=count - neither,
        losses=losses,
    )


def _moments(returns: FloatArray, mean: float) -> tuple[float | None, float | None, float | None]:
    count = len(returns)
    if count < 2:
        return None, None, None
    sums = []
    for piece in pieces(count):
        apart = returns[piece] - mean
        squares = apart * apart
        apart *= squares
        second = float(squares.sum())
        squares *= squares
        sums.append((second, float(apart.sum()), float(squares.sum())))
    second, third, fourth = (math.fsum(part) for part in zip(*sums, strict=True))
    deviation = math.sqrt(second / (count - 1))
    if deviation <= STILL:
        return deviation, None, None
    second /= count
    return deviation, third / count / second**1.5, fourth / count / (second * second)
