"""Keep quantities on the grid of billionths, on which float64 would drift."""

from __future__ import annotations

from math import floor
from typing import Final

from algotrendy.exchange.rules.codes import QUANTITY_STEPS
from algotrendy.exchange.rules.records import OrderRow

EXACT_STEPS: Final = 4503599627370496.0
"""2**52: from here on float64 has no halves, and a quantity is as exact as it will get."""


def whole(quantity: float) -> float:
    """Give the nearest whole number of billionths; for quantities >= 0.0."""
    steps = quantity * QUANTITY_STEPS
    if not steps < EXACT_STEPS:
        return quantity
    return floor(steps + 0.5) / QUANTITY_STEPS


def whole_lots(quantity: float, lot: float) -> float:
    """Give the most whole lots in a quantity; a lot of 0.0 is a billionth."""
    lot_steps = floor(lot * QUANTITY_STEPS + 0.5)
    steps = quantity * QUANTITY_STEPS
    if lot_steps < 2 or not steps < EXACT_STEPS:
        return quantity
    return floor(steps + 0.5) // lot_steps * lot_steps / QUANTITY_STEPS


def open_quantity(order: OrderRow) -> float:
    """Give what an order still wants."""
    return whole(order.quantity - order.filled)
