"""Keep a window of the newest values: its mean and sum, its extremes, its oldest value."""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from typing import Final

Memory = MutableSequence[float]

PLACE: Final = 0
FULL: Final = 1
TOTAL: Final = 2
ROUND: Final = 3
NEWEST: Final = 4
RUN: Final = 5
RING: Final = 6
"""The cells of a sum: where in the ring the next value goes, 1.0 once it was full, the sum, the sum
of this round alone, the newest value, how often it came in a row; then the ring."""

LAG_RING: Final = 2

SEEN: Final = 0
FRONT: Final = 1
LENGTH: Final = 2
QUEUE: Final = 3
"""The cells of an extreme: how many values came, the front and the length of the queue; then the
values that may still be the extreme, then the number of each."""


def is_missing(first: float, second: float, third: float) -> bool:
    """Tell whether one of three inputs is nan."""
    together = first + second + third
    return together != together


def sum_cells(period: int) -> int:
    """Count the cells of a rolling sum."""
    return RING + period


def sma(memory: Memory, at: int, value: float, period: int) -> float:
    """Average the last ``period`` values; when they are all the same, exactly that value.

    The cells are read and written as seldom as can be: most strategies begin with this.
    """
    if value != value:
        return math.nan
    place = memory[at]
    slot = at + RING + int(place)
    total = memory[at + TOTAL] + (value - memory[slot])
    fresh = memory[at + ROUND] + value
    newest = memory[at + NEWEST]
    memory[slot] = value
    place += 1.0
    if place == period:
        place = 0.0
        total = fresh
        fresh = 0.0
        memory[at + FULL] = 1.0
    memory[at] = place
    memory[at + TOTAL] = total
    memory[at + ROUND] = fresh
    if value != newest:
        memory[at + NEWEST] = value
        memory[at + RUN] = 1.0
    else:
        run = memory[at + RUN] + 1.0
        memory[at + RUN] = run
        if run >= period:
            memory[at + TOTAL] = value * period
            return value
    if memory[at + FULL] == 0.0:
        return math.nan
    return total / period


def rolling_sum(memory: Memory, at: int, value: float, period: int) -> float:
    """Sum the last ``period`` values; when they are all the same, exactly their product."""
    mean = sma(memory, at, value, period)
    if mean != mean:
        return math.nan
    return memory[at + TOTAL]


def lag_cells(period: int) -> int:
    """Count the cells of a lag."""
    return LAG_RING + period


def lag(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the value of ``period`` values ago."""
    if value != value:
        return math.nan
    place = memory[at]
    slot = at + LAG_RING + int(place)
    oldest = math.nan
    if memory[at + FULL] != 0.0:
        oldest = memory[slot]
    memory[slot] = value
    place += 1.0
    if place == period:
        place = 0.0
        memory[at + FULL] = 1.0
    memory[at] = place
    return oldest


def extreme_cells(period: int) -> int:
    """Count the cells of a rolling extreme."""
    return QUEUE + 2 * period


def highest(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the highest of the last ``period`` values; of equal ones the newest counts.

    Keeps those that no later one has reached, so that the front is the highest: each value enters
    and leaves once, whatever the period.
    """
    if value != value:
        return math.nan
    seen = memory[at]
    front = int(memory[at + FRONT])
    length = int(memory[at + LENGTH])
    values = at + QUEUE
    numbers = values + period
    if length > 0 and memory[numbers + front] <= seen - period:
        front += 1
        if front == period:
            front = 0
        length -= 1
    last = front + length
    if last >= period:
        last -= period
    while length > 0:
        before = last - 1
        if before < 0:
            before = period - 1
        if memory[values + before] > value:
            break
        last = before
        length -= 1
    memory[values + last] = value
    memory[numbers + last] = seen
    memory[at] = seen + 1.0
    memory[at + FRONT] = float(front)
    memory[at + LENGTH] = length + 1.0
    if seen + 1.0 < period:
        return math.nan
    return memory[values + front]


def lowest(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the lowest of the last ``period`` values; of equal ones the newest counts."""
    return -highest(memory, at, -value, period)


def extreme_age(memory: Memory, at: int, period: int) -> float:
    """Count the values since the extreme of the window, 0.0 when it is the newest."""
    front = int(memory[at + FRONT])
    return memory[at] - 1.0 - memory[at + QUEUE + period + front]
