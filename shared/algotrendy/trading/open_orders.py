"""Tell a risk state which orders may still fill, and by how much.

Some fill one quantity together, as the exits of a bracket do: those count once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Context, Decimal

from algotrendy.kernel.ids import OrderId
from algotrendy.kernel.order import OrderClass
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.book import EXACT, ZERO
from algotrendy.risk.state import RiskState
from algotrendy.trading.accounts import strategy_of
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

_FINEST_UNIT = Decimal(1).scaleb(-9)
_LOOSE = Context(prec=EXACT.prec)


def take_open_orders(
    state: RiskState, orders: Sequence[PlatformOrder], without: OrderId | None
) -> None:
    """Take the orders over that may still change a position.

    Args:
        state: That has prices already.
        orders: That may still change.
        without: One that is left out, with those that fill one quantity together with it.
    """
    by_id = {order.id: order for order in orders}
    replaced = {order.replaces for order in orders}
    left_out = by_id.get(without) if without is not None else None
    left_out_group = _group(left_out, by_id, replaced) if left_out is not None else None
    groups: defaultdict[OrderId, list[PlatformOrder]] = defaultdict(list)
    grouped = [(order, _group(order, by_id, replaced)) for order in orders]
    for order, group in grouped:
        if group is not None:
            groups[group].append(order)
    for order, group in grouped:
        # An exit that the broker holds back cannot fill before it says otherwise.
        if order.id == without or order.status is PlatformStatus.HELD:
            continue
        if group is not None and group == left_out_group:
            continue
        units = open_units(order, state)
        if group is not None:
            units = max(EXACT.subtract(units, _taken(order, groups[group])), ZERO)
        if not units:
            continue
        state.on_order_opened(
            str(order.id),
            judged(order.request),
            units,
            order.intended_at,
            strategy_of(order.account),
            None if group is None else _group_name(order, group),
            is_new=False,
        )


def judged(request: OrderRequest) -> OrderRequest:
    """Give a request as the risk engine reads it: the limit of an OCO stands in its exit."""
    if request.order_class is OrderClass.OCO and request.take_profit is not None:
        return replace(request, limit_price=request.take_profit.limit_price)
    return request


def open_units(order: PlatformOrder, state: RiskState) -> Decimal:
    """Give how many units of an order may still change the position, zero or more."""
    if order.is_terminal:
        return order.missing_quantity
    if order.request.notional is None:
        return order.remaining_quantity or ZERO
    rest = EXACT.subtract(order.request.notional, order.filled_notional.amount)
    return units_of(order, rest, state) if rest > 0 else ZERO


def units_of(order: PlatformOrder, notional: Decimal | None, state: RiskState) -> Decimal:
    """Give an order's whole quantity, or what a sum comes to at the last price, rounded up."""
    if notional is None:
        return order.request.quantity or _FINEST_UNIT
    price = state.prices.get(order.symbol)
    if price is None:
        return _FINEST_UNIT
    return _LOOSE.divide(notional, price).quantize(_FINEST_UNIT, ROUND_CEILING, _LOOSE)


def _group_name(order: PlatformOrder, group: OrderId) -> str:
    """Name a group so that no odd news of a broker can put unlike orders together."""
    return f"{group}/{order.symbol}/{order.request.side}/{order.account}"


def _taken(order: PlatformOrder, group: Iterable[PlatformOrder]) -> Decimal:
    """Add up what others of a group filled since the order came: its broker took it off."""
    total = ZERO
    for other in group:
        if other is not order:
            for each in other.standing:
                if each.at > order.intended_at:
                    total = EXACT.add(total, each.quantity.value)
    return total


def _group(
    order: PlatformOrder,
    by_id: Mapping[OrderId, PlatformOrder],
    replaced: Collection[OrderId | None],
) -> OrderId | None:
    """Name the orders that fill one quantity together: exits, and one in place of another."""
    first = order
    while first.leg_of is None and first.replaces is not None and first.replaces in by_id:
        first = by_id[first.replaces]
    if first.leg_of is not None:
        return first.leg_of
    is_oco = first.request.order_class is OrderClass.OCO
    return first.id if first is not order or order.id in replaced or is_oco else None
