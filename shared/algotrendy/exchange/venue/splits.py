"""Restate the open orders of a symbol whose shares were split.

A reverse split cancels open orders; else their sizes are multiplied and rounded down to what can
be traded, and their prices divided and rounded to a step. FINRA rule 5330 asks that of orders to
buy and of stops to sell, rounds down, and keeps to round lots. Here it is done to limits to sell
too, which would not fill again at the old price; they are rounded up, and sizes to whole shares.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.groups import Groups
from algotrendy.exchange.venue.model import Order, UpdateEvent
from algotrendy.exchange.venue.rows import price_step
from algotrendy.kernel.decimals import ceil_to, decimals_of, floor_to
from algotrendy.kernel.order import Side

_ONE = Decimal(1)
_MOST_DECIMALS = 9


def restate_orders(
    desk: Desk, groups: Groups, symbol: str, new: int, old: int, now: datetime
) -> None:
    """Let open orders mean the same in new shares, or cancel them."""
    for order in desk.orders.open_of_symbol(symbol):
        if not order.status.is_open:
            continue
        if new < old or not _restate(desk, order, Decimal(new), Decimal(old)):
            groups.cancel(order, now)
            continue
        desk.orders.touch(order, now)
        desk.orders.tell(order, UpdateEvent.RESTATED, now)


def _restate(desk: Desk, order: Order, new: Decimal, old: Decimal) -> bool:
    """Change the order; say whether it can be said exactly in new shares."""
    asset = desk.assets[order.symbol]
    filled = order.filled_quantity * new / old
    if decimals_of(filled) > _MOST_DECIMALS:
        return False
    if order.quantity is not None:
        is_whole = order.quantity == order.quantity.to_integral_value()
        quantity = floor_to(order.quantity * new / old, _ONE if is_whole else asset.quantity_step)
        if quantity <= filled:
            return False
        order.quantity = quantity
    order.filled_quantity = filled
    for name in ("limit_price", "stop_price", "trail_price", "mark"):
        price: Decimal | None = getattr(order, name)
        if price is None:
            continue
        restated = price * old / new
        keeps_owner_whole = name == "limit_price" and order.side is Side.SELL
        to_step = ceil_to if keeps_owner_whole else floor_to
        restated = to_step(restated, price_step(asset, restated))
        if restated <= 0:
            return False
        setattr(order, name, restated)
    return True
