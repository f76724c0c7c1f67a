"""Average values, each school with its own weights."""

from __future__ import annotations

import math
from typing import Final

from algotrendy.strategy.indicators.updates.windows import (
    Memory,
    lag,
    lag_cells,
    rolling_sum,
    sma,
    sum_cells,
)

EMA: Final = 3
"""The cells of an exponential mean: values in its seed, the mean, the first value."""

WILDER: Final = 2
"""The cells of Wilder's mean: values in its seed, the mean."""


def ema(memory: Memory, at: int, value: float, period: int) -> float:
    """Average all values with weights that fall by 1 - 2 / (period + 1) from one to the next.

    Begins with the plain mean of the first ``period`` values.
    """
    if value != value:
        return math.nan
    seen = memory[at]
    mean = memory[at + 1]
    if seen >= period:
        mean += (value - mean) * (2.0 / (period + 1.0))
        memory[at + 1] = mean
        return mean
    if seen == 0.0:
        memory[at + 2] = value
    # The seed is summed relative to the first value, so that equal values have exactly their mean.
    mean += value - memory[at + 2]
    seen += 1.0
    memory[at] = seen
    if seen < period:
        memory[at + 1] = mean
        return math.nan
    mean = memory[at + 2] + mean / period
    memory[at + 1] = mean
    return mean


def wilder(memory: Memory, at: int, value: float, period: int) -> float:
    """Average all values with weights that fall by 1 - 1 / period, as Wilder does.

    Begins with the plain mean of the first ``period`` values.
    """
    if value != value:
        return math.nan
    seen = memory[at]
    mean = memory[at + 1]
    if seen >= period:
        mean = (mean * (period - 1.0) + value) / period
        memory[at + 1] = mean
        return mean
    mean += value
    seen += 1.0
    memory[at] = seen
    if seen < period:
        memory[at + 1] = mean
        return math.nan
    mean /= period
    memory[at + 1] = mean
    return mean


def dema(memory: Memory, at: int, value: float, period: int) -> float:
    """Take the exponential mean twice, and lead by the second: 2 a - b."""
    first = ema(memory, at, value, period)
    second = ema(memory, at + EMA, first, period)
    return 2.0 * first - second


def triple_ema(memory: Memory, at: int, value: float, period: int) -> float:
    """Take the exponential mean of the exponential mean of the exponential mean."""
    first = ema(memory, at, value, period)
    second = ema(memory, at + EMA, first, period)
    return ema(memory, at + 2 * EMA, second, period)


def tema(memory: Memory, at: int, value: float, period: int) -> float:
    """Take the exponential mean three times: 3 a - 3 b + c."""
    third = triple_ema(memory, at, value, period)
    return 3.0 * memory[at + 1] - 3.0 * memory[at + EMA + 1] + third


def trima_cells(period: int) -> int:
    """Count the cells of a triangular mean."""
    return sum_cells(period // 2 + 1) + sum_cells((period + 1) // 2)


def trima(memory: Memory, at: int, value: float, period: int) -> float:
    """Average twice over half the period, so that the middle weighs most."""
    short = (period + 1) // 2
    once = sma(memory, at, value, short)
    return sma(memory, at + sum_cells(short), once, period // 2 + 1)


def kama_cells(period: int) -> int:
    """Count the cells of an adaptive mean."""
    return 3 + lag_cells(period) + sum_cells(period)


def kama(memory: Memory, at: int, value: float, period: int, fast: int, slow: int) -> float:
    """Average with weights that fall fast in a trend and slowly in noise.

    Cells: whether there is a value before, that value, the mean; a lag; a sum of moves.
    """
    if value != value:
        return math.nan
    begin = lag(memory, at + 3, value, period)
    before = memory[at + 1]
    memory[at + 1] = value
    if memory[at] == 0.0:
        memory[at] = 1.0
        return math.nan
    path = rolling_sum(memory, at + 3 + lag_cells(period), math.fabs(value - before), period)
    if path != path:
        return math.nan
    if memory[at] == 1.0:
        memory[at] = 2.0
        memory[at + 2] = before
    distance = math.fabs(value - begin)
    efficiency = 1.0
    if path > distance:
        efficiency = distance / path
    slowest = 2.0 / (slow + 1.0)
    speed = efficiency * (2.0 / (fast + 1.0) - slowest) + slowest
    mean = memory[at + 2]
    mean += (value - mean) * (speed * speed)
    memory[at + 2] = mean
    return mean
