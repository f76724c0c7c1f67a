"""Keep a symbol's open orders in price-time priority, as the records that the rules read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.rules import codes
from algotrendy.exchange.rules.prices import is_touched
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
_NEAR = Decimal("0.000001")
"""More than a price loses on its way to a float."""
_LAST = 2**63
_FIRST_BUY = (_AT_A_LIMIT, Decimal("-Infinity"), 0, 0)
_FIRST_SELL = (_AT_A_LIMIT, Decimal(0), 0, 0)
_FIRST_STOP = (_NOT_YET, Decimal("-Infinity"), 0, 0)


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
        self._families: dict[str, set[str]] = {}
        self._by_id: dict[str, tuple[Rank, str]] = {}
        self._brief: set[str] = set()

    def update(self, moved: Iterable[Order]) -> None:
        """Put orders that changed in their places, and drop those that are over."""
        changed = list(moved)
        for order in changed:
            self._drop(order.id)
        for order in changed:
            if order.status.is_open:
                self._put(order)

    def whole(self) -> Part:
        """Give all of it."""
        return _linked(list(self.orders), list(self.rows))

    def of(self, order: Order) -> Part:
        """Give an open order with its group."""
        return self._part({order.id})

    def touched(self, ask: float, bid: float) -> Part:
        """Give the orders, with their groups, to which a price may mean something.

        Args:
            ask: What buyers see, 0 for nothing.
            bid: What sellers see.
        """
        ranks = self._ranks
        sells = bisect_left(ranks, _FIRST_SELL)
        stops = bisect_left(ranks, _FIRST_STOP)
        last_buy = bisect_left(ranks, (_AT_A_LIMIT, _NEAR - Decimal(ask), 0, 0), 0, sells)
        last_sell = bisect_left(ranks, (_AT_A_LIMIT, _NEAR + Decimal(bid), 0, 0), sells, stops)
        names = set(self._brief)
        for span in (range(last_buy), range(sells, last_sell), range(stops, len(ranks))):
            for place in span:
                row = self.rows[place]
                price = ask if row.side > 0 else bid
                if is_touched(row, price, price):
                    names.add(self.orders[place].id)
        return self._part(names)

    def _part(self, names: set[str]) -> Part:
        for name in tuple(names):
            names |= self._families.get(self._by_id[name][1], set())
        places = sorted(bisect_left(self._ranks, self._by_id[name][0]) for name in names)
        return _linked([self.orders[p] for p in places], [self.rows[p] for p in places])

    def _drop(self, name: str) -> None:
        if (known := self._by_id.pop(name, None)) is None:
            return
        rank, family = known
        place = bisect_left(self._ranks, rank)
        del self.orders[place], self.rows[place], self._ranks[place]
        self._brief.discard(name)
        if family:
            self._families[family].discard(name)
            if not self._families[family]:
                del self._families[family]

    def _put(self, order: Order) -> None:
        rank = self._rank(order)
        place = bisect_left(self._ranks, rank)
        family = ""
        if order.order_class is not OrderClass.SIMPLE:
            family = order.parent_id or order.id
            self._families.setdefault(family, set()).add(order.id)
        self._by_id[order.id] = rank, family
        self._ranks.insert(place, rank)
        self.orders.insert(place, order)
        self.rows.insert(place, row_of(order, self.asset))
        if order.time_in_force not in (TimeInForce.DAY, TimeInForce.GTC):
            self._brief.add(order.id)

    def resting_against(self, order: Order, bound: Decimal) -> list[Order]:
        """Give the working limit orders of other accounts on the other side, the first first.

        Args:
            bound: The worst price that the order would trade at.
        """
        first, worst = (_FIRST_SELL, bound) if order.side is Side.BUY else (_FIRST_BUY, -bound)
        begin = bisect_left(self._ranks, first)
        end = bisect_left(self._ranks, (_AT_A_LIMIT, worst, _LAST, _LAST), begin)
        return [
            each
            for each in self.orders[begin:end]
            if each.side is not order.side
            and each.account_id != order.account_id
            and each.status in WORKING
            and each.quantity is not None
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


@dataclass(frozen=True, slots=True)
class Part:
    """Some orders of a book in their order, whole groups, and their records with links."""

    orders: Sequence[Order]
    rows: list[OrderRow]

    def place(self, order: Order) -> int:
        """Say where the order stands."""
        return next(place for place, each in enumerate(self.orders) if each is order)


def _linked(orders: Sequence[Order], rows: list[OrderRow]) -> Part:
    places = {order.id: place for place, order in enumerate(orders)}
    exits: dict[str, list[int]] = {}
    for place, (order, row) in enumerate(zip(orders, rows, strict=True)):
        row.parent = row.sibling = -1
        if order.order_class is OrderClass.OCO:
            row.sibling = places.get(order.parent_id or order.legs[0], -1)
        elif order.parent_id is not None:
            row.parent = places.get(order.parent_id, -1)
            exits.setdefault(order.parent_id, []).append(place)
    for pair in exits.values():
        if len(pair) == _A_PAIR:
            first, second = pair
            rows[first].sibling, rows[second].sibling = second, first
    return Part(orders, rows)


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
