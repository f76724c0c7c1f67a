"""Change what was traded after the fact: busts, splits, corrections; lots and cost follow.

The books of a symbol follow from what happened in it, in the order of time, whenever that was told:
after a bust they are as if the execution had never been there, after a late one as if it had been
known at once. The journal is all that is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import EXACT, share
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.journal import (
    AMENDED,
    Book,
    Entry,
    EntryKind,
    Place,
    Units,
    key_of,
    key_of_bust,
)
from algotrendy.trading.ledger import EntryQuery, LedgerTransaction
from algotrendy.trading.lots import Lot, LotMethod, Lots
from algotrendy.trading.replaying import instant_of, moved_by, restated, split_lots, turn_of

_FEW: Final = 5
_MANY: Final = 500
_ZERO: Final = Decimal(0)
_MOVING: Final = (EntryKind.FILL, EntryKind.SPLIT, EntryKind.CORRECTION)


def book_fill(tx: LedgerTransaction, account: Account, fill: Fill, execution_id: str) -> bool:
    """Write an execution into the books, where its time puts it; False when it is there already.

    One that was taken back is written again under another name: its broker tells it otherwise now.
    """
    symbol, currency = fill.symbol, fill.price.currency
    name = _free_name(tx, EntryKind.FILL, account.id, execution_id)
    if name is None:
        return False
    held = held_of(tx, account.id, symbol, currency)
    entry = entries.filled(account.id, name, fill, held)
    later = _later(tx, entry, symbol)
    tx.books.post(entry)
    lots = tx.books.lots(account.id, symbol) or Lots(symbol, currency, account.lot_method)
    if not later:
        lots, closed = lots.after(fill, name)
        tx.books.put_lots(account.id, lots)
        tx.books.add_closed_lots(account.id, symbol, closed)
    elif _all_add(held, entry, later) and lots.method is not LotMethod.AVERAGE:
        tx.books.put_lots(account.id, lots.opened_before(fill, name, len(later)))
    else:
        _restate(tx, account, symbol, currency, f"late:{name}", fill.filled_at)
    return True


def book_fee(
    tx: LedgerTransaction, account: AccountId, execution_id: str, at: datetime, fee: Money
) -> bool:
    """Write the fee of an execution into the books; False when it is there already."""
    name = _free_name(tx, EntryKind.FEE, account, execution_id)
    return name is not None and tx.books.post(entries.fee(account, name, at, fee))


def take_back(
    tx: LedgerTransaction,
    account: Account,
    symbol: Symbol,
    currency: Currency,
    execution_id: str,
    at: datetime,
    reason: str,
) -> bool:
    """Take an execution out of the books, its fee too; False when it is not in them."""
    fill = _standing_entry(tx, EntryKind.FILL, account.id, execution_id)
    if fill is None:
        return False
    # Not before what it takes back, whatever the broker's clock: the journal is read backwards.
    tx.books.post(entries.bust(fill, max(at, fill.at), reason))
    take_back_fee(tx, account.id, execution_id, at, reason)
    _restate(tx, account, symbol, currency, f"bust:{fill.key}", fill.at)
    return True


def take_back_fee(
    tx: LedgerTransaction, account: AccountId, execution_id: str, at: datetime, reason: str
) -> bool:
    """Take the fee of an execution out of the books; False when it is not in them."""
    fee = _standing_entry(tx, EntryKind.FEE, account, execution_id)
    return fee is not None and tx.books.post(entries.bust(fee, at, reason))


def split(
    tx: LedgerTransaction,
    account: Account,
    symbol: Symbol,
    reference: str,
    at: datetime,
    new: int,
    old: int,
) -> bool:
    """Let ``new`` units of a part's position stand for ``old`` ones; False when they do already."""
    if tx.books.entry(key_of(EntryKind.SPLIT, account.id, reference)) is not None:
        return False
    currency = account.currency
    held = _held_at(tx, account, symbol, at)
    if not held.quantity:
        return False
    entry = entries.split(account.id, reference, at, held, new, old)
    is_late = bool(_later(tx, entry, symbol))
    tx.books.post(entry)
    lots = tx.books.lots(account.id, symbol)
    if is_late or lots is None:
        _restate(tx, account, symbol, currency, f"late:{entry.key}", at)
    else:
        units, _ = moved_by(entry, symbol, currency)
        # As when it is worked out again, to the last digit of what does not divide.
        tx.books.put_lots(account.id, split_lots(lots, EXACT.add(held.quantity, units)))
    return True


def correct(
    tx: LedgerTransaction,
    account: Account,
    reference: str,
    at: datetime,
    reason: str,
    units: Units,
    cost: Money,
) -> bool:
    """Take units into a part's position, or out of it; False when it was done already.

    Args:
        cost: Of units that are added, of their sign. Units that go take their share of the
            position's cost with them.
    """
    key = key_of(EntryKind.CORRECTION, account.id, reference)
    if tx.books.entry(key) is not None:
        return False
    held = held_of(tx, account.id, units.symbol, cost.currency)
    change = _cost_change(held, units.count, cost)
    entry = entries.correction(account.id, reference, at, reason, units=units, cost=change)
    is_late = bool(_later(tx, entry, units.symbol))
    tx.books.post(entry)
    if is_late:
        _restate(tx, account, units.symbol, cost.currency, f"late:{entry.key}", at)
        return True
    lots = tx.books.lots(account.id, units.symbol)
    lots = lots or Lots(units.symbol, cost.currency, account.lot_method)
    tx.books.put_lots(account.id, lots.moved(Lot(entry.key, at, units.count, cost)))
    return True


def held_of(
    tx: LedgerTransaction, account: AccountId, symbol: Symbol, currency: Currency
) -> Position:
    """Read what a part holds of a symbol, at cost."""
    balances = tx.books.balances([account])
    units = balances.get(Place(account, Book.POSITION, symbol, None), _ZERO)
    cost = balances.get(Place(account, Book.POSITION, symbol, currency), _ZERO)
    return Position(symbol, units, Money(cost, currency))


def _restate(
    tx: LedgerTransaction,
    account: Account,
    symbol: Symbol,
    currency: Currency,
    reference: str,
    at: datetime,
) -> None:
    """Set cost, lots and closed lots right after a symbol's past was changed, at ``at``."""
    past = _past(tx, account.id, symbol, currency, at)
    lots = tx.books.lots(account.id, symbol)
    # A symbol keeps the method by which its first lots were closed, whatever the settings say now.
    method = account.lot_method if lots is None else lots.method
    right = restated(past, symbol, currency, method)
    balances = tx.books.balances([account.id])
    booked = balances.get(Place(account.id, Book.POSITION, symbol, currency), _ZERO)
    change = right.position.cost - Money(booked, currency)
    if change:
        tx.books.post(entries.restatement(account.id, reference, at, symbol, change))
    tx.books.put_lots(account.id, right.lots)
    since = min((entry.at for entry in past), default=at)
    tx.books.restate_closed_lots(account.id, symbol, right.closed, min(since, at))


def _past(
    tx: LedgerTransaction, account: AccountId, symbol: Symbol, currency: Currency, at: datetime
) -> Sequence[Entry]:
    """Read what moved a position and stands, from when it was flat last before a moment.

    What was before that changes nothing of what is now. Entries come by their milliseconds, and
    within one in any order.
    """
    units = Place(account, Book.POSITION, symbol, None)
    held = tx.books.balances([account]).get(units, _ZERO)
    found: dict[str, tuple[Entry, Decimal]] = {}
    gone: set[str] = set()
    edge: datetime | None = None
    for entry in _newest_first(tx, account, (*_MOVING, EntryKind.BUST)):
        moment = instant_of(entry)
        if edge is not None and moment < edge <= at and not held:
            break
        edge = moment
        if entry.reverses is not None:
            gone.add(entry.reverses)
            _, moved = found.pop(entry.reverses, (entry, _ZERO))
            held = EXACT.add(held, moved)
        elif entry.key not in gone and _is_of(entry, symbol):
            moved, _ = moved_by(entry, symbol, currency)
            found[entry.key] = entry, moved
            held = EXACT.subtract(held, moved)
    return [entry for entry, _ in found.values()]


def _later(tx: LedgerTransaction, entry: Entry, symbol: Symbol) -> Sequence[Entry]:
    """Find what the books know of a symbol that happened after an entry, and stands."""
    found = []
    before = instant_of(entry)
    for other in _newest_first(tx, entry.account, _MOVING):
        if other.at < before:
            break
        is_later = turn_of(other) > turn_of(entry) and _is_of(other, symbol)
        if is_later and tx.books.entry(key_of_bust(other.key)) is None:
            found.append(other)
    return found


def _all_add(held: Position, entry: Entry, later: Sequence[Entry]) -> bool:
    """Say whether an entry and all that came after it only made a position larger."""
    symbol, currency = held.symbol, held.cost.currency
    units, _ = moved_by(entry, symbol, currency)
    before = held.quantity
    for other in later:
        moved, _ = moved_by(other, symbol, currency)
        if other.kind is not EntryKind.FILL or moved * units < 0:
            return False
        before = EXACT.subtract(before, moved)
    return before * units >= 0


def _is_of(entry: Entry, symbol: Symbol) -> bool:
    return any(each.symbol == symbol for each in entry.postings)


def _held_at(tx: LedgerTransaction, account: Account, symbol: Symbol, at: datetime) -> Position:
    past = _past(tx, account.id, symbol, account.currency, at)
    before = [entry for entry in past if entry.at <= at]
    return restated(before, symbol, account.currency, account.lot_method).position


def _free_name(
    tx: LedgerTransaction, kind: EntryKind, account: AccountId, execution_id: str
) -> str | None:
    """Find the name under which an execution may be written; None where it stands already."""
    name, times = execution_id, 1
    while tx.books.entry(key_of(kind, account, name)) is not None:
        if tx.books.entry(key_of_bust(key_of(kind, account, name))) is None:
            return None
        times += 1
        name = f"{execution_id}{AMENDED}{times}"
    return name


def _standing_entry(
    tx: LedgerTransaction, kind: EntryKind, account: AccountId, execution_id: str
) -> Entry | None:
    name, times = execution_id, 1
    while (entry := tx.books.entry(key_of(kind, account, name))) is not None:
        if tx.books.entry(key_of_bust(entry.key)) is None:
            return entry
        times += 1
        name = f"{execution_id}{AMENDED}{times}"
    return None


def _newest_first(
    tx: LedgerTransaction, account: AccountId, kinds: Sequence[EntryKind]
) -> Iterator[Entry]:
    before: str | None = None
    # Mostly a few are enough.
    page = _FEW
    while True:
        rows = tx.books.entries(EntryQuery(account, before, kinds, page))
        # The entries of an account's parts come with its own.
        yield from (entry for _, entry in rows if entry.account == account)
        if len(rows) < page:
            return
        before = rows[-1][0]
        page = min(4 * page, _MANY)


def _cost_change(held: Position, units: Decimal, cost: Money) -> Money:
    if units * cost.amount < 0:
        raise Invalid("cost", f"of the sign of the units, {units}", cost)
    if held.quantity * units >= 0:
        return cost
    after = EXACT.add(held.quantity, units)
    if held.quantity * after >= 0:
        return Money(share(held.cost.amount, after, held.quantity), cost.currency) - held.cost
    return Money(share(cost.amount, after, units), cost.currency) - held.cost
