"""Write the order that is to take a standing one's place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, TakeProfit
from algotrendy.trading.orders import PlatformOrder

_ZERO = Decimal(0)


def amended(old: PlatformOrder, change: ReplaceRequest) -> OrderRequest:
    """Give the request of the new order; what the old one has filled stays its own.

    Args:
        old: The standing order.
        change: Whose quantity counts what is filled already.

    Raises:
        Invalid: If such an order cannot be changed so, naming the field.
    """
    asked = old.request
    is_single = asked.order_class is OrderClass.SIMPLE and old.leg_of is None
    if change.time_in_force not in (None, asked.time_in_force) and not is_single:
        raise Invalid("time_in_force", "as it is: the order has exits", change.time_in_force.value)
    new = replace(
        asked,
        client_order_id=change.client_order_id,
        quantity=_quantity(old, change, is_single=is_single),
        time_in_force=change.time_in_force or asked.time_in_force,
    )
    return _with_trail(_with_stop(_with_limit(new, change), change), change)


def is_same_change(new: PlatformOrder, old: PlatformOrder, change: ReplaceRequest) -> bool:
    """Say whether an order came of this very change of another."""
    if new.replaces != old.id:
        return False
    asked = new.request
    profit = asked.take_profit
    limit = asked.limit_price or (None if profit is None else profit.limit_price)
    told = (
        (change.limit_price, limit),
        (change.stop_price, asked.stop_price),
        (change.trail, asked.trail_price or asked.trail_percent),
        (change.time_in_force, asked.time_in_force),
    )
    if any(wanted is not None and wanted != had for wanted, had in told):
        return False
    if change.quantity is None or asked.quantity is None:
        return True
    # Then so much of the old one was filled, which has not become less since.
    return _ZERO <= EXACT.subtract(change.quantity, asked.quantity) <= old.filled_quantity


def _quantity(old: PlatformOrder, change: ReplaceRequest, *, is_single: bool) -> Decimal:
    whole, filled = old.request.quantity, old.filled_quantity
    if whole is None or old.remaining_quantity is None:
        raise Invalid("order_id", "an order of a quantity: one of a sum is not changed", old.id)
    if change.quantity is None or change.quantity == whole:
        return old.remaining_quantity
    if not is_single:
        raise Invalid("quantity", "as it is: the order has exits", change.quantity)
    if change.quantity <= filled:
        raise Invalid("quantity", f"above {plain(filled)}, which is filled", change.quantity)
    return EXACT.subtract(change.quantity, filled)


def _with_limit(new: OrderRequest, change: ReplaceRequest) -> OrderRequest:
    if change.limit_price is None:
        return new
    if not new.type.has_limit:
        raise Invalid("limit_price", f"absent for a {new.type} order", change.limit_price)
    if new.order_class is OrderClass.OCO:
        return replace(new, take_profit=TakeProfit(change.limit_price))
    return replace(new, limit_price=change.limit_price)


def _with_stop(new: OrderRequest, change: ReplaceRequest) -> OrderRequest:
    if change.stop_price is None:
        return new
    if not new.type.has_stop:
        raise Invalid("stop_price", f"absent for a {new.type} order", change.stop_price)
    return replace(new, stop_price=change.stop_price)


def _with_trail(new: OrderRequest, change: ReplaceRequest) -> OrderRequest:
    if change.trail is None:
        return new
    if new.type is not OrderType.TRAILING_STOP:
        raise Invalid("trail", f"absent for a {new.type} order", change.trail)
    if new.trail_percent is not None:
        return replace(new, trail_percent=change.trail)
    return replace(new, trail_price=change.trail)
