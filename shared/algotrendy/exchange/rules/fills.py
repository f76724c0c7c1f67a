"""Give an order what the market has room for, and tell its group."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from algotrendy.exchange.rules.codes import CANCELED, FILLED, FOK, OPG, PARTLY_FILLED
from algotrendy.exchange.rules.groups import end, is_working, settle_sibling
from algotrendy.exchange.rules.prices import awaits_election
from algotrendy.exchange.rules.quantities import open_quantity, whole, whole_lots
from algotrendy.exchange.rules.records import FillRow, OrderRow, Terms


def room_in(volume: float, terms: Terms) -> float:
    """Give how much orders may take of a trade's or a bar's volume."""
    if terms.participation > 0.0:
        return whole(volume * terms.participation)
    if terms.size_check != 0:
        return volume
    return inf


def fill(
    orders: Sequence[OrderRow],
    index: int,
    price: float,
    room: float,
    fills: Sequence[FillRow],
    at: int,
) -> tuple[int, float]:
    """Fill an order at a price as far as there is room; give the number of fills and the room left.

    A fok order is filled whole or not at all. When ``fills`` is full nothing more is filled.
    """
    order = orders[index]
    wanted = open_quantity(order)
    quantity = wanted
    if quantity > room:
        quantity = 0.0 if order.tif == FOK else whole_lots(room, order.lot)
    if not quantity > 0.0 or at >= len(fills):
        return at, room
    if quantity < wanted:
        order.filled = whole(order.filled + quantity)
        order.state = PARTLY_FILLED
    else:
        order.filled = order.quantity
        order.state = FILLED
    row = fills[at]
    row.order = index
    row.quantity = quantity
    row.price = price
    settle_sibling(orders, index, quantity)
    return at + 1, whole(room - quantity)


def end_if_immediate(orders: Sequence[OrderRow], count: int, index: int) -> None:
    """Cancel what is left of an order that had its one chance: ioc, fok, opg, cls.

    A stop has its chance when it is elected.
    """
    order = orders[index]
    if order.tif >= OPG and is_working(order) and not awaits_election(order):
        end(orders, count, index, CANCELED)
