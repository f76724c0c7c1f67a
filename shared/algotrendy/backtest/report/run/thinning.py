"""Thin long curves for a screen without hiding their extremes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.statistics.series import FloatArray, IntArray


def kept_rows(curves: Sequence[FloatArray], limit: int) -> IntArray:
    """Choose rows so that every curve keeps the lowest and the highest of each stretch.

    Args:
        curves: Of one length; nan counts for nothing.
        limit: Rows to keep at most, >= 2 and twice the curves; all are kept where there are fewer.

    Returns:
        Rows, increasing, with the first and the last.
    """
    count = len(curves[0])
    if count <= limit:
        return np.arange(count)
    stretches = max(1, (limit - 2) // (2 * len(curves)))
    width = -(-count // stretches)
    begins = np.arange(0, count, width)
    found = [np.array([0, count - 1])]
    for curve in curves:
        for sign in (1.0, -1.0):
            padded = np.full(len(begins) * width, np.inf)
            padded[:count] = np.where(np.isnan(curve), np.inf, curve * sign)
            found.append(np.minimum(begins + padded.reshape(-1, width).argmin(axis=1), count - 1))
    return np.unique(np.concatenate(found))


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Bars put together, so many to a candle: begin in nanoseconds, open, high, low, close."""

    each: int
    time: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


def candles(bars: Columns, limit: int) -> Candles:
    """Put bars together until there are no more candles than the limit, >= 1."""
    each = max(1, -(-len(bars) // limit))
    begins = np.arange(0, len(bars), each)
    ends = np.minimum(begins + each, len(bars)) - 1
    high, low = bars.high, bars.low
    return Candles(
        each=each,
        time=bars.time[begins],
        open=bars.open[begins],
        high=np.maximum.reduceat(high, begins) if len(begins) else high,
        low=np.minimum.reduceat(low, begins) if len(begins) else low,
        close=bars.close[ends],
    )
