"""Measure how far bars reach, and in which direction."""

from __future__ import annotations

import math
from typing import Final

from algotrendy.strategy.indicators.updates.averages import WILDER, wilder
from algotrendy.strategy.indicators.updates.windows import Memory, is_missing

TRUE_RANGE: Final = 2
ATR: Final = TRUE_RANGE + WILDER
ADX: Final = 9 + WILDER
"""How many cells they take."""


def typical_price(_memory: Memory, _at: int, high: float, low: float, close: float) -> float:
    """Average high, low and close."""
    return (high + low + close) / 3.0


def median_price(_memory: Memory, _at: int, high: float, low: float) -> float:
    """Average high and low."""
    return (high + low) / 2.0


def reach_of(high: float, low: float, before: float) -> float:
    """Give the range of a bar and of the gap from the close before it."""
    top, bottom = high, low
    if before > top:
        top = before
    if before < bottom:
        bottom = before
    return top - bottom


def true_range(memory: Memory, at: int, high: float, low: float, close: float) -> float:
    """Give the range of the bar and of the gap before it.

    Cells: 1.0 once there is a close before; that close.
    """
    if is_missing(high, low, close):
        return math.nan
    before = memory[at + 1]
    memory[at + 1] = close
    if memory[at] == 0.0:
        memory[at] = 1.0
        return math.nan
    return reach_of(high, low, before)


def atr(memory: Memory, at: int, high: float, low: float, close: float, period: int) -> float:
    """Average true ranges as Wilder does. Cells: a true range; a mean."""
    return wilder(memory, at + TRUE_RANGE, true_range(memory, at, high, low, close), period)


def natr(memory: Memory, at: int, high: float, low: float, close: float, period: int) -> float:
    """Give the average true range in percent of the close; nan when that is 0."""
    average = atr(memory, at, high, low, close, period)
    if close == 0.0:
        return math.nan
    return average / close * 100.0


def fading_sum(memory: Memory, at: int, value: float, seen: float, period: int) -> float:
    """Add to Wilder's sum, which from the ``period``-th value on first loses its period-th part."""
    total = memory[at]
    if seen >= period:
        total -= total / period
    total += value
    memory[at] = total
    return total


def adx(memory: Memory, at: int, high: float, low: float, close: float, period: int) -> float:
    """Average how one-sided the movement is, in percent; both sides are further outputs.

    Bars without any movement leave it as it is. Cells: plus, minus; bars seen; the high, the low
    and the close before; fading sums of up moves, down moves, ranges; a mean.
    """
    memory[at] = math.nan
    memory[at + 1] = math.nan
    if is_missing(high, low, close):
        return math.nan
    seen = memory[at + 2]
    up, down = high - memory[at + 3], memory[at + 4] - low
    reach = reach_of(high, low, memory[at + 5])
    memory[at + 2] = seen + 1.0
    memory[at + 3] = high
    memory[at + 4] = low
    memory[at + 5] = close
    if seen == 0.0:
        return math.nan
    rise, fall = 0.0, 0.0
    if up > down and up > 0.0:
        rise = up
    elif down > up and down > 0.0:
        fall = down
    ups = fading_sum(memory, at + 6, rise, seen, period)
    downs = fading_sum(memory, at + 7, fall, seen, period)
    reaches = fading_sum(memory, at + 8, reach, seen, period)
    if seen < period:
        return math.nan
    one_sided = 0.0
    if ups + downs > 0.0:
        one_sided = 100.0 * (math.fabs(ups - downs) / (ups + downs))
    elif memory[at + 9] >= period:
        one_sided = memory[at + 10]
    average = wilder(memory, at + 9, one_sided, period)
    if average == average:
        memory[at] = 100.0 * (ups / reaches) if reaches > 0.0 else 0.0
        memory[at + 1] = 100.0 * (downs / reaches) if reaches > 0.0 else 0.0
    return average
