"""Find every fall below a peak: how deep, how long, and when it was made good."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.statistics.series import (
    DAY_NS,
    FloatArray,
    IntArray,
    Series,
    sum_of_squares,
)


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall from a peak to its recovery. Bars count from 0, where the wealth is 1.

    Attributes:
        peak: The last bar at the peak.
        trough: The first bar at the lowest.
        recovery: The first bar at or above the peak again; None while below.
        depth: Lowest over peak, less 1: below 0.
        bars: Bars spent below the peak.
        days: Calendar days from peak to recovery, or to the end; None without times.
        peak_time, trough_time, recovery_time: Nanoseconds UTC; None without times.
    """

    peak: int
    trough: int
    recovery: int | None
    depth: float
    bars: int
    days: float | None
    peak_time: int | None
    trough_time: int | None
    recovery_time: int | None


@dataclass(frozen=True, slots=True)
class DrawdownSummary:
    """All the falls together. Depths are 0 or less.

    Attributes:
        count: How many falls there are.
        deepest: The deepest: the maximum drawdown.
        average: Mean depth of the falls.
        longest_bars: Most bars spent below one peak.
        longest_days: Most calendar days from a peak to its recovery, or to the end.
        average_bars, average_days: Means over the falls.
        under_water: Share of the bars below a peak.
        current: How far below its peak the run ends.
        ulcer_index: Root mean square of the drawdown series over the n bars. Source: Martin and
            McCann, "The Investor's Guide to Fidelity Funds" (1989).
    """

    count: int
    deepest: float
    average: float | None
    longest_bars: int
    longest_days: float | None
    average_bars: float | None
    average_days: float | None
    under_water: float | None
    current: float
    ulcer_index: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Falls:
    """Every fall, as columns of one length; ``recovery`` is -1 while below the peak.

    ``series`` is how far below its peak each value of wealth is, 0 or less, shape (n + 1,).
    """

    series: FloatArray
    peak: IntArray
    recovery: IntArray
    depth: FloatArray
    bars: IntArray
    days: FloatArray | None


def drawdown_series(wealth: FloatArray) -> FloatArray:
    """Give how far each value is below the highest so far, 0 or less, shape as given."""
    found: FloatArray = np.maximum.accumulate(wealth)
    np.divide(wealth, found, out=found)
    found -= 1.0
    return found


def falls(series: Series) -> Falls:
    """Find every fall in a few passes over the wealth."""
    below = drawdown_series(series.wealth)
    under = below < 0.0
    last = len(below) - 1
    # The first value is its own peak, so that every second edge begins a fall.
    edges = (under[1:] != under[:-1]).nonzero()[0] + 1
    starts, ends = edges[::2], edges[1::2]
    if len(ends) < len(starts):
        ends = np.append(ends, last + 1)
    depth = np.minimum.reduceat(below, starts) if len(starts) else np.empty(0)
    days = None
    if series.times is not None:
        until = series.times[np.minimum(ends, last)]
        days = (until - series.times[starts - 1]) / DAY_NS
    return Falls(
        series=below,
        peak=starts - 1,
        recovery=np.where(ends <= last, ends, -1),
        depth=depth,
        bars=ends - starts,
        days=days,
    )


def summarise_falls(found: Falls) -> DrawdownSummary:
    """Sum all the falls up."""
    count = len(found.depth)
    bars = len(found.series) - 1
    some = count > 0
    below = int(found.bars.sum())
    days = found.days if some else None
    return DrawdownSummary(
        count=count,
        deepest=float(found.depth.min()) if some else 0.0,
        average=float(found.depth.sum()) / count if some else None,
        longest_bars=int(found.bars.max()) if some else 0,
        longest_days=None if days is None else float(days.max()),
        average_bars=below / count if some else None,
        average_days=None if days is None else float(days.sum()) / count,
        under_water=below / bars if bars else None,
        current=float(found.series[-1]),
        ulcer_index=math.sqrt(sum_of_squares(found.series) / bars) if bars else None,
    )


def drawdown_table(series: Series, found: Falls, most: int = 10) -> tuple[Drawdown, ...]:
    """List the deepest falls, deepest first; of equals, the earlier."""
    rows = np.argsort(found.depth, kind="stable")[:most]
    return tuple(_row(series, found, int(row)) for row in rows)


def _row(series: Series, found: Falls, row: int) -> Drawdown:
    peak = int(found.peak[row])
    trough = peak + 1 + int(found.series[peak + 1 : peak + 1 + found.bars[row]].argmin())
    recovery = int(found.recovery[row]) if found.recovery[row] >= 0 else None
    times = series.times
    return Drawdown(
        peak=peak,
        trough=trough,
        recovery=recovery,
        depth=float(found.depth[row]),
        bars=int(found.bars[row]),
        days=None if found.days is None else float(found.days[row]),
        peak_time=None if times is None else int(times[peak]),
        trough_time=None if times is None else int(times[trough]),
        recovery_time=None if times is None or recovery is None else int(times[recovery]),
    )
