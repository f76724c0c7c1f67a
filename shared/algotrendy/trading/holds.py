"""Set buying power aside for orders, and never forget to give it back.

A hold is no state of its own, which could be left behind: it is read from its order each time.
Fills consume it, and the end of the order releases the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT, share
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.money import Currency, Money
from algotrendy.trading import entries
from algotrendy.trading.journal import Entry
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder


@dataclass(frozen=True, slots=True)
class Hold:
    """What was set aside for an order, and where it is: ``reserved`` is the sum of the others.

    Each is zero or more.
    """

    order_id: OrderId
    account: AccountId
    reserved: Money
    consumed: Money
    released: Money
    held: Money


def hold_of(order: PlatformOrder) -> Hold:
    """Read the hold of an order.

    An open order holds the part of what is not filled. One that is over holds nothing, but for
    executions that its broker counted and has yet to tell: their cash is spent already.
    """
    consumed = _consumed(order)
    rest = order.reserved - consumed
    held = min(rest, _awaited(order)) if order.is_terminal else rest
    return Hold(order.id, order.account, order.reserved, consumed, rest - held, held)


def held(orders: Iterable[PlatformOrder], account: AccountId, currency: Currency) -> Money:
    """Add up what is held of one currency for the orders of one account."""
    return sum(
        (
            hold_of(order).held
            for order in orders
            if order.account == account and order.currency is currency
        ),
        Money.zero(currency),
    )


def hold_entry(
    before: PlatformOrder | None, after: PlatformOrder, event: OrderEvent
) -> Entry | None:
    """Write what an event did to the hold of its order; None when it did nothing."""
    now = hold_of(after).held
    change = now if before is None else now - hold_of(before).held
    if not change:
        return None
    return entries.hold(after.account, f"{after.id}/{event.id}", event.at, change)


def _consumed(order: PlatformOrder) -> Money:
    remaining = order.remaining_quantity
    if remaining is None:
        return min(order.reserved, order.filled_notional)
    return order.reserved - _part(order, remaining)


def _awaited(order: PlatformOrder) -> Money:
    missing = order.missing_quantity
    if order.request.quantity is None:
        return order.reserved if missing else Money.zero(order.currency)
    return _part(order, min(missing, order.request.quantity))


def _part(order: PlatformOrder, quantity: Decimal) -> Money:
    whole = order.request.quantity
    if whole is None or not quantity:
        return Money.zero(order.currency)
    if EXACT.compare(quantity, whole) == 0:
        return order.reserved
    return Money(share(order.reserved.amount, quantity, whole), order.currency)
