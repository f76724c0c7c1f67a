"""Follow an order through its life: a pure fold over what happened to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import FillId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Fill
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.order_events import (
    Execution,
    OrderApproved,
    OrderBusted,
    OrderCancelRequested,
    OrderEvent,
    OrderFilled,
    OrderFoundAbsent,
    OrderIntended,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderReplaced,
    OrderSubmitted,
    OrderUpdated,
    OrderWithdrawn,
)
from algotrendy.trading.orders import ZERO, PlatformOrder, StatusNews
from algotrendy.trading.status import PlatformStatus, read_status

_RANKS = {status: rank for rank, status in enumerate(PlatformStatus)}


def apply(order: PlatformOrder | None, event: OrderEvent) -> PlatformOrder:
    """Give the order as it is after an event; an event that was applied before changes nothing.

    Raises:
        Conflict: If an event of our own does not fit: it must not be stored then. The broker's news
            never raises it, but for an order that was not intended.
        Invalid: If the event is of another order, or an execution of another currency.
    """
    if order is None:
        if not isinstance(event, OrderIntended):
            raise Conflict(f"order {event.order_id} has no intent yet, but {type(event).__name__}")
        return _begun(event)
    if event.order_id != order.id:
        raise Invalid("order_id", str(order.id), str(event.order_id))
    if event.id in order.seen:
        return order
    after = _told(order, event) if isinstance(event, OrderUpdated) else _done(order, event)
    return replace(after, seen=order.seen | {event.id})


def fold(events: Iterable[OrderEvent]) -> PlatformOrder:
    """Give the order that a history leads to; raises as ``apply`` does."""
    order: PlatformOrder | None = None
    for event in events:
        order = apply(order, event)
    if order is None:
        raise Invalid("events", "at least the intent", 0)
    return order


def kernel_fill(order: PlatformOrder, execution: Execution) -> Fill:
    """Give an execution as the kernel's fill; its id is the same whenever it is asked for."""
    return Fill(
        # The time of the intent: that of the execution may be told in two ways.
        id=FillId(derived_uuid7(order.intended_at, str(order.id), execution.id)),
        order_id=order.id,
        symbol=Symbol(order.request.symbol),
        side=order.request.side,
        quantity=execution.quantity,
        price=execution.price,
        fee=execution.fee or Money.zero(order.currency),
        filled_at=execution.at,
    )


def _begun(event: OrderIntended) -> PlatformOrder:
    return PlatformOrder(
        id=event.order_id,
        account=event.account,
        request=event.request,
        provenance=event.provenance,
        reserved=event.reserved,
        intended_at=event.at,
        submit_by=event.submit_by,
        replaces=event.replaces,
        replaces_filled=event.replaces_filled,
        leg_of=event.leg_of,
        approval=event.approval,
        arrival=event.arrival,
        seen=frozenset({event.id}),
    )


def _done(order: PlatformOrder, event: OrderEvent) -> PlatformOrder:
    """Apply an event of our own; what the broker told already is stronger than what we think."""
    match event:
        case OrderSubmitted():
            return _submitted(order, event)
        case OrderApproved(by=by):
            return order if order.approved_by else replace(order, approved_by=by)
        case OrderCancelRequested(at=at):
            return replace(order, cancel_requested_at=order.cancel_requested_at or at)
        case OrderOutcomeUnknown(reason=reason):
            return _at_stage(order, PlatformStatus.UNKNOWN, reason)
        case OrderNotSent(reason=reason):
            _require(order, order.stage, PlatformStatus.SUBMITTING, "only the broker can tell")
            return _at_stage(order, PlatformStatus.INTENDED, reason)
        case OrderFoundAbsent():
            # Whoever is still sending may yet succeed: it must have become UNKNOWN before.
            _require(order, order.stage, PlatformStatus.UNKNOWN, "nobody had to ask the broker")
            return _at_stage(order, PlatformStatus.INTENDED, "the broker does not know it")
        case OrderWithdrawn(reason=reason):
            _require(order, order.status, PlatformStatus.INTENDED, "it cannot be withdrawn")
            return _at_stage(order, PlatformStatus.CANCELED, reason)
        case _:
            raise Conflict(f"order {order.id} cannot take a second {type(event).__name__}")


def _submitted(order: PlatformOrder, event: OrderSubmitted) -> PlatformOrder:
    if order.is_at_broker:
        raise Conflict(f"order {order.id} is at the broker: it must not be sent again")
    if event.epoch < order.epoch:
        raise Conflict(f"order {order.id} was sent under epoch {order.epoch}, not {event.epoch}")
    stage = order.stage.to(PlatformStatus.SUBMITTING)
    return replace(order, stage=stage, epoch=event.epoch, submitted_at=event.at)


def _require(
    order: PlatformOrder, at: PlatformStatus, needed: PlatformStatus, otherwise: str
) -> None:
    if at is not needed:
        raise Conflict(f"order {order.id} is {at}: {otherwise}")


def _at_stage(order: PlatformOrder, stage: PlatformStatus, reason: str) -> PlatformOrder:
    return replace(order, stage=order.stage.to(stage), stage_reason=reason)


def _told(order: PlatformOrder, event: OrderUpdated) -> PlatformOrder:
    reported = max(order.reported, _reported(order, event))
    told = replace(order, is_at_broker=True, reported=reported)
    if event.broker_order_id is not None:
        told = replace(told, broker_order_ids=told.broker_order_ids | {event.broker_order_id})
    if event.status is not None:
        told = _with_status(told, event.at, event.status, event.reason)
    match event:
        case OrderFilled(execution=execution):
            told = _with_execution(told, execution)
        case OrderBusted(execution_id=execution_id):
            told = replace(told, busted=told.busted | {execution_id})
        case OrderReplaced(replaced_by=str(successor)):
            told = replace(told, replaced_by=max(successor, told.replaced_by or ""))
    return told


def _reported(order: PlatformOrder, event: OrderUpdated) -> Decimal:
    """Give the cumulative filled quantity that was told: all of it where no number is.

    A number counts as it is. It may be less than was asked for: what one exit fills its broker
    takes off the other, and what fills on the way off the order in another one's place.
    """
    quantity = order.request.quantity
    if event.status == OrderStatus.FILLED and not event.filled_quantity and quantity is not None:
        return quantity
    return event.filled_quantity


def _with_status(order: PlatformOrder, at: datetime, name: str, reason: str) -> PlatformOrder:
    status = read_status(name)
    if status is None:
        return replace(order, unknown_statuses=order.unknown_statuses | {name})
    news = {*order.news, StatusNews(at, status, reason)}
    return replace(
        order,
        news=tuple(sorted(news, key=lambda each: (each.at, _RANKS[each.status], each.reason))),
    )


def _with_execution(order: PlatformOrder, execution: Execution) -> PlatformOrder:
    if execution.price.currency is not order.currency:
        raise Invalid("currency", str(order.currency), str(execution.price.currency))
    known = {each.id: each for each in order.executions}
    before = known.get(execution.id)
    disputed = order.disputed
    if before is not None:
        if (before.quantity, before.price) != (execution.quantity, execution.price):
            disputed |= {execution.id}
        # Any choice will do that does not depend on which came first; a told fee beats none.
        execution = max(before, execution, key=_preference)
    known[execution.id] = execution
    executions = tuple(sorted(known.values(), key=lambda each: (each.at, each.id)))
    return replace(order, executions=executions, disputed=disputed)


def _preference(execution: Execution) -> tuple[bool, datetime, Decimal, Decimal, Decimal]:
    fee = execution.fee
    return (
        fee is not None,
        execution.at,
        execution.quantity.value,
        execution.price.amount,
        fee.amount if fee is not None else ZERO,
    )
