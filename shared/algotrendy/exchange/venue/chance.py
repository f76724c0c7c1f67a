"""Leave the size of a fill to chance, the same way each time it is asked."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.rows import remaining
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.decimals import floor_to, is_multiple
from algotrendy.kernel.order import TimeInForce

_LEAST_PERCENT = 10
_MOST_PERCENT = 90
_ONE = Decimal(1)


def part_of(terms: VenueTerms, order: Order, executions: int, step: Decimal) -> Decimal | None:
    """Give the most that the order's next fill may be; None: all that the market gives.

    It depends on the seed, the order and the number of its fills alone, so that a venue which
    was restarted decides as the one before would have.
    """
    if terms.partial_fills <= 0 or order.quantity is None or order.time_in_force is TimeInForce.FOK:
        return None
    chance = Random(f"{terms.seed}/{order.sequence}/{executions}")  # noqa: S311 - play money
    if chance.random() >= terms.partial_fills:
        return None
    left = remaining(order)
    lot = _ONE if is_multiple(order.quantity, _ONE) else step
    part = max(floor_to(left * chance.randint(_LEAST_PERCENT, _MOST_PERCENT) / 100, lot), lot)
    return part if part < left else None
