"""Ask for the end of orders, on the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from algotrendy.kernel.errors import Conflict, JsonValue
from algotrendy.kernel.ids import EventId, OrderId, derived_uuid7
from algotrendy.trading.accounts import root_of
from algotrendy.trading.booking import record
from algotrendy.trading.ledger import AuditRecord, LedgerTransaction
from algotrendy.trading.order_events import OrderCancelRequested, OrderEvent, OrderWithdrawn
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus


def cancel_order(
    tx: LedgerTransaction,
    order_id: OrderId,
    event_id: EventId,
    now: datetime,
    by: str,
    reason: str = "",
) -> PlatformOrder:
    """Ask for the end of an order, and of one that is to take its place, in a transaction.

    An order that was not sent yet is withdrawn at once.

    Args:
        event_id: Made before; the ids of all events come of it.
        by: Who asks.

    Raises:
        Conflict: If it has ended in another way.
        NotFound: If there is none.
    """
    # Whoever changes the order reads that it is not cancelled: the two run one after the other.
    tx.accounts.claim(root_of(tx.orders.get(order_id).account))
    return _cancelled(tx, order_id, event_id, now, by, reason)


def recorded(
    tx: LedgerTransaction,
    order: PlatformOrder,
    events: Sequence[OrderEvent],
    by: str,
    action: str,
    reason: str,
) -> PlatformOrder:
    """Write events of an order down, and who caused them and why in the audit."""
    after = record(tx, events).after
    facts: dict[str, JsonValue] = {"correlation_id": order.provenance.correlation_id}
    tx.audit.add(
        AuditRecord(
            id=events[0].id,
            tenant=tx.accounts.get(order.account).tenant,
            account=order.account,
            at=events[0].at,
            who=by,
            action=action,
            subject=str(order.id),
            reason=reason,
            facts=facts,
        )
    )
    return after


def _cancelled(
    tx: LedgerTransaction,
    order_id: OrderId,
    event_id: EventId,
    now: datetime,
    by: str,
    reason: str,
) -> PlatformOrder:
    order = tx.orders.get(order_id)
    if order.is_terminal and order.cancel_requested_at is None:
        if order.status is PlatformStatus.CANCELED:
            return order
        raise Conflict(f"order {order.id} is {order.status}: there is nothing to cancel")
    for other in tx.orders.unsettled(root_of(order.account)):
        if other.replaces == order.id and not other.is_terminal:
            _cancelled(tx, other.id, event_id, now, by, reason)
    if order.is_terminal or order.cancel_requested_at is not None:
        return order
    moment = derived_uuid7(now, str(event_id), str(order.id), "cancel")
    events: list[OrderEvent] = [
        OrderCancelRequested(id=EventId(moment), order_id=order.id, at=now, by=by, reason=reason)
    ]
    if order.status is PlatformStatus.INTENDED:
        withdrawn = EventId(derived_uuid7(now, str(event_id), str(order.id), "withdraw"))
        why = f"cancelled by {by}" + (f": {reason}" if reason else "")
        events.append(OrderWithdrawn(id=withdrawn, order_id=order.id, at=now, reason=why))
    return recorded(tx, order, events, by, "order.cancel", reason)
