"""Put intervals around figures by resampling the returns.

Everything random comes from a seed, and no result depends on how the work is cut to fit memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.annual import STILL
from algotrendy.backtest.statistics.block_length import optimal_block_length
from algotrendy.backtest.statistics.series import BoolArray, FloatArray, IntArray, defined, numbers
from algotrendy.kernel.errors import Invalid

MEMORY_BYTES = 8 * 1024 * 1024
MOST_JACKKNIFE = 500

Figure = Callable[[FloatArray], FloatArray]
"""Computes one number for each row of a matrix of returns: shape (k, n) to (k,)."""

Scheme = Literal["stationary", "iid"]
Method = Literal["bca", "percentile"]

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and how far it may be off.

    Attributes:
        estimate: Of the returns as they were.
        low, high: Ends of the interval; None where the figure is undefined.
        standard_error: Standard deviation of the resampled figures (n - 1).
        confidence: Of the interval, such as 0.95.
        resamples: How many had a defined figure.
        block: Mean block length in bars; 1 for independent returns.
    """

    estimate: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    confidence: float
    resamples: int
    block: float


def figures(periods_per_year: float) -> Mapping[str, Figure]:
    """Give the figures that are usually resampled, by name, each for many rows at once."""
    year = math.sqrt(periods_per_year)

    def sharpe(rows: FloatArray) -> FloatArray:
        return _over(rows.mean(axis=1), rows.std(axis=1, ddof=1)) * year

    def sortino(rows: FloatArray) -> FloatArray:
        below = np.sqrt(np.square(np.minimum(rows, 0.0)).mean(axis=1))
        return _over(rows.mean(axis=1), below) * year

    def annual_return(rows: FloatArray) -> FloatArray:
        total = np.prod(rows + 1.0, axis=1)
        return np.asarray(np.maximum(total, 0.0) ** (periods_per_year / rows.shape[1]) - 1.0)

    return {
        "mean": lambda rows: rows.mean(axis=1),
        "volatility": lambda rows: rows.std(axis=1, ddof=1) * year,
        "sharpe": sharpe,
        "sortino": sortino,
        "total_return": lambda rows: np.prod(rows + 1.0, axis=1) - 1.0,
        "annual_return": annual_return,
        "max_drawdown": deepest_falls,
    }


def deepest_falls(rows: FloatArray) -> FloatArray:
    """Give the maximum drawdown of the wealth that each row's returns make of 1, 0 or less."""
    wealth = np.cumprod(rows + 1.0, axis=1)
    peaks = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    return np.asarray((wealth / peaks).min(axis=1) - 1.0).clip(max=0.0)


def bootstrap_intervals(
    returns: ArrayLike,
    wanted: Mapping[str, Figure],
    *,
    seed: int,
    resamples: int = 2_000,
    scheme: Scheme = "stationary",
    block: float | None = None,
    confidence: float = 0.95,
    method: Method = "bca",
    memory_bytes: int = MEMORY_BYTES,
) -> dict[str, Interval]:
    """Put an interval around each figure; all share the resamples.

    Args:
        returns: Shape (n,), n >= 2.
        wanted: Figures by name; ``figures(252)`` has the usual ones.
        seed: Of PCG64.
        scheme: ``stationary`` keeps blocks of random (geometric) length together, so that what
            follows on what survives; ``iid`` draws bar by bar.
        block: Mean block length of the stationary scheme, >= 1; chosen from the returns if None.
        confidence: Of the interval.
        method: ``percentile``, or ``bca``: corrected for bias and acceleration. The acceleration
            comes from a jackknife that leaves out one bar at a time, or one block where blocks are
            kept together or the bars are more than 500.
        memory_bytes: What the working arrays may take, about.

    Sources: Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987); Politis and Romano,
    "The Stationary Bootstrap", JASA 89 (1994).
    """
    values = numbers("returns", returns)
    if len(values) < 2:
        raise Invalid("returns", "of at least 2 bars", len(values))
    if resamples < 1:
        raise Invalid("resamples", "at least 1", resamples)
    if not 0.0 < confidence < 1.0:
        raise Invalid("confidence", "between 0 and 1", confidence)
    length = 1.0
    if scheme == "stationary":
        length = optimal_block_length(values) if block is None else block
        if not 1.0 <= length <= len(values):
            raise Invalid("block", f"between 1 and {len(values)}", length)
    found: dict[str, list[FloatArray]] = {name: [] for name in wanted}
    for rows in resampled(values, length, seed, resamples, memory_bytes):
        for name, figure in wanted.items():
            found[name].append(_computed(figure, rows))
    return {
        name: _interval(
            values, figure, np.concatenate(found[name]), confidence, method, length, memory_bytes
        )
        for name, figure in wanted.items()
    }


def resampled(
    returns: FloatArray, block: float, seed: int, resamples: int, memory_bytes: int = MEMORY_BYTES
) -> Iterator[FloatArray]:
    """Give resamples of the returns as matrices, shape (some, n), so many rows in all.

    A new block begins at each bar with probability 1 / ``block``, anywhere in the returns, which
    are taken to be a circle.
    """
    count = len(returns)
    # Two streams, so that the draws do not depend on how many rows are made at once.
    places, breaks = (
        np.random.Generator(np.random.PCG64(child))
        for child in np.random.SeedSequence(seed).spawn(2)
    )
    at_once = max(1, memory_bytes // (count * 8 * 5))
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        starts = (places.random((rows, count)) * count).astype(np.int64)
        if block > 1.0:
            starts = _continued(starts, breaks.random((rows, count)) * block >= 1.0)
        yield returns[starts]


def _continued(starts: IntArray, goes_on: BoolArray) -> IntArray:
    """Let a block go on where it does: the bar after the one before, round the circle."""
    count = starts.shape[1]
    bars = np.arange(count)
    begun = np.where(goes_on, 0, bars)
    np.maximum.accumulate(begun, axis=1, out=begun)
    at: IntArray = np.take_along_axis(starts, begun, axis=1) + (bars - begun)
    at[at >= count] -= count
    return at


def _interval(
    returns: FloatArray,
    figure: Figure,
    found: FloatArray,
    confidence: float,
    method: Method,
    block: float,
    memory_bytes: int,
) -> Interval:
    estimate = defined(_computed(figure, returns[None, :])[0])
    found = np.sort(found[np.isfinite(found)])
    low, high = (1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0
    if estimate is not None and method == "bca" and len(found):
        low, high = _corrected(returns, figure, found, estimate, (low, high), block, memory_bytes)
    settled = estimate is not None and len(found) > 0
    return Interval(
        estimate=estimate,
        low=float(np.quantile(found, low)) if settled else None,
        high=float(np.quantile(found, high)) if settled else None,
        standard_error=float(found.std(ddof=1)) if len(found) > 1 else None,
        confidence=confidence,
        resamples=len(found),
        block=block,
    )


def _corrected(
    returns: FloatArray,
    figure: Figure,
    found: FloatArray,
    estimate: float,
    ends: tuple[float, float],
    block: float,
    memory_bytes: int,
) -> tuple[float, float]:
    """Move the ends of the interval for bias and acceleration (BCa)."""
    below = np.count_nonzero(found < estimate) + np.count_nonzero(found == estimate) / 2.0
    share = min(max(below, 0.5), len(found) - 0.5) / len(found)
    bias = _NORMAL.inv_cdf(share)
    speed = _acceleration(returns, figure, block, memory_bytes)
    moved = []
    for end in ends:
        score = bias + _NORMAL.inv_cdf(end)
        slowed = 1.0 - speed * score
        moved.append(_NORMAL.cdf(bias + score / slowed) if slowed > 0.0 else end)
    return moved[0], moved[1]


def _acceleration(returns: FloatArray, figure: Figure, block: float, memory_bytes: int) -> float:
    count = len(returns)
    length = max(1, round(block), -(-count // MOST_JACKKNIFE))
    parts = count // length
    if parts < 3:
        return 0.0
    kept = count - length
    at_once = max(1, memory_bytes // (count * 8 * 5))
    found = []
    for first in range(0, parts, at_once):
        begins = np.arange(first, min(first + at_once, parts))[:, None] * length
        bars = np.arange(kept)
        found.append(_computed(figure, returns[bars + np.where(bars >= begins, length, 0)]))
    left_out = np.concatenate(found)
    left_out = left_out[np.isfinite(left_out)]
    if len(left_out) < 3:
        return 0.0
    apart = left_out.mean() - left_out
    spread = float(np.square(apart).sum())
    return float((apart**3).sum()) / (6.0 * spread**1.5) if spread > 0.0 else 0.0


def _computed(figure: Figure, rows: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        return figure(rows)


def _over(mean: FloatArray, risk: FloatArray) -> FloatArray:
    found: FloatArray = mean / np.where(risk > STILL, risk, np.nan)
    return found
