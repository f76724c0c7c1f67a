"""Weigh a window by age: weighted means, and the line of least squares through it."""

from __future__ import annotations

import math
from typing import Final

from algotrendy.strategy.indicators.updates.windows import Memory

PLACE: Final = 0
FULL: Final = 1
NEWEST: Final = 2
RUN: Final = 3
ANCHOR: Final = 4
TOTAL: Final = 5
WEIGHTED: Final = 6
ROUND_ANCHOR: Final = 7
ROUND_TOTAL: Final = 8
ROUND_WEIGHTED: Final = 9
RING: Final = 10
"""The cells of a ramp: where in the ring the next value goes, 1.0 once it was full, the newest
value, how often it came in a row; the value that sums are relative to, the sum, the sum weighted by
age; the same three for this round alone; then the ring."""


def ramp_cells(period: int) -> int:
    """Count the cells of a ramp."""
    return RING + period


def ramp(memory: Memory, at: int, value: float, period: int) -> float:
    """Sum the window weighted 0 for its oldest value to period - 1 for its newest.

    Relative to the anchor, which is a value of the round before: so little is lost in differences.
    """
    if value != value:
        return math.nan
    place = memory[at]
    full = memory[at + FULL]
    if place == 0.0 and full == 0.0:
        memory[at + ROUND_ANCHOR] = value
    slot = at + RING + int(place)
    anchor = memory[at + ANCHOR]
    relative = value - anchor
    rest = memory[at + TOTAL] - (memory[slot] - anchor)
    total = rest + relative
    weighted = memory[at + WEIGHTED] - rest + (period - 1.0) * relative
    fresh = value - memory[at + ROUND_ANCHOR]
    round_total = memory[at + ROUND_TOTAL] + fresh
    round_weighted = memory[at + ROUND_WEIGHTED] + place * fresh
    run = 1.0
    if value == memory[at + NEWEST]:
        run = memory[at + RUN] + 1.0
    memory[slot] = value
    place += 1.0
    if place == period:
        place = 0.0
        full = 1.0
        total, weighted = round_total, round_weighted
        round_total, round_weighted = 0.0, 0.0
        memory[at + ANCHOR] = memory[at + ROUND_ANCHOR]
        memory[at + ROUND_ANCHOR] = value
    memory[at + PLACE] = place
    memory[at + FULL] = full
    memory[at + TOTAL] = total
    memory[at + WEIGHTED] = weighted
    memory[at + ROUND_TOTAL] = round_total
    memory[at + ROUND_WEIGHTED] = round_weighted
    memory[at + NEWEST] = value
    memory[at + RUN] = run
    if full == 0.0:
        return math.nan
    return weighted


def wma(memory: Memory, at: int, value: float, period: int) -> float:
    """Average the last ``period`` values, weighted 1 for the oldest to period for the newest."""
    weighted = ramp(memory, at, value, period)
    if memory[at + RUN] >= period and value == value:
        return value
    return memory[at + ANCHOR] + (weighted + memory[at + TOTAL]) / (period * (period + 1) * 0.5)


def hull_cells(period: int) -> int:
    """Count the cells of a Hull mean."""
    return ramp_cells(period // 2) + ramp_cells(period) + ramp_cells(int(math.sqrt(period)))


def hull_ma(memory: Memory, at: int, value: float, period: int) -> float:
    """Take weighted means of half and all the period, lead by their difference, and smooth it."""
    half = period // 2
    short = wma(memory, at, value, half)
    long = wma(memory, at + ramp_cells(half), value, period)
    smooth = at + ramp_cells(half) + ramp_cells(period)
    return wma(memory, smooth, 2.0 * short - long, int(math.sqrt(period)))


def linear_regression(memory: Memory, at: int, value: float, period: int) -> float:
    """Give where the line of least squares through the last ``period`` values ends.

    Cells: its slope a bar; a ramp.
    """
    memory[at] = math.nan
    weighted = ramp(memory, at + 1, value, period)
    if weighted != weighted:
        return math.nan
    if memory[at + 1 + RUN] >= period:
        memory[at] = 0.0
        return value
    total = memory[at + 1 + TOTAL]
    # With x from 0 to n - 1: the mean of x is (n - 1) / 2, its squared deviations (n^3 - n) / 12.
    middle = (period - 1.0) * 0.5
    slope = (weighted - middle * total) / (period * (period * period - 1.0) / 12.0)
    memory[at] = slope
    return memory[at + 1 + ANCHOR] + total / period + slope * middle
