"""Follow figures through time over a trailing window, in time proportional to the bars alone.

The bars are cut into blocks as long as the window, and each block is accumulated from both ends: a
window is the end of one block and the beginning of the next. Nothing is ever subtracted from a
running sum, so that no error builds up over a long series. Source of the idea: van Herk, "A fast
algorithm for local minimum and maximum filters on rectangular and octagonal kernels", Pattern
Recognition Letters 13 (1992).

Every function gives an array as long as its input; value t is that of the window that ends with
bar t, and nan before the first whole window and where the figure is undefined.
"""

from __future__ import annotations

import math

import numpy as np

from algotrendy.backtest.statistics.series import FloatArray
from algotrendy.kernel.errors import Invalid

# Where the spread of a window is less than this part of its mean square, it is rounding.
_ROUNDING = 1e-13


def rolling_mean(values: FloatArray, window: int) -> FloatArray:
    """Give the trailing mean."""
    return _framed(_sums(values, check_window(window)) / window, len(values))


def rolling_volatility(returns: FloatArray, window: int, periods_per_year: float) -> FloatArray:
    """Give the annualised standard deviation (n - 1); 0 in a window without variation."""
    _, variance = _mean_and_variance(returns, check_window(window, 2))
    return _framed(np.sqrt(variance * periods_per_year), len(returns))


def rolling_sharpe(returns: FloatArray, window: int, periods_per_year: float) -> FloatArray:
    """Give the annualised mean over the deviation; nan in a window without variation."""
    mean, variance = _mean_and_variance(returns, check_window(window, 2))
    found = np.full(len(mean), np.nan)
    moves = variance > 0.0
    found[moves] = mean[moves] / np.sqrt(variance[moves]) * math.sqrt(periods_per_year)
    return _framed(found, len(returns))


def rolling_beta(returns: FloatArray, benchmark: FloatArray, window: int) -> FloatArray:
    """Give the covariance with a benchmark over its variance; nan where it does not vary."""
    if len(benchmark) != len(returns):
        raise Invalid("benchmark", f"of length {len(returns)}", len(benchmark))
    check_window(window, 2)
    ours, theirs = _centred(returns), _centred(benchmark)
    mean, variance = _mean_and_variance(theirs, window)
    together = _sums(ours * theirs, window) - _sums(ours, window) * mean
    found = np.full(len(together), np.nan)
    moves = variance > 0.0
    found[moves] = together[moves] / (variance[moves] * (window - 1))
    return _framed(found, len(returns))


def rolling_drawdown(wealth: FloatArray, window: int) -> FloatArray:
    """Give the deepest fall from a peak within each window of so many values; 0 or less.

    Args:
        wealth: Above 0, shape (n,); a window of w values holds w - 1 returns.
    """
    check_window(window, 2)
    if len(wealth) < window:
        return np.full(len(wealth), np.nan)
    blocks = _blocks(wealth, window, np.inf)
    # A window is the rest of one block, then the beginning of the next: the deepest fall is within
    # the one, within the other, or from the peak of the one to the lowest of the other.
    rest_lowest = _backward(np.minimum, blocks)
    rest_peak = _backward(np.maximum, np.where(np.isinf(blocks), -np.inf, blocks))
    with np.errstate(invalid="ignore"):
        rest = _backward(np.minimum, rest_lowest / blocks - 1.0)
        head_peak = np.maximum.accumulate(blocks, axis=1)
        head = np.minimum.accumulate(blocks / head_peak - 1.0, axis=1)
    head_lowest = np.minimum.accumulate(blocks, axis=1)
    count = len(wealth) - window + 1
    first = np.arange(count)
    last = first + window - 1
    inside = first % window != 0
    found = rest.ravel()[first]
    a, b = first[inside], last[inside]
    across = head_lowest.ravel()[b] / rest_peak.ravel()[a] - 1.0
    found[inside] = np.minimum(np.minimum(found[inside], head.ravel()[b]), across)
    return _framed(found, len(wealth))


def check_window(window: int, least: int = 1) -> int:
    """Give the window back, or raise Invalid if it is too short."""
    if window < least:
        raise Invalid("window", f"at least {least}", window)
    return window


def _mean_and_variance(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    if len(values) < window:
        return np.empty(0), np.empty(0)
    centre = float(values.mean())
    apart = values - centre
    sums = _sums(apart, window)
    squares = _sums(apart * apart, window)
    spread = squares - sums * sums / window
    mean = centre + sums / window
    noise = _ROUNDING * (squares + window * mean * mean)
    return mean, np.where(spread > noise, spread, 0.0) / (window - 1)


def _centred(values: FloatArray) -> FloatArray:
    return values - values.mean() if len(values) else values


def _sums(values: FloatArray, window: int) -> FloatArray:
    """Sum every whole window, shape (n - window + 1,)."""
    count = len(values) - window + 1
    if count <= 0:
        return np.empty(0)
    blocks = _blocks(values, window, 0.0)
    rest = _backward(np.add, blocks).ravel()
    head = np.zeros((len(blocks), window + 1))
    np.cumsum(blocks, axis=1, out=head[:, 1:])
    # Column j holds the sum of a block's first j values; the window takes j of the next block.
    ahead = head[:, :-1].ravel()[window:]
    ahead = np.append(ahead, np.zeros(max(count - len(ahead), 0)))
    return rest[:count] + ahead[:count]


def _blocks(values: FloatArray, window: int, filler: float) -> FloatArray:
    rows = -(-len(values) // window)
    padded = np.full(rows * window, filler)
    padded[: len(values)] = values
    return padded.reshape(rows, window)


def _backward(accumulate: np.ufunc, blocks: FloatArray) -> FloatArray:
    found: FloatArray = accumulate.accumulate(blocks[:, ::-1], axis=1)[:, ::-1]
    return found


def _framed(found: FloatArray, length: int) -> FloatArray:
    whole = np.full(length, np.nan)
    if len(found):
        whole[length - len(found) :] = found
    return whole
