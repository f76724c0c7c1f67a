"""Find prices of levels: whole numbers of a size, or of a percentage, from an anchor."""

from __future__ import annotations

NEAR_LEVEL = 1e-6
"""Share of a size by which a price may fail a level and still reach it."""
NEAR_AMOUNT = 1e-9
"""Share of an amount that may be missing when it counts as full."""
MOST_OF_ONE_TICK = 1_000_000
"""Bars that one trade may make; more are a bad price or a bad size."""
MOST_STEPS = 4
"""Levels by which the quotient of a price and a size may be beside its level."""
NEVER = -(1 << 63)
"""Before every time."""


def level_price(anchor: float, size: float, percent: float, level: int) -> float:
    """Give the price of a level; with a percentage each is so much above the one below it."""
    if percent > 0.0:
        return anchor * power(1.0 + percent / 100.0, level)
    return anchor + level * size


def power(base: float, exponent: int) -> float:
    """Raise to a whole power by products alone, which have the same bits on every machine."""
    left = abs(exponent)
    result = 1.0
    while left > 0:
        if left % 2 == 1:
            result *= base
        base *= base
        left //= 2
    return result if exponent >= 0 else 1.0 / result
