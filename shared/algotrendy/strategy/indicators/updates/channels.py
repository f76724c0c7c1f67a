"""Draw channels around a price, and stops that trail it."""

from __future__ import annotations

import math
from typing import Final

from algotrendy.strategy.indicators.updates.averages import EMA, ema
from algotrendy.strategy.indicators.updates.ranges import atr
from algotrendy.strategy.indicators.updates.windows import (
    Memory,
    extreme_cells,
    highest,
    is_missing,
    lag,
    lag_cells,
    lowest,
)

UNDECIDED: Final = 0.0
RISING: Final = 1.0
FALLING: Final = -1.0

SUPERTREND: Final = 5
SAR: Final = 7
"""How many cells they take, a supertrend those of its average true range besides."""


def donchian_cells(period: int) -> int:
    """Count the cells of a Donchian channel."""
    return 2 + 2 * extreme_cells(period)


def donchian(memory: Memory, at: int, high: float, low: float, period: int) -> float:
    """Give the middle of the highest high and the lowest low.

    Cells: the two of them; a highest, a lowest.
    """
    top, bottom = math.nan, math.nan
    if not is_missing(high, low, 0.0):
        top = highest(memory, at + 2, high, period)
        bottom = lowest(memory, at + 2 + extreme_cells(period), low, period)
    memory[at] = top
    memory[at + 1] = bottom
    return (top + bottom) / 2.0


def keltner(
    memory: Memory,
    at: int,
    high: float,
    low: float,
    close: float,
    period: int,
    range_period: int,
    width: float,
) -> float:
    """Give the exponential mean of closes; bands lie ``width`` average true ranges from it.

    Cells: the upper band, the lower; a mean; an average true range.
    """
    memory[at] = math.nan
    memory[at + 1] = math.nan
    if is_missing(high, low, close):
        return math.nan
    mean = ema(memory, at + 2, close, period)
    reach = width * atr(memory, at + 2 + EMA, high, low, close, range_period)
    if math.isnan(mean + reach):
        return math.nan
    memory[at] = mean + reach
    memory[at + 1] = mean - reach
    return mean


def supertrend(
    memory: Memory, at: int, high: float, low: float, close: float, period: int, width: float
) -> float:
    """Give the band that trails the trend, below the price in a rise and above it in a fall.

    Cells: the direction, 1.0 or -1.0; the upper band, the lower, the close before, the direction
    or 0.0 before the first; an average true range.
    """
    memory[at] = math.nan
    if is_missing(high, low, close):
        return math.nan
    before = memory[at + 3]
    memory[at + 3] = close
    reach = width * atr(memory, at + SUPERTREND, high, low, close, period)
    if reach != reach:
        return math.nan
    middle = (high + low) / 2.0
    upper, lower = middle + reach, middle - reach
    direction = memory[at + 4]
    if direction == UNDECIDED:
        direction = RISING if close >= middle else FALLING
    else:
        # A band comes closer or stays, until a close was beyond it.
        if upper > memory[at + 1] and before <= memory[at + 1]:
            upper = memory[at + 1]
        if lower < memory[at + 2] and before >= memory[at + 2]:
            lower = memory[at + 2]
        if direction == RISING and close < lower:
            direction = FALLING
        elif direction == FALLING and close > upper:
            direction = RISING
    memory[at] = direction
    memory[at + 1] = upper
    memory[at + 2] = lower
    memory[at + 4] = direction
    return lower if direction == RISING else upper


def below(stop: float, one: float, other: float) -> float:
    """Give a stop that is above neither of two lows."""
    if stop > one:
        stop = one
    if stop > other:
        stop = other
    return stop


def begin_trend(memory: Memory, at: int, high: float, low: float, acceleration: float) -> None:
    """Begin a trend at the second bar: a fall if its low moved down further than its high up."""
    rise, fall = high - memory[at + 4], memory[at + 5] - low
    memory[at + 3] = acceleration
    if fall > 0.0 and rise < fall:
        memory[at] = FALLING
        memory[at + 1] = -memory[at + 4]
        memory[at + 2] = -low
    else:
        memory[at] = RISING
        memory[at + 1] = memory[at + 5]
        memory[at + 2] = high
    # This bar stands for the one before, too, which has done its part.
    memory[at + 4] = high
    memory[at + 5] = low


def trail(
    memory: Memory,
    at: int,
    high: float,
    low: float,
    high_before: float,
    low_before: float,
    acceleration: float,
    limit: float,
) -> float:
    """Follow a rise for one bar; when the bar reaches the stop, begin a fall. Give the stop."""
    stop, extreme, speed = memory[at + 1], memory[at + 2], memory[at + 3]
    if low > stop:
        shown = stop
        if high > extreme:
            extreme = high
            speed += acceleration
            if speed > limit:
                speed = limit
        memory[at + 1] = below(stop + speed * (extreme - stop), low_before, low)
        memory[at + 2] = extreme
        memory[at + 3] = speed
        return shown
    stop = below(-extreme, -high_before, -high)
    extreme = -low
    memory[at] = -memory[at]
    memory[at + 1] = below(stop + acceleration * (extreme - stop), -high_before, -high)
    memory[at + 2] = extreme
    memory[at + 3] = acceleration
    return -stop


def parabolic_sar(
    memory: Memory, at: int, high: float, low: float, acceleration: float, limit: float
) -> float:
    """Give the stop for this bar; once the bar reached it, the extreme of the trend that ended.

    A fall is taken for a rise of prices with their signs changed: one set of rules serves both.
    Cells: the direction; the stop for this bar, the extreme of the trend and its acceleration, in
    the signs of the trend; the high and the low before; 1.0 once there are.
    """
    if is_missing(high, low, 0.0):
        return math.nan
    if memory[at + 6] == 0.0:
        memory[at + 4] = high
        memory[at + 5] = low
        memory[at + 6] = 1.0
        return math.nan
    if memory[at] == UNDECIDED:
        begin_trend(memory, at, high, low, acceleration)
    high_before, low_before = memory[at + 4], memory[at + 5]
    memory[at + 4] = high
    memory[at + 5] = low
    if memory[at] == RISING:
        return trail(memory, at, high, low, high_before, low_before, acceleration, limit)
    return -trail(memory, at, -low, -high, -low_before, -high_before, acceleration, limit)


def ichimoku_cells(short: int, middle: int, long: int) -> int:
    """Count the cells of an Ichimoku."""
    midpoints = donchian_cells(short) + donchian_cells(middle) + donchian_cells(long)
    return 3 + midpoints + 2 * lag_cells(middle)


def ichimoku(
    memory: Memory, at: int, high: float, low: float, short: int, middle: int, long: int
) -> float:
    """Give the conversion line: the middle of the range of the ``short`` period.

    Cells: the base line and both edges of the cloud that is drawn at this bar, so worked out
    ``middle`` bars ago; a channel for each period; the edges not yet drawn.
    """
    base_at = at + 3 + donchian_cells(short)
    long_at = base_at + donchian_cells(middle)
    one_at = long_at + donchian_cells(long)
    conversion = donchian(memory, at + 3, high, low, short)
    base = donchian(memory, base_at, high, low, middle)
    slowest = donchian(memory, long_at, high, low, long)
    one = lag(memory, one_at, (conversion + base) / 2.0, middle)
    other = lag(memory, one_at + lag_cells(middle), slowest, middle)
    if math.isnan(other):
        one, base, conversion = math.nan, math.nan, math.nan
    memory[at] = base
    memory[at + 1] = one
    memory[at + 2] = other
    return conversion
