"""What sending an order writes into the ledger, before it and after it.

Each function is one transaction's work, and may run again after it was committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypedDict, TypeVar

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, EventId, OrderId, derived_uuid7
from algotrendy.kernel.order import OrderClass
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.risk.engine import decide
from algotrendy.risk.limits import TradingState
from algotrendy.trading.accounts import strategy_of
from algotrendy.trading.admission import is_enforced
from algotrendy.trading.booking import record
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.open_orders import judged
from algotrendy.trading.order_events import (
    OrderEvent,
    OrderFoundAbsent,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSubmitted,
    OrderWithdrawn,
)
from algotrendy.trading.orders import ZERO, PlatformOrder
from algotrendy.trading.risk_desk import read_desk
from algotrendy.trading.status import PlatformStatus

T = TypeVar("T")


class Facts(TypedDict):
    """What every event of our own has."""

    id: EventId
    order_id: OrderId
    at: datetime


@dataclass(frozen=True, slots=True)
class Sending:
    """An order that is about to be sent; ``old`` is the one whose place it takes.

    ``is_repeated`` says that it was sent before without an answer, and that the broker then did
    not know it: that request may have come late.
    """

    order: PlatformOrder
    old: PlatformOrder | None = None
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why an order is not sent; ``is_final`` where it never will be."""

    reason: str
    is_final: bool = True


def begin(
    tx: LedgerTransaction,
    root: AccountId,
    submitted: OrderSubmitted,
    withdrawn_id: EventId,
) -> Sending | None:
    """Store that an order is about to be sent; None when it is not to be.

    One that never will be is withdrawn.
    """
    order, now = tx.orders.get(submitted.order_id), submitted.at
    old = None if order.replaces is None else tx.orders.find(order.replaces)
    if submitted.id in order.seen:
        is_waiting = order.status is PlatformStatus.SUBMITTING and order.epoch == submitted.epoch
        return Sending(order, old, _was_absent(tx, order)) if is_waiting else None
    if order.status is not PlatformStatus.INTENDED:
        return None
    withheld = _withheld(tx, root, order, old, now)
    if withheld is not None:
        if withheld.is_final:
            record(tx, [_withdrawn(order, withdrawn_id, now, withheld.reason)])
        return None
    return Sending(record(tx, [submitted]).after, old, _was_absent(tx, order))


def after_sending(
    tx: LedgerTransaction, event: OrderNotSent | OrderOutcomeUnknown | OrderRejected
) -> PlatformOrder:
    """Store what came of sending an order, unless the broker told of it meanwhile.

    Then the broker knows better, whatever its answer was.
    """
    order = tx.orders.get(event.order_id)
    expected = [PlatformStatus.SUBMITTING]
    if isinstance(event, OrderRejected):
        # The broker was asked, and has another order of that name.
        expected.append(PlatformStatus.UNKNOWN)
    if event.id in order.seen or order.is_at_broker or order.status not in expected:
        return order
    return record(tx, [event]).after


def orphaned(tx: LedgerTransaction, root: AccountId, now: datetime) -> tuple[OrderId, ...]:
    """Let every order that a writer before us was sending be UNKNOWN; give which."""
    found = []
    for order in tx.orders.unsettled(root):
        if order.status is PlatformStatus.SUBMITTING:
            orphan(tx, order, now)
            found.append(order.id)
    return tuple(found)


def orphan(tx: LedgerTransaction, order: PlatformOrder, now: datetime) -> PlatformOrder:
    """Let an order whose sending nobody sees to the end any more be UNKNOWN."""
    moment = order.submitted_at or order.intended_at
    names = (str(order.id), "orphaned", str(order.epoch), moment.isoformat())
    event = OrderOutcomeUnknown(
        id=EventId(derived_uuid7(moment, *names)),
        order_id=order.id,
        at=now,
        reason="its writer stopped while it was sent",
    )
    return record(tx, [event]).after


def found_absent(
    tx: LedgerTransaction, absent: OrderFoundAbsent, withdrawn_id: EventId
) -> PlatformOrder:
    """Store that the broker does not have an order; one that came too late is withdrawn."""
    order = tx.orders.get(absent.order_id)
    if absent.id in order.seen or order.status is not PlatformStatus.UNKNOWN or order.is_at_broker:
        return order
    after = record(tx, [absent]).after
    if after.may_be_sent(absent.at) or after.awaits_approval:
        return after
    reason = _why_over(after) or "it could not be sent in time"
    return record(tx, [_withdrawn(after, withdrawn_id, absent.at, reason)]).after


def replacement(order: PlatformOrder, old: PlatformOrder) -> ReplaceRequest:
    """Say what a standing order is to be changed to, as the broker is asked: only what changes.

    A quantity counts what the old order had filled when the new one was intended.
    """
    new, was = order.request, old.request
    return ReplaceRequest(
        quantity=_whole_quantity(order, old),
        limit_price=_changed(_limit(new), _limit(was)),
        stop_price=_changed(new.stop_price, was.stop_price),
        trail=_changed(_trail(new), _trail(was)),
        time_in_force=_changed(new.time_in_force, was.time_in_force),
        client_order_id=order.client_order_id,
    )


def _was_absent(tx: LedgerTransaction, order: PlatformOrder) -> bool:
    """Say whether the broker ever did not know an order that was sent to it."""
    return order.submitted_at is not None and any(
        isinstance(event, OrderFoundAbsent) for event in tx.orders.history(order.id)
    )


def _withheld(
    tx: LedgerTransaction,
    root: AccountId,
    order: PlatformOrder,
    old: PlatformOrder | None,
    now: datetime,
) -> Withheld | None:
    if (over := _why_over(order)) is not None:
        return Withheld(over)
    if order.awaits_approval:
        return Withheld(order.approval, is_final=False)
    if not order.may_be_sent(now):
        return Withheld("it could not be sent in time")
    if order.replaces is not None:
        if old is None or old.is_terminal:
            return Withheld("the order that it was to replace is over")
        if old.cancel_requested_at is not None:
            return Withheld("the order that it was to replace is being cancelled")
        if not old.broker_order_ids:
            return Withheld("the order that it is to replace is not at the broker", is_final=False)
    return _halted(tx, root, order, now)


def _halted(
    tx: LedgerTransaction, root: AccountId, order: PlatformOrder, now: datetime
) -> Withheld | None:
    """Say why trading is not allowed now; what ends a risk always is."""
    if is_enforced(order):
        return None
    states = tx.risk.trading_states(root)
    strategy = strategy_of(order.account)
    found = {states[each].state for each in (None, strategy) if each in states}
    if TradingState.HALTED in found:
        return Withheld("trading is halted")
    if TradingState.REDUCING in found:
        desk = read_desk(tx, root, now, {order.symbol}, without=order.id)
        decision = decide(judged(order.request), desk.state, desk.limits, now, strategy)
        if not decision.reduces:
            return Withheld("only orders that reduce are sent now")
    return None


def _why_over(order: PlatformOrder) -> str | None:
    return None if order.cancel_requested_at is None else "it was cancelled before it was sent"


def _withdrawn(order: PlatformOrder, event_id: EventId, at: datetime, reason: str) -> OrderEvent:
    return OrderWithdrawn(id=event_id, order_id=order.id, at=at, reason=reason)


def _whole_quantity(order: PlatformOrder, old: PlatformOrder) -> Decimal | None:
    if order.request.quantity is None:
        return None
    whole = EXACT.add(order.request.quantity, order.replaces_filled or ZERO)
    was = old.request.quantity
    if was is not None and EXACT.compare(whole, was) == 0:
        return None
    return whole


def _limit(request: OrderRequest) -> Decimal | None:
    if request.order_class is OrderClass.OCO and request.take_profit is not None:
        return request.take_profit.limit_price
    return request.limit_price


def _trail(request: OrderRequest) -> Decimal | None:
    return request.trail_price if request.trail_price is not None else request.trail_percent


def _changed(new: T | None, old: T | None) -> T | None:
    return None if new == old else new
