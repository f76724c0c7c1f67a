"""Know what the open orders of an account are about to trade and hold, without asking each again.

Sums are kept by account, symbol and side. An order is looked at when it has changed; what it holds
of the buying power also when the price it is reckoned at, the position it closes or the account's
leverage is another.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from math import inf

from algotrendy.exchange.venue.balances import WIDE, Reckoning
from algotrendy.exchange.venue.model import ZERO, Order, Position
from algotrendy.exchange.venue.orders import Orders
from algotrendy.exchange.venue.rows import is_exit, remaining
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_status import OrderStatus

Key = tuple[Decimal, float]
Positions = Mapping[str, Position]


class Standing:
    """What open orders hold that are not held back themselves.

    Args:
        orders: Tell which of an account's orders changed.
        reckoning: Knows what an order holds of the buying power.
        units_of: Gives the units that a notional order is worth now.
    """

    def __init__(
        self, orders: Orders, reckoning: Reckoning, units_of: Callable[[Order], Decimal]
    ) -> None:
        self._orders = orders
        self._reckoning = reckoning
        self._units_of = units_of
        self._accounts: dict[str, dict[tuple[str, Side], _Pile]] = {}
        self._pile_of: dict[str, _Pile] = {}

    def units(self, account_id: str, symbol: str, side: Side, without: str = "") -> Decimal:
        """Give the units that orders of a side are about to trade; of a pair of exits the larger.

        Args:
            without: Id of an order that does not count.
        """
        pile = self._piles(account_id).get((symbol, side))
        return ZERO if pile is None else pile.units(self._units_of, without)

    def money(
        self, account_id: str, positions: Positions, leverage: int, without: str = ""
    ) -> Decimal:
        """Give what the orders hold of the buying power; exits hold nothing."""
        total = ZERO
        for (symbol, side), pile in self._piles(account_id).items():
            position = positions.get(symbol)
            held = ZERO if position is None else position.quantity
            closes = abs(held) if held * side.sign < 0 else ZERO
            price = self._reckoning.market_price(symbol) if pile.priced.orders else None

            def need(order: Order, position: Position | None = position) -> Decimal:
                return self._reckoning.needed_now(order, position, leverage)

            for purse, at in ((pile.limited, None), (pile.priced, price)):
                if purse.orders:
                    part = purse.need(need, (closes, leverage, at), closes, without)
                    total = WIDE.add(total, part)
        return total

    def facing(
        self, account_id: str, symbol: str, side: Side, price: Decimal | None, is_market: bool
    ) -> list[Order]:
        """Give the orders of a side that might trade with a new one of the other, oldest first.

        Args:
            price: The worst that the new order may trade at; None: any.
            is_market: It trades at once, so that stops stand against it at any price.
        """
        pile = self._piles(account_id).get((symbol, side))
        if pile is None:
            return []
        found = pile.within(price)
        if is_market:
            known = {order.id for order in found}
            found += [order for order in pile.stops.values() if order.id not in known]
        found += pile.anywhere.values()
        return sorted(found, key=lambda order: order.sequence)

    def _piles(self, account_id: str) -> dict[tuple[str, Side], _Pile]:
        piles = self._accounts.setdefault(account_id, {})
        for order in self._orders.take_stirred(account_id):
            old = self._pile_of.pop(order.id, None)
            if old is not None:
                old.drop(order)
            if order.status.is_open and order.status is not OrderStatus.HELD:
                key = order.symbol, order.side
                pile = piles.get(key)
                if pile is None:
                    pile = piles[key] = _Pile(order.side)
                pile.put(order)
                self._pile_of[order.id] = pile
            elif old is not None and not old.members:
                piles.pop((order.symbol, order.side), None)
        return piles


class _Pile:
    """The orders of one account, symbol and side."""

    def __init__(self, side: Side) -> None:
        self.members: dict[str, tuple[str | None, Decimal, Key | None]] = {}
        self.limited, self.priced = _Purse(), _Purse()
        self.anywhere: dict[str, Order] = {}
        self.stops: dict[str, Order] = {}
        self._side = side
        self._singles = self._grouped = ZERO
        self._groups: dict[str, dict[str, Decimal]] = {}
        self._notionals: dict[str, Order] = {}
        self._keys: list[Key] = []
        self._by_sequence: dict[float, Order] = {}

    def put(self, order: Order) -> None:
        group, units = None, ZERO
        if order.quantity is None:
            self._notionals[order.id] = order
        else:
            units = remaining(order)
            group = (order.parent_id or order.id) if is_exit(order) else None
            self._count(group, order.id, units)
        self.members[order.id] = group, units, self._show(order)
        if order.parent_id is None:
            is_limited = self._side is Side.BUY and order.limit_price is not None
            (self.limited if is_limited else self.priced).put(order)

    def drop(self, order: Order) -> None:
        group, units, key = self.members.pop(order.id)
        if key is not None:
            del self._keys[bisect_left(self._keys, key)], self._by_sequence[key[1]]
        for kept in (self.anywhere, self.stops, self._notionals):
            kept.pop(order.id, None)
        self.limited.drop(order.id)
        self.priced.drop(order.id)
        if group is None:
            self._singles = WIDE.subtract(self._singles, units)
        else:
            self._count(group, order.id, None)

    def units(self, units_of: Callable[[Order], Decimal], without: str) -> Decimal:
        total = WIDE.add(self._singles, self._grouped)
        for order in self._notionals.values():
            if order.id != without:
                total = WIDE.add(total, units_of(order))
        if without not in self.members:
            return total
        group, units, _ = self.members[without]
        if group is not None:
            pair = self._groups[group]
            others = (each for name, each in pair.items() if name != without)
            units = WIDE.subtract(_larger(pair.values()), _larger(others))
        return WIDE.subtract(total, units)

    def within(self, price: Decimal | None) -> list[Order]:
        """Give the orders that may trade at a price of the other side, or at a better one."""
        keys = self._keys
        if price is not None and self._side is Side.SELL:
            keys = keys[: bisect_right(keys, (price, inf))]
        elif price is not None:
            keys = keys[bisect_left(keys, (price, -inf)) :]
        return [self._by_sequence[sequence] for _, sequence in keys]

    def _show(self, order: Order) -> Key | None:
        """Note at what price the order may meet another of its account, if it ever may."""
        if order.type is not OrderType.LIMIT:
            if is_exit(order):
                return None
            self.stops[order.id] = order
        price = worst_price(order)
        if price is None:
            self.anywhere[order.id] = order
            return None
        key = price, order.sequence
        insort(self._keys, key)
        self._by_sequence[order.sequence] = order
        return key

    def _count(self, group: str | None, order_id: str, units: Decimal | None) -> None:
        """Add an order's units, or with None take an exit's away."""
        if group is None:
            self._singles = WIDE.add(self._singles, units or ZERO)
            return
        pair = self._groups.setdefault(group, {})
        before = _larger(pair.values())
        if units is None:
            del pair[order_id]
        else:
            pair[order_id] = units
        if not pair:
            del self._groups[group]
        change = WIDE.subtract(_larger(pair.values()), before)
        self._grouped = WIDE.add(self._grouped, change)


class _Purse:
    """Orders whose needs of the buying power depend on the same things, and their sum.

    Sums stay exact: an order for a sum of money, whose need is a quotient, is asked every time.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self._notionals: dict[str, Order] = {}
        self._fresh: dict[str, Order] = {}
        self._needs: dict[str, Decimal] = {}
        self._total = self._most = ZERO
        self._basis: object = None

    def put(self, order: Order) -> None:
        self.orders[order.id] = order
        if order.quantity is None:
            self._notionals[order.id] = order
        else:
            self._fresh[order.id] = order
            self._most = max(self._most, remaining(order))

    def drop(self, order_id: str) -> None:
        if self.orders.pop(order_id, None) is None:
            return
        self._notionals.pop(order_id, None)
        self._fresh.pop(order_id, None)
        self._total = WIDE.subtract(self._total, self._needs.pop(order_id, ZERO))
        if not self.orders:
            self._most = ZERO

    def need(
        self, of: Callable[[Order], Decimal], basis: object, closes: Decimal, without: str
    ) -> Decimal:
        """Give the sum of needs.

        Args:
            of: Reckons an order's need.
            basis: What that depends on beside the order.
            closes: Units of the position that the orders would close; an order that is no larger
                needs nothing.
            without: Id of an order that does not count.
        """
        total = ZERO
        if not closes or self._most > closes:
            total = WIDE.subtract(self._sum(of, basis), self._needs.get(without, ZERO))
        for order in self._notionals.values():
            if order.id != without:
                total = WIDE.add(total, of(order))
        return total

    def _sum(self, of: Callable[[Order], Decimal], basis: object) -> Decimal:
        if basis != self._basis:
            self._basis = basis
            self._fresh = {name: o for name, o in self.orders.items() if o.quantity is not None}
            self._needs.clear()
            self._total = ZERO
        for order in self._fresh.values():
            self._needs[order.id] = need = of(order)
            self._total = WIDE.add(self._total, need)
        self._fresh.clear()
        return self._total


def worst_price(order: Order) -> Decimal | None:
    """Give the worst price at which the order may trade, or begin to; None: any."""
    if order.limit_price is not None:
        return order.limit_price
    return order.stop_price if awaits_election(order) else None


def awaits_election(order: Order) -> bool:
    """Say whether the order is a stop that no price has elected yet."""
    return order.type not in (OrderType.MARKET, OrderType.LIMIT) and not order.triggered


def _larger(units: Iterable[Decimal]) -> Decimal:
    return max(units, default=ZERO)
