"""Carry a position through its fills at average cost.

One source for two number types: floats, interpreted or compiled, and decimals. ``quantity`` and
``cost`` are negative for a short. On floats, round quantities to ``codes.QUANTITY_STEPS`` first;
on decimals, round the cost to the ledger's finest step and take `realised` of what it became.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

N = TypeVar("N", float, Decimal)


def cost_after(quantity: N, cost: N, change: N, price: N) -> N:
    """Give a position's cost after a fill.

    A fill against the position takes the same share of its cost as of its quantity; one larger
    than the position closes it, and opens the rest at the fill's price.

    Args:
        quantity: Before the fill.
        cost: Before the fill; what was paid, or minus what was received for a short.
        change: Of the quantity: positive for a buy.
        price: Of one unit.
    """
    left = quantity + change
    if quantity * change >= 0:
        return cost + change * price
    if quantity * left >= 0:
        return cost * left / quantity
    return left * price


def realised(cost: N, after: N, change: N, price: N) -> N:
    """Give the profit that a fill took, fees apart: cost after - cost before - signed value."""
    return after - cost - change * price


def after_fill(quantity: N, cost: N, change: N, price: N) -> tuple[N, N, N]:
    """Give quantity and cost after a fill, and the profit that it took."""
    after = cost_after(quantity, cost, change, price)
    return quantity + change, after, realised(cost, after, change, price)


def market_value(quantity: N, price: N) -> N:
    """Give what a position is worth; negative for a short."""
    return quantity * price


def opening_part(quantity: N, change: N) -> N:
    """Give how much of a change opens or adds to a position, >= 0; the rest of it closes."""
    left = quantity + change
    if quantity * change >= 0:
        return abs(change)
    if quantity * left >= 0:
        return abs(left - left)
    return abs(left)
