"""Write down what a broker tells of its orders: states, fills, exits, and orders nobody knew.

What is told twice, late or in another order makes the same events under the same ids, so that the
ledger knows them again. Nothing here decides: it is all one who tells, the stream or an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from algotrendy.brokers.port import BrokerFill, BrokerOrder, BrokerUpdate, UpdateKind
from algotrendy.kernel.decimals import EXACT, plain
from algotrendy.kernel.ids import (
    AccountId,
    CorrelationId,
    EventId,
    OrderId,
    UserId,
    derived_uuid7,
)
from algotrendy.kernel.money import Money
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading.booking import Recorded, record
from algotrendy.trading.events import LedgerDiffers
from algotrendy.trading.folding import apply
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import (
    Execution,
    OrderAccepted,
    OrderBusted,
    OrderCanceled,
    OrderCancelRequested,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderReplaced,
    OrderUpdated,
    Provenance,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

# A colon: no person's name has one.
BROKER = UserId("platform:broker")
WRITER = "platform:execution"

_STANDING = frozenset(
    {
        OrderStatus.PENDING_NEW,
        OrderStatus.ACCEPTED,
        OrderStatus.ACCEPTED_FOR_BIDDING,
        OrderStatus.HELD,
        OrderStatus.NEW,
    }
)
_ENDS: dict[OrderStatus, type[OrderUpdated]] = {
    OrderStatus.CANCELED: OrderCanceled,
    OrderStatus.EXPIRED: OrderExpired,
    OrderStatus.REJECTED: OrderRejected,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one order: how it stands, and executions of it.

    Attributes:
        at: The moment of the news; a state that has no time of its own bears it.
        is_dated: Whether the state bears ``at`` even if it has a time of its own, as the refusal of
            a cancel does: the order is back in a state that it was in before.
    """

    order: BrokerOrder
    at: datetime
    fill: BrokerFill | None = None
    busted: BrokerFill | None = None
    is_dated: bool = False


def told_by(update: BrokerUpdate) -> Told:
    """Read an update of a broker's stream."""
    match update.kind:
        case UpdateKind.FILL:
            return Told(update.order, update.at, fill=update.fill)
        case UpdateKind.BUST:
            return Told(update.order, update.at, busted=update.fill)
        case UpdateKind.CANCEL_REFUSED | UpdateKind.REPLACE_REFUSED:
            return Told(update.order, update.at, is_dated=True)
        case UpdateKind.ORDER:
            return Told(update.order, update.at)


def find(tx: LedgerTransaction, root: AccountId, told: BrokerOrder) -> PlatformOrder | None:
    """Find the order that a broker tells of; None when it is nobody's here."""
    if told.client_order_id:
        ours = tx.orders.by_client_id(root, told.client_order_id)
        if ours is not None and is_same(ours, told):
            return ours
    return tx.orders.by_broker_id(root, told.broker_order_id)


def is_same(order: PlatformOrder, told: BrokerOrder) -> bool:
    """Say whether what bears our name at the broker is what we sent, and no other order."""
    return (order.request.symbol, order.request.side) == (told.symbol, told.side)


def hear(tx: LedgerTransaction, root: AccountId, told: Told) -> Recorded | None:
    """Write down what was told of an order and of its exits; None when nobody knows it here.

    Raises:
        Invalid: If it tells what cannot be, such as a price of zero.
    """
    order = find(tx, root, told.order)
    return None if order is None else hear_of(tx, root, order, told)


def hear_of(tx: LedgerTransaction, root: AccountId, order: PlatformOrder, told: Told) -> Recorded:
    """Write down what was told of this very order, whatever it is called at the broker.

    Raises:
        Invalid: If it tells what cannot be.
    """
    events: list[OrderEvent] = []
    if told.fill is not None:
        events.append(filled(order, told.fill))
    if told.busted is not None:
        events.append(busted(order, told.busted.execution_id, told.at))
    standing = state(order, told)
    # A state without a time of its own would be another event at each telling.
    is_dated = told.is_dated or told.order.updated_at or told.order.submitted_at
    if is_dated or _tells_more(order, standing):
        events.append(standing)
    recorded = record(tx, events) if events else Recorded(order, order, ())
    _raise_overfill(tx, recorded, told.at)
    for leg in told.order.legs:
        exit_order = find(tx, root, leg) or _adopted_leg(tx, root, order, leg)
        hear_of(tx, root, exit_order, Told(leg, told.at))
    if order.stage is PlatformStatus.CANCELED:
        return _ended_again(tx, recorded, told)
    if len(recorded.after.broker_order_ids) > max(1, len(order.broker_order_ids)):
        ids = ", ".join(sorted(recorded.after.broker_order_ids))
        _raise(tx, recorded.after, told.at, "doubled order", "one order", ids)
    return recorded


def hear_fill(tx: LedgerTransaction, root: AccountId, fill: BrokerFill) -> Recorded | None:
    """Write down an execution that was told by itself; None when its order is nobody's here.

    Raises:
        Invalid: If it tells what cannot be.
    """
    order = tx.orders.by_broker_id(root, fill.broker_order_id)
    return None if order is None else hear_of_fill(tx, order, fill)


def hear_of_fill(tx: LedgerTransaction, order: PlatformOrder, fill: BrokerFill) -> Recorded:
    """Write down an execution of this very order.

    Raises:
        Invalid: If it tells what cannot be.
    """
    recorded = record(tx, [filled(order, fill)])
    _raise_overfill(tx, recorded, fill.filled_at)
    return recorded


def adopt(tx: LedgerTransaction, root: AccountId, told: BrokerOrder, now: datetime) -> Recorded:
    """Take an order in that somebody placed at the broker by other means; it is the account's.

    Raises:
        Invalid: If it tells what cannot be.
    """
    known = hear(tx, root, Told(told, now))
    if known is not None:
        return known
    account = tx.accounts.get(root)
    at = told.submitted_at or told.updated_at or now
    order_id = OrderId(derived_uuid7(at, root, "stranger", told.broker_order_id))
    before = None if told.replaces is None else tx.orders.by_broker_id(root, told.replaces)
    intended = OrderIntended(
        id=EventId(derived_uuid7(at, str(order_id), "intended")),
        order_id=order_id,
        at=at,
        account=root if before is None else before.account,
        request=_request(tx, root, told),
        provenance=Provenance(correlation_id=CorrelationId(f"adopted-{order_id}"), user=BROKER),
        reserved=Money.zero(account.currency),
        replaces=None if before is None else before.id,
        leg_of=None if before is None else before.leg_of,
    )
    order = record(tx, [intended]).after
    # Nobody waits for it, and nothing of it is ours to do.
    tx.orders.end_workflow(order_id)
    return hear_of(tx, root, order, Told(told, now))


def state(order: PlatformOrder, told: Told) -> OrderUpdated:
    """Say how an order stands at the broker, as an event that has the same id each time."""
    said = told.order
    at = told.at if told.is_dated else said.updated_at or said.submitted_at or told.at
    names = (
        str(order.id),
        said.status.value,
        plain(EXACT.normalize(said.filled_quantity)),
        said.broker_order_id,
        said.replaced_by or "",
    )
    event_id, reason = EventId(derived_uuid7(at, *names)), said.reason or ""
    if said.status is OrderStatus.REPLACED:
        return OrderReplaced(
            id=event_id,
            order_id=order.id,
            at=at,
            broker_order_id=said.broker_order_id,
            filled_quantity=said.filled_quantity,
            reason=reason,
            replaced_by=said.replaced_by,
        )
    kind = OrderAccepted if said.status in _STANDING else _ENDS.get(said.status, OrderUpdated)
    return kind(
        id=event_id,
        order_id=order.id,
        at=at,
        broker_order_id=said.broker_order_id,
        status=said.status.value,
        filled_quantity=said.filled_quantity,
        reason=reason,
    )


def filled(order: PlatformOrder, fill: BrokerFill) -> OrderFilled:
    """Say that the market gave a part of an order; the same execution has the same id.

    One that tells the fee which an earlier one did not has another.

    Raises:
        Invalid: If quantity or price is not above zero.
    """
    fee = None if fill.fee is None else Money(fill.fee, order.currency)
    names = [str(order.id), "fill", fill.execution_id]
    if fee is not None:
        names += ["fee", plain(EXACT.normalize(fee.amount))]
    return OrderFilled(
        id=EventId(derived_uuid7(order.intended_at, *names)),
        order_id=order.id,
        at=fill.filled_at,
        broker_order_id=fill.broker_order_id,
        execution=Execution(
            id=fill.execution_id,
            quantity=Quantity(fill.quantity),
            price=Price(fill.price, order.currency),
            at=fill.filled_at,
            fee=fee,
        ),
    )


def busted(order: PlatformOrder, execution_id: str, at: datetime) -> OrderBusted:
    """Say that an execution was taken back; it has the same id whoever tells it."""
    return OrderBusted(
        id=EventId(derived_uuid7(order.intended_at, str(order.id), "bust", execution_id)),
        order_id=order.id,
        at=at,
        execution_id=execution_id,
    )


def _tells_more(order: PlatformOrder, event: OrderUpdated) -> bool:
    after = apply(order, event)
    facts = ("is_at_broker", "status", "reported", "broker_order_ids", "replaced_by")
    return any(getattr(after, name) != getattr(order, name) for name in facts)


def _adopted_leg(
    tx: LedgerTransaction, root: AccountId, entry: PlatformOrder, leg: BrokerOrder
) -> PlatformOrder:
    """Take in an exit that the broker holds; the entry's hold is enough for it."""
    before = None if leg.replaces is None else tx.orders.by_broker_id(root, leg.replaces)
    names = (str(entry.id), "leg", leg.broker_order_id)
    order_id = OrderId(derived_uuid7(entry.intended_at, *names))
    intended = OrderIntended(
        id=EventId(derived_uuid7(entry.intended_at, *names, "intended")),
        order_id=order_id,
        at=leg.submitted_at or entry.intended_at,
        account=entry.account,
        request=_request(tx, root, leg),
        provenance=Provenance(
            correlation_id=entry.provenance.correlation_id,
            user=BROKER,
            strategy=entry.provenance.strategy,
            traceparent=entry.provenance.traceparent,
        ),
        reserved=Money.zero(entry.currency),
        replaces=None if before is None else before.id,
        leg_of=entry.leg_of or entry.id,
    )
    return record(tx, [intended]).after


def _request(tx: LedgerTransaction, root: AccountId, told: BrokerOrder) -> OrderRequest:
    name = told.client_order_id
    if not name or tx.orders.by_client_id(root, name) is not None:
        name = f"broker:{told.broker_order_id}"
    return OrderRequest(
        symbol=told.symbol,
        side=told.side,
        type=told.type,
        time_in_force=told.time_in_force,
        quantity=told.quantity if told.notional is None else None,
        notional=told.notional,
        limit_price=told.limit_price,
        stop_price=told.stop_price,
        client_order_id=name,
    )


def _ended_again(tx: LedgerTransaction, recorded: Recorded, told: Told) -> Recorded:
    """See that an order which was withdrawn, and is at the broker after all, comes to its end."""
    order = recorded.after
    if recorded.before is None or not recorded.before.is_at_broker:
        _raise(tx, order, told.at, "withdrawn order", "withdrawn", told.order.status.value)
    if order.is_terminal or order.cancel_requested_at is not None:
        return recorded
    again = OrderCancelRequested(
        id=EventId(derived_uuid7(order.intended_at, str(order.id), "resurrected")),
        order_id=order.id,
        at=told.at,
        by=WRITER,
        reason="it was withdrawn, and is at the broker",
    )
    ended = record(tx, [again])
    return Recorded(recorded.before, ended.after, recorded.events + ended.events)


def _raise_overfill(tx: LedgerTransaction, recorded: Recorded, at: datetime) -> None:
    """Tell once that the market gave more than was asked for."""
    before, after = recorded.before, recorded.after
    if after.is_overfilled and before is not None and not before.is_overfilled:
        asked, filled_quantity = after.request.quantity, after.filled_quantity
        ours = "" if asked is None else plain(asked)
        _raise(tx, after, at, "overfilled order", ours, plain(filled_quantity))


def _raise(
    tx: LedgerTransaction, order: PlatformOrder, at: datetime, kind: str, ours: str, theirs: str
) -> None:
    tx.publish(
        LedgerDiffers(
            id=EventId(derived_uuid7(order.intended_at, str(order.id), kind, theirs)),
            occurred_at=at,
            correlation_id=order.provenance.correlation_id,
            traceparent=order.provenance.traceparent,
            tenant=tx.accounts.get(order.account).tenant,
            account=order.account,
            kind=kind,
            subject=str(order.id),
            ours=ours,
            theirs=theirs,
        )
    )
