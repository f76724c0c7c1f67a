"""Measure how values spread around their mean.

Squares are summed relative to an anchor, a value of the round before, and not to zero: the
variance of prices near 700 would else lose six digits in a difference.
"""

from __future__ import annotations

import math
from typing import Final

from algotrendy.strategy.indicators.updates.windows import Memory

PLACE: Final = 0
FULL: Final = 1
NEWEST: Final = 2
RUN: Final = 3
MEAN: Final = 4
ANCHOR: Final = 5
TOTAL: Final = 6
SQUARES: Final = 7
ROUND_ANCHOR: Final = 8
ROUND_TOTAL: Final = 9
ROUND_SQUARES: Final = 10
RING: Final = 11
"""The cells of a variance: where in the ring the next value goes, 1.0 once it was full, the newest
value, how often it came in a row, the mean; the value that sums are relative to, the sum, the sum
of squares; the same three for this round alone; then the ring."""


def variance_cells(period: int) -> int:
    """Count the cells of a variance."""
    return RING + period


def variance(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the population variance of the last ``period`` values; 0.0 when they are all the same.

    Cell ``MEAN`` holds their mean.
    """
    if value != value:
        return math.nan
    place = memory[at]
    full = memory[at + FULL]
    if place == 0.0 and full == 0.0:
        memory[at + ROUND_ANCHOR] = value
    slot = at + RING + int(place)
    anchor = memory[at + ANCHOR]
    enters = value - anchor
    leaves = memory[slot] - anchor
    total = memory[at + TOTAL] + (enters - leaves)
    squares = memory[at + SQUARES] + (enters * enters - leaves * leaves)
    fresh = value - memory[at + ROUND_ANCHOR]
    round_total = memory[at + ROUND_TOTAL] + fresh
    round_squares = memory[at + ROUND_SQUARES] + fresh * fresh
    run = 1.0
    if value == memory[at + NEWEST]:
        run = memory[at + RUN] + 1.0
    memory[slot] = value
    place += 1.0
    if place == period:
        place = 0.0
        full = 1.0
        total, squares = round_total, round_squares
        round_total, round_squares = 0.0, 0.0
        anchor = memory[at + ROUND_ANCHOR]
        memory[at + ANCHOR] = anchor
        memory[at + ROUND_ANCHOR] = value
    memory[at] = place
    memory[at + FULL] = full
    memory[at + NEWEST] = value
    memory[at + RUN] = run
    memory[at + TOTAL] = total
    memory[at + SQUARES] = squares
    memory[at + ROUND_TOTAL] = round_total
    memory[at + ROUND_SQUARES] = round_squares
    if full == 0.0:
        return math.nan
    if run >= period:
        memory[at + MEAN] = value
        return 0.0
    mean = total / period
    memory[at + MEAN] = anchor + mean
    spread = squares / period - mean * mean
    if spread < 0.0:
        return 0.0
    return spread


def standard_deviation(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the population standard deviation of the last ``period`` values."""
    return math.sqrt(variance(memory, at, value, period))


def zscore(memory: Memory, at: int, value: float, period: int) -> float:
    """Say how many deviations the newest value is above the mean; 0.0 when none deviates."""
    deviation = math.sqrt(variance(memory, at, value, period))
    if deviation == 0.0:
        return 0.0
    return (value - memory[at + MEAN]) / deviation


def bollinger(memory: Memory, at: int, value: float, period: int, width: float) -> float:
    """Give the mean; bands lie ``width`` standard deviations above and below it.

    Cells: the upper band, the lower; a variance.
    """
    reach = width * math.sqrt(variance(memory, at + 2, value, period))
    if reach != reach:
        memory[at] = math.nan
        memory[at + 1] = math.nan
        return math.nan
    mean = memory[at + 2 + MEAN]
    memory[at] = mean + reach
    memory[at + 1] = mean - reach
    return mean


def realised_volatility(
    memory: Memory, at: int, value: float, period: int, periods_a_year: float
) -> float:
    """Give the sample standard deviation of the last ``period`` log returns, a year.

    A return from or to a price that is not above 0 is left out. Cells: the value before, or 0.0
    when there is none; a variance.
    """
    if value != value:
        return math.nan
    before = memory[at]
    memory[at] = value
    if before <= 0.0 or value <= 0.0:
        return math.nan
    spread = variance(memory, at + 1, math.log(value / before), period)
    return math.sqrt(spread * period / (period - 1.0) * periods_a_year)
