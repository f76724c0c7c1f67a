"""Write each business event as an entry of the books: what moves from where to where.

A key is made of the kind, the account and the broker's or our own name for the event, so that one
event makes the same entry however often it is written down.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT, share
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Fill, Position
from algotrendy.trading.journal import Book, Entry, EntryKind, Posting, Units, key_of, key_of_bust


def deposit(account: AccountId, reference: str, at: datetime, amount: Money) -> Entry:
    """Take money in from outside."""
    _require_positive(amount, "amount")
    postings = _moved(Book.EXTERNAL, Book.CASH, amount)
    return _entry(EntryKind.DEPOSIT, account, reference, at, postings)


def withdrawal(account: AccountId, reference: str, at: datetime, amount: Money) -> Entry:
    """Pay money out; the amount is positive."""
    _require_positive(amount, "amount")
    postings = _moved(Book.CASH, Book.EXTERNAL, amount)
    return _entry(EntryKind.WITHDRAWAL, account, reference, at, postings)


def hold(account: AccountId, reference: str, at: datetime, change: Money) -> Entry:
    """Set cash aside for an order, or give it back where the change is negative."""
    postings = _moved(Book.CASH, Book.CASH_HELD, change)
    return _entry(EntryKind.HOLD, account, reference, at, postings)


def filled(account: AccountId, execution_id: str, fill: Fill, before: Position) -> Entry:
    """Exchange cash and units at average cost; the fee is an entry of its own.

    Raises:
        Invalid: If the fill is of another symbol or currency than the position before it.
    """
    after, profit = before.after(fill)
    cost = after.cost - before.cost
    units = EXACT.subtract(after.quantity, before.quantity)
    postings = (
        Posting(Book.CASH, -(fill.notional * fill.side.sign)),
        Posting(Book.POSITION, cost, fill.symbol),
        Posting(Book.REALISED, -profit),
        *_units_moved(fill.symbol, units),
    )
    # Who reads the journal finds the order by it.
    reason = str(fill.order_id)
    return _entry(EntryKind.FILL, account, execution_id, fill.filled_at, postings, reason)


def fee(account: AccountId, reference: str, at: datetime, amount: Money) -> Entry:
    """Pay a fee; a rebate is negative."""
    postings = _moved(Book.CASH, Book.FEES, amount)
    return _entry(EntryKind.FEE, account, reference, at, postings)


def dividend(account: AccountId, reference: str, at: datetime, amount: Money) -> Entry:
    """Receive a dividend, or pay one on a short where the amount is negative."""
    postings = _moved(Book.DIVIDENDS, Book.CASH, amount)
    return _entry(EntryKind.DIVIDEND, account, reference, at, postings)


def interest(account: AccountId, reference: str, at: datetime, amount: Money) -> Entry:
    """Receive interest, or pay it where the amount is negative."""
    postings = _moved(Book.INTEREST, Book.CASH, amount)
    return _entry(EntryKind.INTEREST, account, reference, at, postings)


def split(
    account: AccountId, reference: str, at: datetime, before: Position, new: int, old: int
) -> Entry:
    """Let ``new`` units stand for ``old`` ones, at the same cost.

    What does not divide is rounded at the finest step of the ledger.

    Raises:
        Invalid: If one of the numbers is not above zero, or the split changes nothing.
    """
    for field, count in (("new", new), ("old", old)):
        if count <= 0:
            raise Invalid(field, "above zero", count)
    after = share(before.quantity, Decimal(new), Decimal(old))
    change = EXACT.subtract(after, before.quantity)
    postings = _units_moved(before.symbol, change)
    return _entry(EntryKind.SPLIT, account, reference, at, postings)


def correction(
    account: AccountId,
    reference: str,
    at: datetime,
    reason: str,
    *,
    cash: Money | None = None,
    units: Units | None = None,
    cost: Money | None = None,
) -> Entry:
    """Follow the broker where it sets cash or a position right, and say why.

    Args:
        cost: What the units are taken into the books at.
    """
    if cost is not None and units is None:
        raise Invalid("units", "present where there is a cost", None)
    postings: tuple[Posting, ...] = ()
    if cash is not None:
        postings += _moved(Book.EXTERNAL, Book.CASH, cash)
    if units is not None:
        postings += _units_moved(units.symbol, units.count)
        if cost is not None:
            postings += (
                Posting(Book.EXTERNAL, -cost),
                Posting(Book.POSITION, cost, units.symbol),
            )
    return _entry(EntryKind.CORRECTION, account, reference, at, postings, reason)


def bust(entry: Entry, at: datetime, reason: str) -> Entry:
    """Take an entry back exactly, posting by posting.

    Where the position was traded in between, ``restatement`` then sets its cost right.

    Raises:
        Invalid: If it is itself a reversal.
    """
    if entry.reverses is not None:
        raise Invalid("entry", "no reversal itself", entry.key)
    return Entry(
        key=key_of_bust(entry.key),
        kind=EntryKind.BUST,
        account=entry.account,
        at=at,
        postings=tuple(posting.reversed() for posting in entry.postings),
        reason=reason,
        reverses=entry.key,
    )


def restatement(
    account: AccountId, reference: str, at: datetime, symbol: Symbol, cost_change: Money
) -> Entry:
    """Move cost between a position and the realised profit, as after a bust in its past."""
    postings = (
        Posting(Book.POSITION, cost_change, symbol),
        Posting(Book.REALISED, -cost_change),
    )
    return _entry(EntryKind.RESTATEMENT, account, f"{reference}:{symbol}", at, postings)


def _entry(
    kind: EntryKind,
    account: AccountId,
    reference: str,
    at: datetime,
    postings: tuple[Posting, ...],
    reason: str = "",
) -> Entry:
    moving = tuple(each for each in postings if each)
    return Entry(
        key=key_of(kind, account, reference),
        kind=kind,
        account=account,
        at=at,
        postings=moving,
        reason=reason,
    )


def _moved(source: Book, target: Book, amount: Money) -> tuple[Posting, ...]:
    return Posting(source, -amount), Posting(target, amount)


def _units_moved(symbol: Symbol, count: Decimal) -> tuple[Posting, ...]:
    return (
        Posting(Book.EXTERNAL, Units(EXACT.minus(count), symbol), symbol),
        Posting(Book.POSITION, Units(count, symbol), symbol),
    )


def _require_positive(amount: Money, field: str) -> None:
    if amount.amount <= 0:
        raise Invalid(field, "above zero", amount)
