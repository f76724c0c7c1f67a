"""Write down what happened to an order, with everything that follows from it, in one transaction.

The only way by which orders, holds, cash, positions and lots change together. Writing the same
events again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, EventId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Position
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.events import OrderChanged
from algotrendy.trading.holds import hold_entry
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.lots import Lots
from algotrendy.trading.order_events import Execution, OrderEvent
from algotrendy.trading.orders import PlatformOrder, apply, kernel_fill
from algotrendy.trading.restating import held_of, take_back


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
    for gone in sorted(known.keys() - standing.keys()):
        account = tx.accounts.get(after.account)
        reason = "the broker took the execution back"
        take_back(tx, account, after.symbol, after.currency, gone, event.at, reason)
    for execution in standing.values():
        if execution.id not in known:
            _book_execution(tx, after, execution)
        elif execution.fee and not known[execution.id].fee:
            _book_fee(tx, after, execution)


def _book_execution(tx: LedgerTransaction, order: PlatformOrder, execution: Execution) -> None:
    account = tx.accounts.get(order.account)
    fill = kernel_fill(order, execution)
    held = held_of(tx, order.account, order.symbol, order.currency)
    if not tx.books.post(entries.filled(order.account, execution.id, fill, held)):
        return
    lots, closed = _lots(tx, account, order).after(fill, execution.id)
    tx.books.put_lots(order.account, lots)
    tx.books.add_closed_lots(order.account, order.symbol, closed)
    _book_fee(tx, order, execution)


def _book_fee(tx: LedgerTransaction, order: PlatformOrder, execution: Execution) -> None:
    if execution.fee:
        tx.books.post(entries.fee(order.account, execution.id, execution.at, execution.fee))


def _lots(tx: LedgerTransaction, account: Account, order: PlatformOrder) -> Lots:
    known = tx.books.lots(account.id, order.symbol)
    return known or Lots(order.symbol, order.currency, account.lot_method)


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
            order_id=after.id,
            account=after.account,
            symbol=after.symbol,
            status=after.status.value,
            filled_quantity=after.filled_quantity,
            reason=after.reason,
        )
    )
