"""Judge a wish to change a standing order, and write the order that takes its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.venue.admission import (
    check_exit_order,
    check_exit_price,
    check_extended_hours,
    check_fractions,
    check_hours,
    check_kinds,
)
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.fields import (
    check_client_order_id,
    check_price,
    check_quantity,
    check_trail_percent,
)
from algotrendy.exchange.venue.model import ZERO, Order
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.rows import is_exit, remaining
from algotrendy.kernel.decimals import plain
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus

_TOO_EARLY = (
    OrderStatus.ACCEPTED,
    OrderStatus.ACCEPTED_FOR_BIDDING,
    OrderStatus.PENDING_NEW,
    OrderStatus.PENDING_CANCEL,
    OrderStatus.PENDING_REPLACE,
)


def amended(
    desk: Desk, old: Order, request: ReplaceRequest, sibling: Order | None, now: datetime
) -> Order:
    """Write the order that would take the old one's place; raise Refused when it must not.

    What the old order has filled stays its own: the new one is for the rest.
    """
    _check_state(old)
    check_client_order_id(desk.orders, old.account_id, request.client_order_id)
    _check_fields(desk, old, request)
    sequence = desk.orders.upcoming
    new = replace(
        old,
        id=desk.orders.order_id(sequence),
        sequence=sequence,
        client_order_id=request.client_order_id or desk.orders.client_order_id(sequence),
        status=OrderStatus.PENDING_NEW,
        created_at=now,
        updated_at=now,
        submitted_at=now,
        quantity=_quantity(old, request),
        limit_price=request.limit_price or old.limit_price,
        stop_price=request.stop_price or old.stop_price,
        time_in_force=request.time_in_force or old.time_in_force,
        triggered=old.triggered and request.stop_price is None,
        filled_quantity=ZERO,
        filled_value=ZERO,
        filled_at=None,
        replaces=old.id,
    )
    if request.trail is not None:
        _trail(new, request.trail)
    _check_result(desk, old, new, sibling, now)
    return new


def _check_state(old: Order) -> None:
    if old.status in _TOO_EARLY:
        raise Refused(Reason.UNPROCESSABLE, f"unable to replace order in {old.status} state")
    if not old.status.is_open:
        raise Refused(Reason.UNPROCESSABLE, f'order is already in "{old.status}" state')
    if old.quantity is None:
        raise Refused(Reason.UNPROCESSABLE, "notional orders cannot be replaced")


def _check_fields(desk: Desk, old: Order, request: ReplaceRequest) -> None:
    asset, kind = desk.assets[old.symbol], old.type
    if all(
        value is None
        for value in (
            request.quantity,
            request.limit_price,
            request.stop_price,
            request.trail,
            request.time_in_force,
            request.client_order_id,
        )
    ):
        raise Refused(
            Reason.INVALID,
            "at least one of qty, limit_price, stop_price, trail, time_in_force is required",
        )
    if request.quantity is not None:
        check_quantity(request.quantity, asset)
    for field, price, has in (
        ("limit_price", request.limit_price, kind.has_limit),
        ("stop_price", request.stop_price, kind.has_stop),
        ("trail", request.trail, kind is OrderType.TRAILING_STOP),
    ):
        if price is not None and not has:
            raise Refused(Reason.INVALID, f"{kind} orders must not have {field}")
        if price is not None and field != "trail":
            check_price(field, price, asset)
    if request.trail is not None:
        if old.trail_percent is not None:
            check_trail_percent(request.trail)
        else:
            check_price("trail", request.trail, asset)
    is_other_life = request.time_in_force not in (None, old.time_in_force)
    if is_other_life and old.order_class is not OrderClass.SIMPLE:
        raise Refused(
            Reason.UNPROCESSABLE, f"time_in_force of {old.order_class} orders cannot be replaced"
        )


def _quantity(old: Order, request: ReplaceRequest) -> Decimal:
    if request.quantity is None or request.quantity == old.quantity:
        return remaining(old)
    if old.order_class is not OrderClass.SIMPLE:
        raise Refused(Reason.UNPROCESSABLE, f"qty of {old.order_class} orders cannot be replaced")
    if request.quantity <= old.filled_quantity:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"qty must be > filled_qty {plain(old.filled_quantity)}, was {plain(request.quantity)}",
        )
    return request.quantity - old.filled_quantity


def _trail(new: Order, trail: Decimal) -> None:
    if new.trail_percent is not None:
        new.trail_percent = trail
    else:
        new.trail_price = trail
    # The stop is set anew from the first price that the new trail sees.
    new.mark = new.stop_price = None


def _check_result(desk: Desk, old: Order, new: Order, sibling: Order | None, now: datetime) -> None:
    asset = desk.assets[old.symbol]
    as_asked = OrderRequest(
        symbol=new.symbol,
        side=new.side,
        type=new.type,
        time_in_force=new.time_in_force,
        quantity=new.quantity,
        extended_hours=new.extended_hours,
    )
    check_kinds(as_asked, asset)
    check_fractions(as_asked, asset)
    check_extended_hours(as_asked, asset)
    if new.time_in_force is not old.time_in_force:
        check_hours(as_asked, asset, desk.hours, now)
    if sibling is not None:
        target, stop = (new, sibling) if new.type is OrderType.LIMIT else (sibling, new)
        if target.limit_price is not None and stop.stop_price is not None:
            check_exit_order(new.side, target.limit_price, stop.stop_price)
    if not is_exit(new) and new.limit_price is not None:
        for leg in map(desk.orders.get, new.legs):
            check_exit_price(leg, new.limit_price)
