"""Tell where an account's broker and its ledger say different things.

One look proves nothing: news may be on the way, and an answer may be old. A difference stands when
several looks in a row find the same, and the ledger did not change in between what it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
)
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import Account
from algotrendy.trading.execution.news import BROKER, Told, find, state
from algotrendy.trading.execution.posting import is_posted
from algotrendy.trading.folding import apply
from algotrendy.trading.journal import (
    Book,
    EntryKind,
    Place,
    key_of,
    key_of_bust,
    without_amendment,
)
from algotrendy.trading.ledger import EntryQuery, LedgerTransaction, OrderQuery
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus, read_status

NOTHING: Final = "nothing"
LOOKS_TO_BOOK: Final = 2
# An answer may be old for long: nobody is called before the last change has had time to show.
LOOKS_TO_RAISE: Final = 4

_ZERO: Final = Decimal(0)
# Some brokers tell cash in cents, and keep it finer.
_CENT: Final = Decimal("0.01")
BOOKINGS_A_PAGE: Final = 200
IN_FLIGHT: Final = frozenset({PlatformStatus.SUBMITTING, PlatformStatus.UNKNOWN})


class DifferenceKind(StrEnum):
    """What differs."""

    ORDER = "order"  # where it stands, or how much of it is filled
    UNKNOWN_ORDER = "unknown_order"  # the broker has it, and nobody here
    VANISHED_ORDER = "vanished_order"  # it stood at the broker, which knows it no more
    MISSED_EXECUTION = "missed_execution"
    ABSENT_EXECUTION = "absent_execution"  # it is booked, and the broker does not tell of it
    DISPUTED_EXECUTION = "disputed_execution"  # of another quantity or price
    UNTOLD_EXECUTION = "untold_execution"  # the order counts more than its executions
    ACTIVITY = "activity"  # a fee, a dividend or the like that is not booked
    POSITION = "position"
    CASH = "cash"


Remedy = BrokerOrder | BrokerFill | BrokerActivity
"""What a rule books, so that the difference goes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; ``subject`` is the name of an order, an execution, a symbol, a currency."""

    kind: DifferenceKind
    subject: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A difference as one look found it.

    Attributes:
        version: Changes whenever the ledger changes what the difference is about.
        remedy: None where no rule settles it.
        at: When an execution or an activity was, by the broker.
    """

    difference: Difference
    version: Hashable
    remedy: Remedy | None = field(default=None, compare=False)
    at: datetime | None = field(default=None, compare=False)


class Suspects:
    """Remembers in how many looks in a row each difference was found just so."""

    def __init__(self) -> None:
        self._looks: Mapping[Sighting, int] = {}

    def standing(self, found: Sequence[Sighting]) -> Sequence[Sighting]:
        """Take a look's findings; give those that stand."""
        self._looks = {each: self._looks.get(each, 0) + 1 for each in found}
        return [each for each in found if self._looks[each] >= _looks_needed(each)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerView:
    """What a broker told in one look.

    Attributes:
        orders: Those that are open there, and those that were asked for one by one.
        vanished: Orders of ours that it was asked for, and does not know.
        fills: All from ``fills_since`` on; from the begin where that is None.
        activities: Likewise.
    """

    at: datetime
    orders: Sequence[BrokerOrder]
    vanished: Collection[OrderId]
    fills: Sequence[BrokerFill]
    fills_since: datetime | None
    activities: Sequence[BrokerActivity]
    activities_since: datetime | None
    positions: Sequence[BrokerPosition]
    account: BrokerAccount

    @property
    def booked_since(self) -> datetime | None:
        """Say from when on every execution that is booked should be among ``fills``."""
        first = min((fill.filled_at for fill in self.fills), default=self.fills_since)
        if self.fills_since is None or first is None:
            return first
        return max(first, self.fills_since)

    def covers(self, kind: DifferenceKind, at: datetime | None) -> bool:
        """Say whether a difference of a moment would have been found, had it been there."""
        since = self.activities_since if kind is DifferenceKind.ACTIVITY else self.fills_since
        return at is None or since is None or at >= since


def _looks_needed(sighting: Sighting) -> int:
    return LOOKS_TO_RAISE if sighting.remedy is None else LOOKS_TO_BOOK


def is_strange(order: PlatformOrder) -> bool:
    """Say whether somebody placed the order at the broker by other means."""
    return order.provenance.user == BROKER and order.leg_of is None


def _is_in_flight(order: PlatformOrder) -> bool:
    return order.status in IN_FLIGHT or bool(order.missing_quantity)


def of_orders(
    tx: LedgerTransaction, root: AccountId, orders: Iterable[BrokerOrder], now: datetime
) -> Iterator[Sighting]:
    """Compare where orders stand, and find those that nobody here knows."""
    for told in orders:
        order = find(tx, root, told)
        if order is None:
            kind, subject = DifferenceKind.UNKNOWN_ORDER, told.broker_order_id
            yield Sighting(Difference(kind, subject, NOTHING, _stands(told)), 0, told)
        else:
            yield from _of_order(tx, root, order, told, now)


def of_vanished(tx: LedgerTransaction, vanished: Iterable[OrderId]) -> Iterator[Sighting]:
    """Find orders that stand here, and that the broker knows no more."""
    for order_id in vanished:
        order = tx.orders.get(order_id)
        if order.is_at_broker and not order.is_terminal:
            kind = DifferenceKind.VANISHED_ORDER
            difference = Difference(kind, str(order.id), order.status.value, NOTHING)
            yield Sighting(difference, _version(order))


def _of_order(
    tx: LedgerTransaction, root: AccountId, order: PlatformOrder, told: BrokerOrder, now: datetime
) -> Iterator[Sighting]:
    after = apply(order, state(order, Told(told, now)))
    ours, theirs = _where(order), _stands(told)
    difference = Difference(DifferenceKind.ORDER, str(order.id), ours, theirs)
    if _facts(after) != _facts(order) or any(find(tx, root, leg) is None for leg in told.legs):
        yield Sighting(difference, _version(order), told)
        return
    status = read_status(told.status.value)
    is_over = status is not None and status.is_terminal
    if is_over != order.is_terminal or told.filled_quantity < order.filled_quantity:
        yield Sighting(difference, _version(order))


def _facts(order: PlatformOrder) -> Hashable:
    return order.status, order.is_at_broker, order.reported, order.broker_order_ids


def of_fills(
    tx: LedgerTransaction, root: AccountId, fills: Iterable[BrokerFill], ignored: Collection[str]
) -> Iterator[Sighting]:
    """Find executions that are not booked, or otherwise.

    Args:
        ignored: Those of before the books were opened, which hold their sum.
    """
    for fill in fills:
        order = tx.orders.by_broker_id(root, fill.broker_order_id)
        if fill.execution_id in ignored and (order is None or is_strange(order)):
            continue
        theirs = f"{_sized(fill.quantity)} at {_sized(fill.price)}"
        made = None
        if order is not None:
            made = next((each for each in order.executions if each.id == fill.execution_id), None)
        if order is None or made is None:
            kind, version = DifferenceKind.MISSED_EXECUTION, _version(order)
            yield Sighting(
                Difference(kind, fill.execution_id, NOTHING, theirs), version, fill, fill.filled_at
            )
        elif (made.quantity.value, made.price.amount) != (fill.quantity, fill.price):
            ours = f"{_sized(made.quantity.value)} at {_sized(made.price.amount)}"
            kind = DifferenceKind.DISPUTED_EXECUTION
            difference = Difference(kind, made.id, ours, theirs)
            yield Sighting(difference, _version(order), at=fill.filled_at)


def of_bookings(
    tx: LedgerTransaction, root: AccountId, view: BrokerView, before: str | None
) -> tuple[Sequence[Sighting], str | None]:
    """Look for executions that are booked, stand, and are not told of: one page of the journal.

    Args:
        before: Where the last page ended.

    Returns:
        What was found, and where the page ended; None when it was the last.
    """
    told = {fill.execution_id for fill in view.fills}
    since = view.booked_since
    page = tx.books.entries(EntryQuery(root, before, (EntryKind.FILL,), BOOKINGS_A_PAGE))
    found: list[Sighting] = []
    for _, entry in page:
        if since is not None and entry.at < since:
            return found, None
        key = without_amendment(entry.key)
        name = key.removeprefix(key_of(EntryKind.FILL, entry.account, "-")[:-1])
        if name not in told and tx.books.entry(key_of_bust(entry.key)) is None:
            difference = Difference(DifferenceKind.ABSENT_EXECUTION, name, "booked", NOTHING)
            found.append(Sighting(difference, entry.key, at=entry.at))
    return found, None if len(page) < BOOKINGS_A_PAGE else page[-1][0]


def of_activities(
    tx: LedgerTransaction,
    root: AccountId,
    activities: Iterable[BrokerActivity],
    ignored: Collection[str],
) -> Iterator[Sighting]:
    """Find activities that are not booked."""
    for each in activities:
        if each.id in ignored:
            order = None
            if each.broker_order_id is not None:
                order = tx.orders.by_broker_id(root, each.broker_order_id)
            if order is None or is_strange(order):
                continue
        if not is_posted(tx, root, each):
            theirs = " ".join((each.name or each.kind.value, _sized(each.cash), each.symbol or ""))
            difference = Difference(DifferenceKind.ACTIVITY, each.id, NOTHING, theirs.strip())
            yield Sighting(difference, 0, each, each.at)


def of_sums(tx: LedgerTransaction, root: AccountId, view: BrokerView) -> Iterator[Sighting]:
    """Compare positions and cash, where nothing is on its way that changes them."""
    family = tx.accounts.family(root)
    unsettled = tx.orders.unsettled(root)
    for order in unsettled:
        if order.missing_quantity:
            filled = order.filled_quantity
            ours, theirs = _sized(filled), _sized(EXACT.add(filled, order.missing_quantity))
            kind = DifferenceKind.UNTOLD_EXECUTION
            yield Sighting(Difference(kind, str(order.id), ours, theirs), _version(order))
    in_flight = {order.symbol for order in unsettled if _is_in_flight(order)}
    balances = tx.books.balances([member.id for member in family])
    yield from _of_positions(tx, family, view, balances, in_flight)
    if not in_flight:
        yield from _of_cash(tx, family[0], view, balances, unsettled)


def _of_positions(
    tx: LedgerTransaction,
    family: Sequence[Account],
    view: BrokerView,
    balances: Mapping[Place, Decimal],
    in_flight: Collection[Symbol],
) -> Iterator[Sighting]:
    ours: dict[Symbol, Decimal] = {}
    for place, value in balances.items():
        if place.book is Book.POSITION and place.currency is None and place.symbol is not None:
            ours[place.symbol] = EXACT.add(ours.get(place.symbol, _ZERO), value)
    theirs = {each.symbol: each.quantity for each in view.positions}
    for symbol in sorted({*ours, *theirs} - set(in_flight)):
        booked, held = ours.get(symbol, _ZERO), theirs.get(symbol, _ZERO)
        if booked != held:
            difference = Difference(DifferenceKind.POSITION, symbol, _sized(booked), _sized(held))
            yield Sighting(difference, _position_version(tx, family, symbol, balances))


def _position_version(
    tx: LedgerTransaction,
    family: Sequence[Account],
    symbol: Symbol,
    balances: Mapping[Place, Decimal],
) -> Hashable:
    root = family[0].id
    newest = tx.orders.select(OrderQuery(account=root, symbol=symbol, limit=1))
    return (
        frozenset((place, value) for place, value in balances.items() if place.symbol == symbol),
        tuple(tx.books.lots(member.id, symbol) for member in family),
        tuple(_version(each) for each in tx.orders.unsettled(root) if each.symbol == symbol),
        tuple(_version(each) for each in newest),
    )


def _of_cash(
    tx: LedgerTransaction,
    account: Account,
    view: BrokerView,
    balances: Mapping[Place, Decimal],
    unsettled: Iterable[PlatformOrder],
) -> Iterator[Sighting]:
    booked = _ZERO
    for place, value in balances.items():
        if place.book in (Book.CASH, Book.CASH_HELD) and place.currency is account.currency:
            booked = EXACT.add(booked, value)
    if abs(EXACT.subtract(booked, view.account.cash)) < _CENT:
        return
    newest = tx.orders.select(OrderQuery(account=account.id, limit=1))
    version = (
        frozenset(balances.items()),
        tuple(_version(each) for each in (*unsettled, *newest)),
    )
    subject, theirs = account.currency.value, _sized(view.account.cash)
    yield Sighting(Difference(DifferenceKind.CASH, subject, _sized(booked), theirs), version)


def _version(order: PlatformOrder | None) -> tuple[str, int]:
    return ("", 0) if order is None else (str(order.id), len(order.seen))


def _where(order: PlatformOrder) -> str:
    return f"{order.status.value}, {_sized(max(order.reported, order.filled_quantity))} filled"


def _stands(told: BrokerOrder) -> str:
    return f"{told.status.value}, {_sized(told.filled_quantity)} filled"


def _sized(value: Decimal) -> str:
    return f"{EXACT.normalize(value):f}"
