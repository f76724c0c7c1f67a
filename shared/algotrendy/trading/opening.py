"""Open an account's books with what its broker says, and share its cash out among its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from algotrendy.brokers.port import BrokerAccount, BrokerPosition
from algotrendy.kernel.decimals import plain, share
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, Rejected
from algotrendy.kernel.ids import AccountId, derived_uuid7
from algotrendy.kernel.money import Money
from algotrendy.kernel.request_errors import KeyReused
from algotrendy.risk.limits import StrategyId
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account, Protection, part_of
from algotrendy.trading.journal import Book, Entry, EntryKind, Place, Units, key_of
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.lots import LotMethod
from algotrendy.trading.marks import move_cash
from algotrendy.trading.restating import correct

OPENING = "opening"
_CLOCKS_DIFFER = timedelta(minutes=5)
_REASON = "what the broker held when the account was first seen"


def open_account(
    tx: LedgerTransaction,
    account: Account,
    broker: BrokerAccount,
    positions: Sequence[BrokerPosition],
    now: datetime,
) -> None:
    """Take an account into the ledger with its cash and positions, once.

    One that was opened before keeps its books, and takes over what its settings say now.

    Raises:
        Conflict: If the ledger knows it as another tenant's, at another broker, or in another
            currency.
        Invalid: If the broker keeps it in another currency than its settings say.
    """
    if account.strategy is not None:
        raise Invalid("account", "an account, and no part of one", account.id)
    tx.accounts.add(account)
    known = tx.accounts.claim(account.id)
    _require_same(known, account)
    settled = replace(account, opened_at=known.opened_at, is_blocked=broker.trading_blocked)
    if settled != known:
        tx.accounts.put(settled)
    record = _record(settled, broker, positions, now)
    if tx.documents.find(OPENING, record.id) is not None:
        return
    if broker.currency != account.currency.value:
        raise Invalid("currency", account.currency.value, broker.currency)
    cash = Money(broker.cash, account.currency)
    if cash.amount > 0:
        tx.books.post(entries.deposit(account.id, OPENING, now, cash))
    elif cash:
        tx.books.post(entries.correction(account.id, OPENING, now, _REASON, cash=cash))
    for held in positions:
        if held.quantity:
            cost = Money(share(held.average_price, held.quantity, Decimal(1)), account.currency)
            units = Units(held.quantity, held.symbol)
            # The books are in the order of time, and the broker's clock may be behind ours.
            at = now - _CLOCKS_DIFFER
            correct(tx, settled, f"{OPENING}:{held.symbol}", at, _REASON, units, cost)
    tx.documents.put(record)


def note_block(tx: LedgerTransaction, root: AccountId, *, is_blocked: bool) -> None:
    """Keep whether an account's broker takes orders of it."""
    known = tx.accounts.claim(root)
    if known.is_blocked != is_blocked:
        tx.accounts.put(replace(known, is_blocked=is_blocked))


def is_open(tx: LedgerTransaction, account: Account) -> bool:
    """Say whether an account's books were opened."""
    return tx.documents.find(OPENING, _record_id(account)) is not None


def open_part(
    tx: LedgerTransaction,
    root: AccountId,
    strategy: StrategyId,
    now: datetime,
    *,
    lot_method: LotMethod | None = None,
    protection: Protection | None = None,
    approval_above: Money | None = None,
) -> Account:
    """Make a strategy's part of an account, empty; one that is there is given as it is.

    What is not said is as of the account.
    """
    whole = tx.accounts.claim(root)
    part = replace(
        whole,
        id=part_of(root, strategy),
        opened_at=now,
        is_blocked=False,
        lot_method=lot_method or whole.lot_method,
        protection=protection or whole.protection,
        approval_above=approval_above or whole.approval_above,
    )
    tx.accounts.add(part)
    return tx.accounts.get(part.id)


def allocate(
    tx: LedgerTransaction,
    source: AccountId,
    target: AccountId,
    amount: Money,
    reference: str,
    now: datetime,
) -> None:
    """Move cash between an account and its parts; the same reference again changes nothing.

    For either of the two it is neither a profit nor a loss.

    Raises:
        Invalid: If they are one, or of two accounts, or the amount is not above zero.
        Rejected: If the source has less than that, holds apart.
        Conflict: If the reference was used for something else.
    """
    giver, taker = tx.accounts.get(source), tx.accounts.get(target)
    if giver.root != taker.root or source == target:
        raise Invalid("target", f"another part of {giver.root}, or that account itself", target)
    tx.accounts.claim(giver.root)
    name = f"allocation:{reference}"
    out = entries.withdrawal(source, name, now, amount)
    into = entries.deposit(target, name, now, amount)
    if _is_written(tx, out, into, name):
        return
    # What is held for orders was taken out of the cash already.
    place = Place(source, Book.CASH, None, amount.currency)
    free = Money(tx.books.balances([source]).get(place, Decimal(0)), amount.currency)
    if free < amount:
        raise Rejected(
            f"free cash of {source} must be at least {amount}, was {free}",
            limit=str(free),
            actual=str(amount),
        )
    tx.books.post(out)
    tx.books.post(into)
    for part, change in ((giver, -amount), (taker, amount)):
        # All parts are the account's own: as a whole it has what it had.
        if part.strategy is not None:
            move_cash(tx, part.id, change.amount)


def _is_written(tx: LedgerTransaction, out: Entry, into: Entry, name: str) -> bool:
    """Say whether this very allocation was made; Conflict where the name was another's."""
    kinds = (EntryKind.WITHDRAWAL, EntryKind.DEPOSIT)
    accounts = (out.account, into.account)
    keys = {key_of(kind, account, name) for kind in kinds for account in accounts}
    written = {key: found.movement for key in keys if (found := tx.books.entry(key)) is not None}
    if written and written != {each.key: each.movement for each in (out, into)}:
        raise KeyReused(name.removeprefix("allocation:"))
    return bool(written)


def _require_same(known: Account, account: Account) -> None:
    for field in ("tenant", "broker", "currency"):
        was, wanted = getattr(known, field), getattr(account, field)
        if was != wanted:
            raise Conflict(f"account {account.id} was opened with the {field} {was}, not {wanted}")


def _record(
    account: Account, broker: BrokerAccount, positions: Sequence[BrokerPosition], now: datetime
) -> Document:
    held: list[JsonValue] = [
        {
            "symbol": each.symbol,
            "quantity": plain(each.quantity),
            "average_price": plain(each.average_price),
        }
        for each in positions
    ]
    return Document(
        kind=OPENING,
        id=_record_id(account),
        account=account.id,
        at=now,
        is_open=False,
        body={
            "broker_account": broker.account_id,
            "currency": broker.currency,
            "cash": plain(broker.cash),
            "positions": held,
        },
    )


def _record_id(account: Account) -> UUID:
    return derived_uuid7(account.opened_at, OPENING, account.id)
