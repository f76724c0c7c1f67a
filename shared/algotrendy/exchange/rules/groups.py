"""Do to the rest of a group what one order's fate means for it: bracket, OCO, OTO.

An entry's exits are HELD until it has filled whole. Two exits are siblings and share one quantity:
what one fills, the other has no more. Cancelling one order cancels its group.
"""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.exchange.rules.codes import (
    CANCELED,
    DAY,
    EXPIRED,
    FILLED,
    GTC,
    HELD,
    PARTLY_FILLED,
    WORKING,
)
from algotrendy.exchange.rules.quantities import whole
from algotrendy.exchange.rules.records import FillRow, OrderRow


def is_open(order: OrderRow) -> bool:
    """Say whether the order may still fill, now or later."""
    return HELD <= order.state <= PARTLY_FILLED


def is_working(order: OrderRow) -> bool:
    """Say whether the order may fill now."""
    return order.state == WORKING or order.state == PARTLY_FILLED


def settle_sibling(orders: Sequence[OrderRow], index: int, quantity: float) -> None:
    """Take from the other exit what this one has just filled; cancel it when nothing is left."""
    order = orders[index]
    if order.sibling < 0:
        return
    sibling = orders[order.sibling]
    if not is_open(sibling):
        return
    left = whole(sibling.quantity - quantity)
    if order.state == FILLED or left <= sibling.filled:
        sibling.state = CANCELED
    else:
        sibling.quantity = left


def release_exits(orders: Sequence[OrderRow], count: int, entry: int) -> int:
    """Let the held exits of an entry work; give how many there were."""
    released = 0
    for k in range(count):
        order = orders[k]
        if order.state == HELD and order.parent == entry:
            order.state = WORKING
            released += 1
    return released


def release_filled(
    orders: Sequence[OrderRow], count: int, fills: Sequence[FillRow], first: int, last: int
) -> int:
    """Let the exits work of every entry that the fills ``first`` to ``last`` - 1 made whole."""
    released = 0
    for f in range(first, last):
        entry = fills[f].order
        if orders[entry].state == FILLED:
            released += release_exits(orders, count, entry)
    return released


def end(orders: Sequence[OrderRow], count: int, index: int, state: int) -> int:
    """Bring an open order to CANCELED or EXPIRED, and cancel its held exits; give how many."""
    order = orders[index]
    if not is_open(order):
        return 0
    order.state = state
    ended = 1
    for k in range(count):
        if orders[k].state == HELD and orders[k].parent == index:
            orders[k].state = CANCELED
            ended += 1
    return ended


def cancel(orders: Sequence[OrderRow], count: int, index: int) -> int:
    """Cancel an order with its group: its held exits, or the other exit; give how many.

    Cancelling a held exit cancels the entry too, as Alpaca does; what the entry has filled stays.
    """
    order = orders[index]
    if not is_open(order):
        return 0
    was_held = order.state == HELD
    ended = end(orders, count, index, CANCELED)
    if order.sibling >= 0:
        ended += end(orders, count, order.sibling, CANCELED)
    if was_held and order.parent >= 0:
        ended += end(orders, count, order.parent, CANCELED)
    return ended


def expire_session(orders: Sequence[OrderRow], count: int, extended: int) -> int:
    """End what does not outlive the session; give how many orders ended.

    Day orders expire, with their group's day orders; what is left of opg, cls, ioc and fok is
    cancelled; gtc stays.

    Args:
        extended: 0 at the close of regular hours: day orders for extended hours stay.
            1 at the end of extended hours: they expire too.
    """
    ended = 0
    for k in range(count):
        order = orders[k]
        if is_open(order) and order.tif != GTC and (extended != 0 or order.extended == 0):
            order.state = EXPIRED if order.tif == DAY else CANCELED
            ended += 1
    for k in range(count):
        order = orders[k]
        is_exit = order.state == HELD and order.parent >= 0
        if is_exit and orders[order.parent].state in (EXPIRED, CANCELED):
            order.state = CANCELED
            ended += 1
    return ended
