"""Say what a price means to an order: within its limit, at its stop, and where a trail leads."""

from __future__ import annotations

from math import floor, inf

from algotrendy.exchange.rules.codes import (
    LIMIT,
    MARKET,
    OPG,
    PARTLY_FILLED,
    STOP_LIMIT,
    TRAILING_STOP,
    WORKING,
)
from algotrendy.exchange.rules.records import OrderRow


def is_within(side: int, limit: float, price: float) -> bool:
    """Say whether a price is the limit or better."""
    if side > 0:
        return price <= limit
    return price >= limit


def is_reached(side: int, stop: float, price: float) -> bool:
    """Say whether a price is the stop or beyond it."""
    if side > 0:
        return price >= stop
    return price <= stop


def is_touched(order: OrderRow, low: float, high: float) -> bool:
    """Say whether prices from low to high can mean anything to an order.

    Quick and generous: what it calls untouched stays as it is, what it calls touched may too.
    """
    if order.state != WORKING and order.state != PARTLY_FILLED:
        return False
    kind = order.kind
    if kind == MARKET or order.tif >= OPG:
        return True
    if kind == LIMIT or (kind == STOP_LIMIT and order.triggered != 0):
        return low <= order.limit if order.side > 0 else high >= order.limit
    if order.triggered != 0:
        return True
    if kind == TRAILING_STOP:
        mark = order.mark
        if mark == 0.0 or (low < mark if order.side > 0 else high > mark):
            return True
    return high >= order.stop if order.side > 0 else low <= order.stop


def quiet_band(order: OrderRow) -> tuple[float, float]:
    """Give between which prices, neither of them included, nothing touches an order.

    It holds as long as the order stays as it is: `is_touched` is false of every low and high
    within. Where that is never certain, the first is inf.
    """
    if order.state != WORKING and order.state != PARTLY_FILLED:
        return -inf, inf
    kind = order.kind
    if kind == MARKET or order.tif >= OPG:
        return inf, inf
    if kind == LIMIT or (kind == STOP_LIMIT and order.triggered != 0):
        return (order.limit, inf) if order.side > 0 else (-inf, order.limit)
    if order.triggered != 0 or (kind == TRAILING_STOP and order.mark == 0.0):
        return inf, inf
    mark = order.mark if kind == TRAILING_STOP else -inf * order.side
    return (mark, order.stop) if order.side > 0 else (order.stop, mark)


def has_limit(order: OrderRow) -> bool:
    """Say whether the order names the worst price it takes."""
    return order.kind == LIMIT or order.kind == STOP_LIMIT


def awaits_election(order: OrderRow) -> bool:
    """Say whether the order is a stop that no price has reached yet."""
    return order.kind > LIMIT and order.triggered == 0


def takes(order: OrderRow, price: float) -> bool:
    """Say whether an order that needs no election, or has it, can fill at a price."""
    if order.kind == LIMIT or order.kind == STOP_LIMIT:
        return is_within(order.side, order.limit, price)
    return True


def on_grid(price: float, increment: float) -> float:
    """Give the nearest multiple of the increment; the price itself when the increment is 0.0.

    Where the increment divides 1 the result is the float nearest to the decimal: 7 steps of 0.01
    are 7 / 100, which is 0.07; 7 * 0.01 is not.
    """
    if not increment > 0.0:
        return price
    steps = floor(price / increment + 0.5)
    if increment < 1.0:
        per_unit = floor(1.0 / increment + 0.5)
        off = per_unit * increment - 1.0
        if -1e-12 < off < 1e-12:
            return steps / per_unit
    return steps * increment


def trailed_stop(order: OrderRow, mark: float) -> float:
    """Give the stop that lies the order's distance behind a mark."""
    distance = order.trail_price
    if distance == 0.0:
        distance = mark * order.trail_percent / 100.0
    if order.side > 0:
        return on_grid(mark + distance, order.increment)
    return on_grid(mark - distance, order.increment)


def follow(order: OrderRow, price: float) -> None:
    """Move a trailing stop's mark to a better price, and its stop with it; never back."""
    if order.mark == 0.0 or (price < order.mark if order.side > 0 else price > order.mark):
        order.mark = price
        order.stop = trailed_stop(order, price)


def elect(order: OrderRow, price: float, elects: int) -> bool:
    """Say whether the order may trade, after it has seen a price.

    A stop that the price reaches is triggered; a trailing stop that it does not reach follows.

    Args:
        elects: 0 when such a price elects no stop; it gives a trailing stop its first mark only.
    """
    if order.kind == MARKET or order.kind == LIMIT or order.triggered != 0:
        return True
    if order.kind == TRAILING_STOP and order.mark == 0.0:
        follow(order, price)
    if elects == 0:
        return False
    if is_reached(order.side, order.stop, price):
        order.triggered = 1
        return True
    if order.kind == TRAILING_STOP:
        follow(order, price)
    return False
