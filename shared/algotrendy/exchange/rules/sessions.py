"""Say which orders work at what time of the session."""

from __future__ import annotations

from algotrendy.exchange.rules.codes import (
    CLS,
    FIRST_OF_SESSION,
    LAST_OF_SESSION,
    OPG,
    PARTLY_FILLED,
    REGULAR_HOURS,
    WORKING,
)
from algotrendy.exchange.rules.records import OrderRow


def is_for_auction(order: OrderRow) -> bool:
    """Say whether the order takes part in an auction only."""
    return order.tif == OPG or order.tif == CLS


def works_in(order: OrderRow, phase: int) -> bool:
    """Say whether an order may trade on an event of a phase.

    opg orders work on the first event of a session only and cls orders on the last, which are its
    auctions; the others in regular hours, and with ``extended`` at any time.
    """
    if order.state != WORKING and order.state != PARTLY_FILLED:
        return False
    if order.tif == OPG:
        return phase & FIRST_OF_SESSION != 0
    if order.tif == CLS:
        return phase & LAST_OF_SESSION != 0
    return order.extended != 0 or phase & REGULAR_HOURS != 0
