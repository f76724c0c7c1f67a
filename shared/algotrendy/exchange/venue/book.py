"""Keep a symbol's open orders in price-time priority, as the records that the rules read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.rules import codes
from algotrendy.exchange.rules.records import OrderRow
from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.orders import WORKING
from algotrendy.exchange.venue.rows import row_of
from algotrendy.kernel.order import OrderClass, OrderType, Side

_AT_ANY_PRICE = 0
_AT_A_LIMIT = 1
_NOT_YET = 2


class Book:
    """One symbol's open orders: who comes first, and their records with links between groups.

    Orders that trade at any price come first, then limit orders, the better price first, then
    stops that wait for their price; within each, who came first.
    """

    def __init__(self, asset: Asset, priority: Callable[[Order], int]) -> None:
        self.asset = asset
        self.version = -1
        self.orders: list[Order] = []
        self.rows: list[OrderRow] = []
        self.places: dict[str, int] = {}
        self._priority = priority

    def rebuild(self, orders: Iterable[Order], version: int) -> None:
        """Put the open orders in their places."""
        self.version = version
        self.orders = sorted(orders, key=self._rank)
        self.rows = [row_of(order, self.asset) for order in self.orders]
        self.places = {order.id: place for place, order in enumerate(self.orders)}
        for order, row in zip(self.orders, self.rows, strict=True):
            self._link(order, row)

    def resting_against(self, order: Order) -> list[Order]:
        """Give the working limit orders of other accounts on the other side, the first first."""
        return [
            each
            for each in self.orders
            if each.side is not order.side
            and each.account_id != order.account_id
            and each.status in WORKING
            and each.quantity is not None
            and resting_limit(each) is not None
        ]

    def _rank(self, order: Order) -> tuple[int, Decimal, int]:
        price = Decimal(0)
        if is_waiting_stop(order):
            rank = _NOT_YET
        elif order.limit_price is None:
            rank = _AT_ANY_PRICE
        else:
            rank = _AT_A_LIMIT
            price = -order.limit_price if order.side is Side.BUY else order.limit_price
        return rank, price, self._priority(order)

    def _link(self, order: Order, row: OrderRow) -> None:
        if order.parent_id is None:
            if order.order_class is OrderClass.OCO and order.legs:
                row.sibling = self.places.get(order.legs[0], -1)
            return
        if order.order_class is OrderClass.OCO:
            row.sibling = self.places.get(order.parent_id, -1)
            return
        row.parent = self.places.get(order.parent_id, -1)
        if order.order_class is OrderClass.BRACKET:
            row.sibling = next(
                (
                    place
                    for place, other in enumerate(self.orders)
                    if other.parent_id == order.parent_id and other.id != order.id
                ),
                -1,
            )


def is_waiting_stop(order: Order) -> bool:
    """Say whether the order is a stop that no price has elected yet."""
    return order.type not in (OrderType.MARKET, OrderType.LIMIT) and not order.triggered


def resting_limit(order: Order) -> Decimal | None:
    """Give the price at which the order stands in the book; None when it does not."""
    return None if is_waiting_stop(order) else order.limit_price


def detached(order: Order, asset: Asset) -> OrderRow:
    """Write an order as a record that stands alone and stays when it is not filled whole."""
    row = row_of(order, asset)
    row.role = codes.ALONE
    row.tif = codes.GTC
    row.extended = 1
    return row


def detach(rows: list[OrderRow], place: int) -> None:
    """Cut a record off from its group, so that what becomes of it moves no other."""
    row = rows[place]
    row.role = codes.ALONE
    row.parent = -1
    row.sibling = -1
    for other in rows:
        if other.parent == place:
            other.parent = -1
        if other.sibling == place:
            other.sibling = -1
