"""Tell of the venue's orders, fills and updates in the port's words."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from algotrendy.brokers.port import (
    ActivityKind,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerUpdate,
    UpdateKind,
    split_of,
)
from algotrendy.exchange.venue.model import Activity, ActivityType, Order, Update, UpdateEvent
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side

_KINDS = {
    UpdateEvent.FILL: UpdateKind.FILL,
    UpdateEvent.PARTIAL_FILL: UpdateKind.FILL,
    UpdateEvent.TRADE_BUST: UpdateKind.BUST,
    UpdateEvent.ORDER_CANCEL_REJECTED: UpdateKind.CANCEL_REFUSED,
    UpdateEvent.ORDER_REPLACE_REJECTED: UpdateKind.REPLACE_REFUSED,
}
_ACTIVITIES = {
    ActivityType.DIVIDEND: ActivityKind.DIVIDEND,
    ActivityType.FEE: ActivityKind.FEE,
    ActivityType.INTEREST: ActivityKind.INTEREST,
    ActivityType.SPLIT: ActivityKind.SPLIT,
    ActivityType.JOURNAL_CASH: ActivityKind.TRANSFER,
    ActivityType.BUST: ActivityKind.BUST,
}
# Whose quantity is a change; that of a dividend is what was held.
_OF_UNITS = (ActivityType.SPLIT, ActivityType.BUST)


def order_of(order: Order, legs: Iterable[Order] = ()) -> BrokerOrder:
    """Tell of an order as it stands now."""
    return BrokerOrder(
        broker_order_id=order.id,
        client_order_id=order.client_order_id,
        symbol=Symbol(order.symbol),
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        status=order.status,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        average_price=order.filled_average_price,
        submitted_at=order.submitted_at,
        updated_at=order.updated_at,
        notional=order.notional,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        replaces=order.replaces,
        replaced_by=order.replaced_by,
        reason=order.reason,
        legs=tuple(order_of(leg) for leg in legs),
    )


def update_of(update: Update) -> BrokerUpdate:
    """Tell what an update tells."""
    order = order_of(update.order)
    kind = _KINDS.get(update.event, UpdateKind.ORDER)
    if update.execution_id is None or update.quantity is None or update.price is None:
        return BrokerUpdate(kind, update.at, order)
    fill = BrokerFill(
        execution_id=update.execution_id,
        broker_order_id=order.broker_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=abs(update.quantity),
        price=update.price,
        filled_at=update.at,
    )
    return BrokerUpdate(kind, update.at, order, fill)


def fills_of(activities: Iterable[Activity]) -> list[BrokerFill]:
    """Tell of the executions that stand; those that were taken back are left out."""
    listed = list(activities)
    busted = {a.execution_id for a in listed if a.type is ActivityType.BUST}
    return [
        _fill(activity)
        for activity in listed
        if activity.type is ActivityType.FILL and activity.execution_id not in busted
    ]


def activities_of(activities: Iterable[Activity]) -> list[BrokerActivity]:
    """Tell of everything but executions."""
    return [_activity(each) for each in activities if each.type is not ActivityType.FILL]


def _activity(activity: Activity) -> BrokerActivity:
    description = activity.description or ""
    return BrokerActivity(
        id=activity.id,
        kind=_ACTIVITIES.get(activity.type, ActivityKind.OTHER),
        at=activity.at,
        cash=activity.cash,
        symbol=Symbol(activity.symbol) if activity.symbol else None,
        quantity=activity.quantity if activity.type in _OF_UNITS else None,
        price=activity.price if activity.type is ActivityType.BUST else None,
        split=split_of(description) if activity.type is ActivityType.SPLIT else None,
        broker_order_id=activity.order_id,
        execution_id=activity.execution_id,
        name=activity.type.value,
        description=description,
    )


def _fill(activity: Activity) -> BrokerFill:
    quantity = activity.quantity or Decimal(0)
    side = activity.side or (Side.BUY if quantity > 0 else Side.SELL)
    return BrokerFill(
        execution_id=activity.execution_id or activity.id,
        broker_order_id=activity.order_id or "",
        symbol=Symbol(activity.symbol or ""),
        side=side,
        quantity=abs(quantity),
        price=activity.price or Decimal(0),
        filled_at=activity.at,
    )
