"""Write down what happened to an order, with everything that follows from it, in one transaction.

The only way by which orders, holds, cash, positions and lots change together. Writing the same
events again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, EventId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Position
from algotrendy.trading.accounts import Account
from algotrendy.trading.events import OrderChanged
from algotrendy.trading.folding import apply, kernel_fill
from algotrendy.trading.holds import hold_entry
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import Execution, OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.restating import book_fee, book_fill, take_back, take_back_fee


@dataclass(frozen=True, slots=True)
class Recorded:
    """What writing events down did: ``events`` are those that were new."""

    before: PlatformOrder | None
    after: PlatformOrder
    events: tuple[OrderEvent, ...]


def record(tx: LedgerTransaction, events: Sequence[OrderEvent]) -> Recorded:
    """Write events of one order down, and book what they mean.

    Raises:
        Conflict: If an event of our own does not fit where the order stands; nothing may be kept
            of the transaction then.
        Invalid: If there is none, or they are of several orders.
    """
    if not events or len({event.order_id for event in events}) != 1:
        raise Invalid("events", "one or more of one order", len(events))
    before = order = tx.orders.find(events[0].order_id)
    new: list[OrderEvent] = []
    for event in events:
        if order is not None and event.id in order.seen:
            continue
        after = apply(order, event)
        _book(tx, order, after, event)
        new.append(event)
        order = after
    assert order is not None  # noqa: S101 - apply() gave one, or there was one
    if new:
        tx.orders.store(order, new)
        _tell(tx, before, order, new[-1])
    return Recorded(before, order, tuple(new))


def position_of(
    balances: Mapping[Place, Decimal], account: AccountId, symbol: Symbol, currency: Currency
) -> Position:
    """Read from balances what an account or a part holds of a symbol, at cost."""
    units = balances.get(Place(account, Book.POSITION, symbol, None), Decimal(0))
    cost = balances.get(Place(account, Book.POSITION, symbol, currency), Decimal(0))
    return Position(symbol, units, Money(cost, currency))


def _book(
    tx: LedgerTransaction, before: PlatformOrder | None, after: PlatformOrder, event: OrderEvent
) -> None:
    entry = hold_entry(before, after, event)
    if entry is not None:
        tx.books.post(entry)
    known = {each.id: each for each in before.standing} if before else {}
    standing = {each.id: each for each in after.standing}
    if known == standing:
        return
    account = tx.accounts.get(after.account)
    for execution in known.values():
        _unbook(tx, account, after, execution, standing.get(execution.id), event.at)
    for execution in standing.values():
        if execution != known.get(execution.id):
            book_fill(tx, account, kernel_fill(after, execution), execution.id)
            if execution.fee:
                book_fee(tx, account.id, execution.id, execution.at, execution.fee)


def _unbook(
    tx: LedgerTransaction,
    account: Account,
    order: PlatformOrder,
    was: Execution,
    now: Execution | None,
    at: datetime,
) -> None:
    """Take back what is told no more, or told otherwise."""
    if now is None or (was.quantity, was.price) != (now.quantity, now.price):
        reason = "the broker took it back" if now is None else "the broker tells it otherwise"
        take_back(tx, account, order.symbol, order.currency, was.id, at, reason)
    elif was.fee and was.fee != now.fee:
        take_back_fee(tx, account.id, was.id, at, "the broker tells it otherwise")


def _tell(
    tx: LedgerTransaction, before: PlatformOrder | None, after: PlatformOrder, event: OrderEvent
) -> None:
    if before is not None and (before.status, before.filled_quantity) == (
        after.status,
        after.filled_quantity,
    ):
        return
    tx.publish(
        OrderChanged(
            id=EventId(derived_uuid7(event.at, "OrderChanged", str(event.id))),
            occurred_at=event.at,
            correlation_id=after.provenance.correlation_id,
            tenant=tx.accounts.get(after.account).tenant,
            traceparent=after.provenance.traceparent,
            order_id=after.id,
            account=after.account,
            symbol=after.symbol,
            status=after.status.value,
            filled_quantity=after.filled_quantity,
            reason=after.reason,
        )
    )
