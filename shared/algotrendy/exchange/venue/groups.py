"""Let the orders of a group follow each other: bracket, OCO, OTO."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.model import ZERO, Order, UpdateEvent
from algotrendy.exchange.venue.rows import is_exit
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus


class Groups:
    """What one order's fate means for the others of its group."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._orders = desk.orders

    def exits_for(self, order: Order, request: OrderRequest) -> list[Order]:
        """Make the exits that come with a new order, and tell it of them; nothing is kept yet."""
        targets: list[tuple[OrderType, Decimal | None, Decimal | None]] = []
        if request.take_profit is not None and request.order_class is not OrderClass.OCO:
            targets.append((OrderType.LIMIT, request.take_profit.limit_price, None))
        if (stop := request.stop_loss) is not None:
            kind = OrderType.STOP if stop.limit_price is None else OrderType.STOP_LIMIT
            targets.append((kind, stop.limit_price, stop.stop_price))
        side = order.side if request.order_class is OrderClass.OCO else order.side.opposite
        exits = []
        for place, (kind, limit, stop_price) in enumerate(targets, 1):
            sequence = order.sequence + place
            exits.append(
                replace(
                    order,
                    id=self._orders.order_id(sequence),
                    sequence=sequence,
                    client_order_id=self._orders.client_order_id(sequence),
                    side=side,
                    type=kind,
                    limit_price=limit,
                    stop_price=stop_price,
                    parent_id=order.id,
                )
            )
        order.legs = tuple(each.id for each in exits)
        return exits

    def sibling(self, order: Order) -> Order | None:
        """Give the other exit of a pair."""
        if order.order_class not in (OrderClass.BRACKET, OrderClass.OCO) or not is_exit(order):
            return None
        if order.parent_id is None:
            return self._orders.get(order.legs[0]) if order.legs else None
        parent = self._orders.get(order.parent_id)
        if order.order_class is OrderClass.OCO:
            return parent
        return next((self._orders.get(leg) for leg in parent.legs if leg != order.id), None)

    def entry(self, order: Order) -> Order | None:
        """Give the entry of an exit; the exits of an OCO have none."""
        if order.parent_id is None or order.order_class is OrderClass.OCO:
            return None
        return self._orders.get(order.parent_id)

    def after_fill(self, order: Order, quantity: Decimal, now: datetime) -> list[Order]:
        """Release the exits of an entry that is whole; shrink or cancel the other exit.

        Returns:
            The exits that begin to work.
        """
        if is_exit(order):
            self._settle(order, quantity, now)
            return []
        if order.status is not OrderStatus.FILLED:
            return []
        released = []
        for leg in (self._orders.get(leg) for leg in order.legs):
            if leg.status is OrderStatus.HELD:
                works = self._desk.works(leg, now)
                status = OrderStatus.NEW if works else OrderStatus.ACCEPTED
                self._orders.move(leg, status, UpdateEvent.NEW if works else None, now)
                released.append(leg)
        return released

    def end(self, order: Order, status: OrderStatus, now: datetime) -> None:
        """Cancel or expire one open order, and cancel the exits that waited for it."""
        event = UpdateEvent.EXPIRED if status is OrderStatus.EXPIRED else UpdateEvent.CANCELED
        self._orders.move(order, status, event, now)
        if is_exit(order):
            return
        for leg in (self._orders.get(leg) for leg in order.legs):
            if leg.status.is_open:
                self._orders.move(leg, OrderStatus.CANCELED, UpdateEvent.CANCELED, now)

    def cancel(self, order: Order, now: datetime) -> None:
        """Cancel an open order with its group; what was filled stays."""
        was_held = order.status is OrderStatus.HELD
        self.end(order, OrderStatus.CANCELED, now)
        others = [self.sibling(order), self.entry(order) if was_held else None]
        for other in others:
            if other is not None and other.status.is_open:
                self.end(other, OrderStatus.CANCELED, now)

    def after_bust(self, order: Order, quantity: Decimal, now: datetime) -> None:
        """Give the other exit back what it was shrunk by, and cancel exits with nothing to close.

        Args:
            order: With the busted quantity taken off already.
        """
        other = self.sibling(order)
        if other is not None and other.status.is_open and order.status.is_open:
            other.quantity = (other.quantity or quantity) + quantity
            self._orders.touch(other, now)
            self._orders.tell(other, UpdateEvent.RESTATED, now)
        for each in reversed(self._orders.open_of_account(order.account_id, order.symbol)):
            if is_exit(each) and each.status.is_open and each.status is not OrderStatus.HELD:
                self._cancel_uncovered(each, now)

    def _cancel_uncovered(self, order: Order, now: datetime) -> None:
        held = -self._desk.held(order.account_id, order.symbol) * order.side.sign
        if self._desk.reserved(order.account_id, order.symbol, order.side) > max(held, ZERO):
            self.cancel(order, now)

    def take_place(self, old: Order, new: Order) -> None:
        """Let a replacement take the place of an order in its group."""
        new.legs, new.parent_id = old.legs, old.parent_id
        changed = [self._orders.get(leg) for leg in old.legs]
        for leg in changed:
            leg.parent_id = new.id
        if old.parent_id is not None:
            parent = self._orders.get(old.parent_id)
            parent.legs = tuple(new.id if leg == old.id else leg for leg in parent.legs)
            changed.append(parent)
        for each in changed:
            self._orders.touch(each, new.created_at)

    def _settle(self, order: Order, quantity: Decimal, now: datetime) -> None:
        other = self.sibling(order)
        if other is None or not other.status.is_open or other.quantity is None:
            return
        left = other.quantity - quantity
        if order.status is OrderStatus.FILLED or left <= other.filled_quantity:
            self._orders.move(other, OrderStatus.CANCELED, UpdateEvent.CANCELED, now)
            return
        other.quantity = left
        self._orders.touch(other, now)
        self._orders.tell(other, UpdateEvent.RESTATED, now)
