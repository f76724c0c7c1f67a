"""Measure how two series move together."""

from __future__ import annotations

import math
from typing import Final

from algotrendy.strategy.indicators.updates.moments import variance, variance_cells
from algotrendy.strategy.indicators.updates.windows import Memory

FULL: Final = 1
ANCHOR: Final = 2
TOTAL: Final = 3
OTHER_ANCHOR: Final = 4
OTHER_TOTAL: Final = 5
PRODUCTS: Final = 6
ROUND_ANCHOR: Final = 7
ROUND_TOTAL: Final = 8
ROUND_OTHER_ANCHOR: Final = 9
ROUND_OTHER_TOTAL: Final = 10
ROUND_PRODUCTS: Final = 11
RINGS: Final = 12
"""The cells of a covariance, after the place in the rings where the next values go: 1.0 once they
were full; the value that sums are relative to and the sum, of either series; the sum of products;
the same five for this round alone; then both rings."""


def covariance_cells(period: int) -> int:
    """Count the cells of a covariance."""
    return RINGS + 2 * period


def covariance(memory: Memory, at: int, one: float, other: float, period: int) -> float:
    """Give the population covariance of the last ``period`` values of two series."""
    if one != one or other != other:
        return math.nan
    place = memory[at]
    full = memory[at + FULL]
    if place == 0.0 and full == 0.0:
        memory[at + ROUND_ANCHOR] = one
        memory[at + ROUND_OTHER_ANCHOR] = other
    slot = at + RINGS + int(place)
    anchor, other_anchor = memory[at + ANCHOR], memory[at + OTHER_ANCHOR]
    enters, other_enters = one - anchor, other - other_anchor
    leaves, other_leaves = memory[slot] - anchor, memory[slot + period] - other_anchor
    total = memory[at + TOTAL] + (enters - leaves)
    other_total = memory[at + OTHER_TOTAL] + (other_enters - other_leaves)
    products = memory[at + PRODUCTS] + (enters * other_enters - leaves * other_leaves)
    fresh = one - memory[at + ROUND_ANCHOR]
    other_fresh = other - memory[at + ROUND_OTHER_ANCHOR]
    round_total = memory[at + ROUND_TOTAL] + fresh
    round_other_total = memory[at + ROUND_OTHER_TOTAL] + other_fresh
    round_products = memory[at + ROUND_PRODUCTS] + fresh * other_fresh
    memory[slot] = one
    memory[slot + period] = other
    place += 1.0
    if place == period:
        place = 0.0
        full = 1.0
        total, other_total, products = round_total, round_other_total, round_products
        round_total, round_other_total, round_products = 0.0, 0.0, 0.0
        memory[at + ANCHOR] = memory[at + ROUND_ANCHOR]
        memory[at + OTHER_ANCHOR] = memory[at + ROUND_OTHER_ANCHOR]
        memory[at + ROUND_ANCHOR] = one
        memory[at + ROUND_OTHER_ANCHOR] = other
    memory[at] = place
    memory[at + FULL] = full
    memory[at + TOTAL] = total
    memory[at + OTHER_TOTAL] = other_total
    memory[at + PRODUCTS] = products
    memory[at + ROUND_TOTAL] = round_total
    memory[at + ROUND_OTHER_TOTAL] = round_other_total
    memory[at + ROUND_PRODUCTS] = round_products
    if full == 0.0:
        return math.nan
    return products / period - (total / period) * (other_total / period)


def correlation_cells(period: int) -> int:
    """Count the cells of a correlation."""
    return covariance_cells(period) + 2 * variance_cells(period)


def correlation(memory: Memory, at: int, one: float, other: float, period: int) -> float:
    """Correlate the last ``period`` values of two series; nan when one of them does not move."""
    if one != one or other != other:
        return math.nan
    together = covariance(memory, at, one, other, period)
    first = at + covariance_cells(period)
    alone = variance(memory, first, one, period)
    alone *= variance(memory, first + variance_cells(period), other, period)
    if not alone > 0.0:
        return math.nan
    found = together / math.sqrt(alone)
    if found > 1.0:
        return 1.0
    if found < -1.0:
        return -1.0
    return found
