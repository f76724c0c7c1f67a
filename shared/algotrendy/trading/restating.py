"""Change what was traded after the fact: busts, splits, corrections; lots and cost follow.

The books of a symbol follow from what happened in it, in the order of time, whenever that was told:
after a bust they are as if the execution had never been there, after a late one as if it had been
known at once. The journal is all that is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import EXACT, share
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, FillId, OrderId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import Price, Quantity
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
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod, Lots

_FEW: Final = 5
_MANY: Final = 500
_ZERO: Final = Decimal(0)
_MOVING: Final = (EntryKind.FILL, EntryKind.SPLIT, EntryKind.CORRECTION)


@dataclass(frozen=True, slots=True)
class Restated:
    """What the entries of one symbol come to: at average cost, in lots, and what they closed."""

    position: Position
    lots: Lots
    closed: tuple[ClosedLot, ...] = ()


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
    is_late = _is_late(tx, entry, symbol)
    tx.books.post(entry)
    if is_late:
        _restate(tx, account, symbol, currency, f"late:{name}", fill.filled_at)
        return True
    lots = tx.books.lots(account.id, symbol) or Lots(symbol, currency, account.lot_method)
    lots, closed = lots.after(fill, name)
    tx.books.put_lots(account.id, lots)
    tx.books.add_closed_lots(account.id, symbol, closed)
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
    tx.books.post(entries.bust(fill, at, reason))
    take_back_fee(tx, account.id, execution_id, at, reason)
    _restate(tx, account, symbol, currency, f"bust:{fill.key}", at)
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
    is_late = _is_late(tx, entry, symbol)
    tx.books.post(entry)
    lots = tx.books.lots(account.id, symbol)
    if is_late or lots is None:
        _restate(tx, account, symbol, currency, f"late:{entry.key}", at)
    else:
        tx.books.put_lots(account.id, lots.split(new, old))
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
    is_late = _is_late(tx, entry, units.symbol)
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


def restated(
    journal: Iterable[Entry], symbol: Symbol, currency: Currency, method: LotMethod
) -> Restated:
    """Work a part's position in a symbol out again from its entries, in the order of their times.

    Args:
        journal: Of the part; those taken back left out.
    """
    now = Restated(Position.flat(symbol, currency), Lots(symbol, currency, method))
    for entry in sorted(journal, key=_turn):
        units, cost = _moved_by(entry, symbol, currency)
        if not units and not cost:
            continue
        match entry.kind:
            case EntryKind.FILL:
                now = _after_fill(now, entry, symbol, units)
            case EntryKind.SPLIT | EntryKind.CORRECTION:
                now = _after_change(now, entry, units, cost)
    return now


def _restate(
    tx: LedgerTransaction,
    account: Account,
    symbol: Symbol,
    currency: Currency,
    reference: str,
    at: datetime,
) -> None:
    right = restated(_standing(tx, account.id), symbol, currency, account.lot_method)
    balances = tx.books.balances([account.id])
    booked = balances.get(Place(account.id, Book.POSITION, symbol, currency), _ZERO)
    change = right.position.cost - Money(booked, currency)
    if change:
        tx.books.post(entries.restatement(account.id, reference, at, symbol, change))
    tx.books.put_lots(account.id, right.lots)
    tx.books.restate_closed_lots(account.id, symbol, right.closed)


def _turn(entry: Entry) -> tuple[datetime, str]:
    return entry.at, entry.key


def _is_late(tx: LedgerTransaction, entry: Entry, symbol: Symbol) -> bool:
    """Say whether the books know of something in the symbol that happened after this."""
    for other in _newest_first(tx, entry.account, _MOVING, page=_FEW):
        # The list is in the order of milliseconds.
        if other.at < entry.at - timedelta(milliseconds=1):
            return False
        if _turn(other) > _turn(entry) and any(each.symbol == symbol for each in other.postings):
            return True
    return False


def _held_at(tx: LedgerTransaction, account: Account, symbol: Symbol, at: datetime) -> Position:
    before = (entry for entry in _standing(tx, account.id) if entry.at <= at)
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


def _standing(tx: LedgerTransaction, account: AccountId) -> Sequence[Entry]:
    """Read what moved positions and was not taken back."""
    found: list[Entry] = []
    gone: set[str | None] = set()
    for entry in _newest_first(tx, account, (*_MOVING, EntryKind.BUST), page=_MANY):
        gone.add(entry.reverses)
        found.append(entry)
    return [each for each in found if each.reverses is None and each.key not in gone]


def _newest_first(
    tx: LedgerTransaction, account: AccountId, kinds: Sequence[EntryKind], page: int
) -> Iterator[Entry]:
    before: str | None = None
    while True:
        rows = tx.books.entries(EntryQuery(account, before, kinds, page))
        # The entries of an account's parts come with its own.
        yield from (entry for _, entry in rows if entry.account == account)
        if len(rows) < page:
            return
        before = rows[-1][0]


def _moved_by(entry: Entry, symbol: Symbol, currency: Currency) -> tuple[Decimal, Money]:
    units, cost = _ZERO, Money.zero(currency)
    for posting in entry.postings:
        if posting.book is Book.POSITION and posting.symbol == symbol:
            if isinstance(posting.amount, Units):
                units = EXACT.add(units, posting.amount.count)
            else:
                cost += posting.amount
    return units, cost


def _after_fill(now: Restated, entry: Entry, symbol: Symbol, units: Decimal) -> Restated:
    execution_id = entry.key.removeprefix(f"{EntryKind.FILL}:{entry.account}:")
    fill = _fill_of(entry, symbol, units)
    position, _ = now.position.after(fill)
    lots, closed = now.lots.after(fill, execution_id)
    return Restated(position, lots, (*now.closed, *closed))


def _fill_of(entry: Entry, symbol: Symbol, units: Decimal) -> Fill:
    paid = next(
        posting.amount
        for posting in entry.postings
        if posting.book is Book.CASH and isinstance(posting.amount, Money)
    )
    size = units.copy_abs()
    # Cash is price times quantity without rounding, so that the price comes out as it was.
    price = EXACT.divide(paid.amount.copy_abs(), size)
    name = derived_uuid7(entry.at, entry.key)
    return Fill(
        id=FillId(name),
        order_id=OrderId(name),
        symbol=symbol,
        side=Side.BUY if units > 0 else Side.SELL,
        quantity=Quantity(size),
        price=Price(price, paid.currency),
        fee=Money.zero(paid.currency),
        filled_at=entry.at,
    )


def _after_change(now: Restated, entry: Entry, units: Decimal, cost: Money) -> Restated:
    """Let a split or a correction stand as it was written, whatever was held without the bust."""
    before = now.position
    quantity = EXACT.add(before.quantity, units)
    value = before.cost + cost
    if quantity * value.amount < 0 or not quantity:
        value = Money.zero(cost.currency)
    position = Position(before.symbol, quantity, value)
    if entry.kind is EntryKind.SPLIT and before.quantity * quantity > 0:
        lots = now.lots.split(_whole(quantity), _whole(before.quantity))
    elif units:
        kept = cost if units * cost.amount > 0 else Money.zero(cost.currency)
        lots = now.lots.moved(Lot(entry.key, entry.at, units, kept))
    else:
        lots = now.lots
    return Restated(position, lots, now.closed)


def _whole(quantity: Decimal) -> int:
    return int(EXACT.scaleb(quantity.copy_abs(), 18))


def _cost_change(held: Position, units: Decimal, cost: Money) -> Money:
    if units * cost.amount < 0:
        raise Invalid("cost", f"of the sign of the units, {units}", cost)
    if held.quantity * units >= 0:
        return cost
    after = EXACT.add(held.quantity, units)
    if held.quantity * after >= 0:
        return Money(share(held.cost.amount, after, held.quantity), cost.currency) - held.cost
    return Money(share(cost.amount, after, units), cost.currency) - held.cost
