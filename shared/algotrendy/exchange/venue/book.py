"""Keep a symbol's open orders in price-time priority, as the records that the rules read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.rules import codes
from algotrendy.exchange.rules.records import OrderRow
from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.orders import WORKING
from algotrendy.exchange.venue.rows import row_of
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce

Rank = tuple[int, Decimal, int, int]

_A_PAIR = 2
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
        self.orders: list[Order] = []
        self.rows: list[OrderRow] = []
        self._priority = priority
        self._ranks: list[Rank] = []
        self._rank_of: dict[str, Rank] = {}
        self._groups: set[str] = set()
        self._stops: set[str] = set()
        self._notionals: set[str] = set()
        self._brief: set[str] = set()

    def update(self, moved: Iterable[Order]) -> None:
        """Put orders that changed in their places, and drop those that are over."""
        changed = list(moved)
        for order in changed:
            if (rank := self._rank_of.pop(order.id, None)) is not None:
                place = bisect_left(self._ranks, rank)
                del self.orders[place], self.rows[place], self._ranks[place]
                for kind in (self._groups, self._stops, self._notionals, self._brief):
                    kind.discard(order.id)
        for order in changed:
            if order.status.is_open:
                self._put(order)
        if changed and self._groups:
            self._link_all()

    @property
    def has_stops(self) -> bool:
        """Say whether any order is a stop."""
        return bool(self._stops)

    @property
    def has_notionals(self) -> bool:
        """Say whether any order is for a sum of money."""
        return bool(self._notionals)

    @property
    def has_brief(self) -> bool:
        """Say whether any order may end without a fill: ioc, fok, opg, cls."""
        return bool(self._brief)

    def place(self, order: Order) -> int:
        """Say where in the list an open order stands."""
        return bisect_left(self._ranks, self._rank_of[order.id])

    def _put(self, order: Order) -> None:
        rank = self._rank(order)
        place = bisect_left(self._ranks, rank)
        self._rank_of[order.id] = rank
        self._ranks.insert(place, rank)
        self.orders.insert(place, order)
        self.rows.insert(place, row_of(order, self.asset))
        if order.order_class is not OrderClass.SIMPLE:
            self._groups.add(order.id)
        if order.type not in (OrderType.MARKET, OrderType.LIMIT):
            self._stops.add(order.id)
        if order.quantity is None:
            self._notionals.add(order.id)
        if order.time_in_force not in (TimeInForce.DAY, TimeInForce.GTC):
            self._brief.add(order.id)

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

    def _rank(self, order: Order) -> Rank:
        price = Decimal(0)
        if is_waiting_stop(order):
            rank = _NOT_YET
        elif order.limit_price is None:
            rank = _AT_ANY_PRICE
        else:
            rank = _AT_A_LIMIT
            price = -order.limit_price if order.side is Side.BUY else order.limit_price
        return rank, price, self._priority(order), order.sequence

    def _link_all(self) -> None:
        places = {order.id: place for place, order in enumerate(self.orders)}
        exits: dict[str, list[int]] = {}
        for place, (order, row) in enumerate(zip(self.orders, self.rows, strict=True)):
            row.parent = row.sibling = -1
            if order.order_class is OrderClass.OCO:
                row.sibling = places.get(order.parent_id or order.legs[0], -1)
            elif order.parent_id is not None:
                row.parent = places.get(order.parent_id, -1)
                exits.setdefault(order.parent_id, []).append(place)
        for pair in exits.values():
            if len(pair) == _A_PAIR:
                first, second = pair
                self.rows[first].sibling, self.rows[second].sibling = second, first


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
