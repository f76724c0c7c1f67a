"""Choose how long the blocks of a bootstrap should be, from the memory that the returns have."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.series import FloatArray, numbers
from algotrendy.kernel.errors import Invalid


def optimal_block_length(returns: ArrayLike) -> float:
    """Give the mean block length for the stationary bootstrap, in bars, from 1 to 3 root n.

    Args:
        returns: Shape (n,), n >= 2. Without variation the length is 1.

    Sources: Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap",
    Econometric Reviews 23 (2004); corrected by Patton, Politis and White, Econometric Reviews 28
    (2009). The autocorrelation counts as gone from the first of max(5, root log10 n) lags in a row
    that stay below 2 root(log10 n / n); the bandwidth is twice that lag, as in arch. Counting from
    the lag before it, as the paper can be read, gives shorter blocks.
    """
    values = numbers("returns", returns)
    count = len(values)
    if count < 2:
        raise Invalid("returns", "of at least 2 bars", count)
    in_a_row = max(5, math.ceil(math.sqrt(math.log10(count))))
    furthest = min(math.ceil(math.sqrt(count)) + in_a_row, count - 1)
    covariance = _autocovariance(values, furthest)
    if covariance[0] <= 0.0:
        return 1.0
    lags = _bandwidth(covariance, count, in_a_row, furthest)
    k = np.arange(1, lags + 1)
    # The flat-top window: 1 up to half the bandwidth, then straight down to 0.
    taper = np.minimum(1.0, 2.0 * (1.0 - k / lags)) * covariance[1 : lags + 1]
    slope = 2.0 * float((taper * k).sum())
    level = float(covariance[0]) + 2.0 * float(taper.sum())
    if level == 0.0:
        return 1.0
    length = ((slope / level) ** 2 * count) ** (1.0 / 3.0)
    return float(min(max(length, 1.0), max(1.0, math.ceil(min(3.0 * math.sqrt(count), count / 3)))))


def _autocovariance(values: FloatArray, furthest: int) -> FloatArray:
    apart = values - values.mean()
    count = len(apart)
    return np.array(
        [float((apart[lag:] * apart[: count - lag]).sum()) / count for lag in range(furthest + 1)]
    )


def _bandwidth(covariance: FloatArray, count: int, in_a_row: int, furthest: int) -> int:
    limit = 2.0 * math.sqrt(math.log10(count) / count)
    strong = np.abs(covariance[1:] / covariance[0]) >= limit
    for lag in range(furthest - in_a_row + 1):
        if not strong[lag : lag + in_a_row].any():
            return min(2 * (lag + 1), furthest)
    return furthest
