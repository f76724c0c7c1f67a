"""Book what changed an account at its broker beside fills: fees, dividends, splits, cash.

Each is booked once, whatever it does: a record of it is kept in the same transaction. What has no
rule is not booked, and the reason is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from algotrendy.brokers.port import ActivityKind, BrokerActivity, BrokerFill
from algotrendy.kernel.decimals import EXACT, plain, share
from algotrendy.kernel.ids import AccountId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.execution.news import busted, filled
from algotrendy.trading.journal import Book, Entry, EntryKind, Units, key_of
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.marks import move_cash
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.restating import correct, held_of, split

ACTIVITY: Final = "activity"

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_LARGEST_TERM: Final = 1000
_IN_LIEU: Final = "the broker paid cash for what does not divide"


def is_posted(tx: LedgerTransaction, root: AccountId, activity: BrokerActivity) -> bool:
    """Say whether an activity was booked."""
    return tx.documents.find(ACTIVITY, _record_id(root, activity)) is not None


def post(tx: LedgerTransaction, root: AccountId, activity: BrokerActivity) -> str | None:
    """Book an activity, once; give the reason where no rule says how, and nothing was booked."""
    if is_posted(tx, root, activity):
        return None
    family = tx.accounts.family(root)
    reason = _post(tx, family[0], family, activity)
    if reason is None:
        tx.documents.put(_record(root, activity))
    return reason


def _post(
    tx: LedgerTransaction, account: Account, family: Sequence[Account], activity: BrokerActivity
) -> str | None:
    cash = Money(activity.cash, account.currency)
    match activity.kind:
        case ActivityKind.FEE:
            return _fee(tx, account, activity, cash)
        case ActivityKind.BUST:
            return _bust(tx, account, activity)
        case ActivityKind.SPLIT:
            return _split(tx, account, family, activity)
        case ActivityKind.DIVIDEND if cash:
            for member, part in _by_holding(tx, family, activity.symbol, cash).items():
                tx.books.post(entries.dividend(member, activity.id, activity.at, part))
        case ActivityKind.INTEREST if cash:
            tx.books.post(entries.interest(account.id, activity.id, activity.at, cash))
        case ActivityKind.TRANSFER if cash:
            write = entries.deposit if cash.amount > 0 else entries.withdrawal
            tx.books.post(write(account.id, activity.id, activity.at, abs(cash)))
            move_cash(tx, account.id, cash.amount)
        case ActivityKind.OTHER if cash or activity.quantity:
            return f"there is no rule for activities of the kind {activity.name}"
    return None


def _fee(
    tx: LedgerTransaction, account: Account, activity: BrokerActivity, cash: Money
) -> str | None:
    """Charge a fee to the execution that it was for, or else to the account itself."""
    if not cash:
        return None
    if activity.execution_id is None:
        tx.books.post(entries.fee(account.id, activity.id, activity.at, -cash))
        return None
    order = _order_of(tx, account.id, activity)
    made = None
    if order is not None:
        made = next((each for each in order.executions if each.id == activity.execution_id), None)
    if order is None or (made is None and activity.execution_id not in order.busted):
        return f"execution {activity.execution_id} is not known yet"
    if made is not None and made in order.standing:
        if made.fee is None:
            told = BrokerFill(
                execution_id=made.id,
                broker_order_id=activity.broker_order_id or "",
                symbol=order.symbol,
                side=order.request.side,
                quantity=made.quantity.value,
                price=made.price.amount,
                filled_at=made.at,
                fee=(-cash).amount,
            )
            record(tx, [filled(order, told)])
        return None
    # The execution was taken back before its fee was told: the bust gives it back.
    if tx.books.entry(key_of(EntryKind.FEE, order.account, activity.execution_id)) is None:
        tx.books.post(entries.fee(order.account, activity.id, activity.at, -cash))
    return None


def _bust(tx: LedgerTransaction, account: Account, activity: BrokerActivity) -> str | None:
    """Take an execution back, and what the broker gave back of its order's fees."""
    order = _order_of(tx, account.id, activity)
    if order is None or activity.execution_id is None:
        return "the order of the execution that was taken back is not known"
    gone = busted(order, activity.execution_id, activity.at)
    if activity.quantity is None or activity.price is None:
        record(tx, [gone])
        return None
    events: list[OrderEvent] = [gone]
    if all(each.id != activity.execution_id for each in order.executions):
        # Nobody tells of it any more, and the order still counts it.
        fill = BrokerFill(
            execution_id=activity.execution_id,
            broker_order_id=activity.broker_order_id or "",
            symbol=order.symbol,
            side=order.request.side,
            quantity=abs(activity.quantity),
            price=activity.price,
            filled_at=activity.at,
        )
        events.insert(0, filled(order, fill))
    record(tx, events)
    # The fill's own cash is price times quantity; what is left is of fees.
    refund = EXACT.add(activity.cash, EXACT.multiply(activity.quantity, activity.price))
    fee_key = key_of(EntryKind.FEE, order.account, activity.execution_id)
    taken = tx.books.entry(f"{EntryKind.BUST}:{fee_key}")
    given = EXACT.subtract(refund, _ZERO if taken is None else _cash_of(taken))
    if given:
        back = Money(EXACT.minus(given), account.currency)
        tx.books.post(entries.fee(order.account, activity.id, activity.at, back))
    return None


def _split(
    tx: LedgerTransaction, account: Account, family: Sequence[Account], activity: BrokerActivity
) -> str | None:
    """Restate each part's units; what does not divide as a whole is cash."""
    symbol, change = activity.symbol, activity.quantity
    if symbol is None or change is None:
        return "the split does not say of what, or by how much"
    held = _holdings(tx, family, symbol)
    whole = _sum(held.values())
    if not whole:
        return "nothing is held of what was split" if change or activity.cash else None
    ratio = activity.split or _ratio(whole, change)
    if ratio is None:
        return "the split does not say how many units stand for how many"
    new, old = ratio
    after = EXACT.add(whole, change)
    if abs(EXACT.subtract(after, share(whole, Decimal(new), Decimal(old)))) >= _ONE:
        return f"{new} for {old} does not make the change that the broker tells"
    for member in family:
        split(tx, member, symbol, activity.id, activity.at, new, old)
    rest = EXACT.subtract(after, _sum(_holdings(tx, family, symbol).values()))
    # The largest holder bears what does not divide.
    largest = max(family, key=lambda member: abs(held.get(member.id, _ZERO)))
    name = f"{activity.id}:in-lieu"
    if rest:
        none = Money.zero(account.currency)
        correct(tx, largest, name, activity.at, _IN_LIEU, Units(rest, symbol), none)
    if activity.cash:
        cash = Money(activity.cash, account.currency)
        paid = entries.correction(largest.id, f"{name}:cash", activity.at, _IN_LIEU, cash=cash)
        tx.books.post(paid)
    return None


def _ratio(whole: Decimal, change: Decimal) -> tuple[int, int] | None:
    """Tell new from old units by what they came to; None where that is no small ratio."""
    found = Fraction(EXACT.add(whole, change)) / Fraction(whole)
    if found <= 0 or max(found.numerator, found.denominator) > _LARGEST_TERM:
        return None
    return found.numerator, found.denominator


def _by_holding(
    tx: LedgerTransaction, family: Sequence[Account], symbol: Symbol | None, cash: Money
) -> Mapping[AccountId, Money]:
    """Share cash out by what each part holds; it is the account's own where nobody holds any."""
    held = {} if symbol is None else _holdings(tx, family, symbol)
    whole = _sum(held.values())
    if not whole:
        return {family[0].id: cash}
    shares: dict[AccountId, Money] = {}
    left = cash
    for member in list(held)[1:]:
        part = Money(share(cash.amount, held[member], whole), cash.currency).rounded()
        left -= part
        if part:
            shares[member] = part
    if left:
        shares[next(iter(held))] = left
    return shares


def _holdings(
    tx: LedgerTransaction, family: Sequence[Account], symbol: Symbol
) -> Mapping[AccountId, Decimal]:
    held = {each.id: held_of(tx, each.id, symbol, each.currency).quantity for each in family}
    return {member: quantity for member, quantity in held.items() if quantity}


def _order_of(
    tx: LedgerTransaction, root: AccountId, activity: BrokerActivity
) -> PlatformOrder | None:
    if activity.broker_order_id is None:
        return None
    return tx.orders.by_broker_id(root, activity.broker_order_id)


def _cash_of(entry: Entry) -> Decimal:
    return _sum(
        each.amount.amount
        for each in entry.postings
        if each.book is Book.CASH and isinstance(each.amount, Money)
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total


def _record_id(root: AccountId, activity: BrokerActivity) -> UUID:
    return derived_uuid7(activity.at, ACTIVITY, root, activity.id)


def _record(root: AccountId, activity: BrokerActivity) -> Document:
    return Document(
        kind=ACTIVITY,
        id=_record_id(root, activity),
        account=root,
        at=activity.at,
        is_open=False,
        body={
            "id": activity.id,
            "kind": activity.kind.value,
            "name": activity.name,
            "cash": plain(activity.cash),
            "symbol": activity.symbol,
            "quantity": None if activity.quantity is None else plain(activity.quantity),
            "description": activity.description,
        },
    )
