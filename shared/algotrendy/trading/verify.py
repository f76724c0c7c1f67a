"""Work the whole ledger out again from its events, and tell where what is stored differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Position
from algotrendy.trading.folding import fold
from algotrendy.trading.holds import hold_of
from algotrendy.trading.journal import (
    Book,
    Entry,
    EntryKind,
    Journal,
    Place,
    Units,
    key_of,
    without_amendment,
)
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class DifferenceKind(StrEnum):
    """What differs; all but the first two say what was stored and what it should be."""

    HISTORY = "history"  # an order's events do not follow from each other
    ENTRY = "entry"  # the journal refuses one of its entries
    STATUS = "status"
    FILLED_QUANTITY = "filled_quantity"
    HOLD = "hold"
    UNITS = "units"
    COST = "cost"
    BALANCE = "balance"
    FILL_ENTRY = "fill_entry"  # the cash and units of an execution in the journal
    FEE_ENTRY = "fee_entry"
    CASH_HELD = "cash_held"  # the journal's cash held, and the sum of the holds
    SETTLED = "settled"  # whether an order is over and no execution of it is missing
    BROKER_NAME = "broker_name"  # what the broker calls an order
    LOT = "lot"
    CLOSED_LOT = "closed_lot"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; None stands for what is not there.

    Attributes:
        subject: The order, entry, position or balance that it is about.
        stored: What the ledger says.
        derived: What follows from the events.
    """

    kind: DifferenceKind
    subject: str
    stored: str | None
    derived: str | None

    def __str__(self) -> str:
        """Read as one line of a report."""
        found = "nothing" if self.stored is None else self.stored
        right = "nothing" if self.derived is None else self.derived
        return f"{self.kind} of {self.subject}: stored {found}, derived {right}"


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order's row: what the ledger keeps so that nobody has to read its events."""

    status: PlatformStatus
    filled_quantity: Decimal
    held: Money
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What the ledger keeps beside its events; nothing and zero are the same."""

    orders: Mapping[OrderId, StoredOrder] = field(default_factory=dict)
    broker_names: Mapping[OrderId, frozenset[str]] = field(default_factory=dict)
    positions: Mapping[tuple[AccountId, Symbol], Position] = field(default_factory=dict)
    balances: Mapping[Place, Decimal] = field(default_factory=dict)


def verify(
    events: Iterable[OrderEvent], entries: Iterable[Entry], stored: Stored
) -> tuple[Difference, ...]:
    """Compare what is stored with what follows from the events; nothing says that all is well.

    Args:
        events: Of all orders, those of each in the order in which they were stored.
        entries: The journal, in the order in which it was written.
    """
    found: list[Difference] = []
    orders = _orders(events, found)
    journal = _journal(entries, found)
    found += _of_orders(stored, orders)
    found += _of_positions(stored, journal)
    kept = {place: value for place, value in stored.balances.items() if value}
    found += _compared(DifferenceKind.BALANCE, _named(kept), _named(journal.balances()))
    found += _of_executions(orders, journal)
    return tuple(found)


def _orders(
    events: Iterable[OrderEvent], found: list[Difference]
) -> Mapping[OrderId, PlatformOrder]:
    histories: defaultdict[OrderId, list[OrderEvent]] = defaultdict(list)
    for event in events:
        histories[event.order_id].append(event)
    orders: dict[OrderId, PlatformOrder] = {}
    for order_id, history in histories.items():
        try:
            orders[order_id] = fold(history)
        except AlgoTrendyError as error:
            kind = DifferenceKind.HISTORY
            found.append(Difference(kind, str(order_id), error.message, None))
    return orders


def _journal(entries: Iterable[Entry], found: list[Difference]) -> Journal:
    journal = Journal()
    for entry in entries:
        try:
            is_new = journal.append(entry)
        except AlgoTrendyError as error:
            found.append(Difference(DifferenceKind.ENTRY, entry.key, error.message, None))
        else:
            if not is_new:
                message = "written twice"
                found.append(Difference(DifferenceKind.ENTRY, entry.key, message, None))
    return journal


def _of_orders(stored: Stored, orders: Mapping[OrderId, PlatformOrder]) -> Iterator[Difference]:
    rows = stored.orders
    yield from _compared(
        DifferenceKind.STATUS,
        {key: row.status for key, row in rows.items()},
        {key: order.status for key, order in orders.items()},
    )
    yield from _compared(
        DifferenceKind.FILLED_QUANTITY,
        {key: row.filled_quantity for key, row in rows.items() if row.filled_quantity},
        {key: order.filled_quantity for key, order in orders.items() if order.filled_quantity},
    )
    yield from _compared(
        DifferenceKind.SETTLED,
        {key: _settled(row.is_settled) for key, row in rows.items() if key in orders},
        {key: _settled(order.is_settled) for key, order in orders.items() if key in rows},
    )
    names = {key: order.broker_order_ids for key, order in orders.items()}
    yield from _compared(DifferenceKind.BROKER_NAME, _listed(stored.broker_names), _listed(names))
    holds = {key: hold_of(order).held for key, order in orders.items()}
    yield from _compared(
        DifferenceKind.HOLD,
        {key: row.held for key, row in rows.items() if row.held},
        {key: held for key, held in holds.items() if held},
    )


def _settled(is_settled: bool) -> str:
    return "settled" if is_settled else "not settled"


def _listed(names: Mapping[OrderId, frozenset[str]]) -> Mapping[OrderId, str]:
    return {key: ", ".join(sorted(each)) for key, each in names.items() if each}


def _of_positions(stored: Stored, journal: Journal) -> Iterator[Difference]:
    units: dict[str, Decimal] = {}
    costs: dict[str, Money] = {}
    for place, value in journal.balances().items():
        if place.book is Book.POSITION:
            name = f"{place.account} {place.symbol}"
            if place.currency is None:
                units[name] = value
            else:
                costs[f"{name} {place.currency}"] = Money(value, place.currency)
    rows = {f"{account} {symbol}": row for (account, symbol), row in stored.positions.items()}
    kept_units = {name: row.quantity for name, row in rows.items() if row.quantity}
    yield from _compared(DifferenceKind.UNITS, kept_units, units)
    kept_costs = {f"{name} {row.cost.currency}": row.cost for name, row in rows.items() if row.cost}
    yield from _compared(DifferenceKind.COST, kept_costs, costs)


def _of_executions(
    orders: Mapping[OrderId, PlatformOrder], journal: Journal
) -> Iterator[Difference]:
    fills: dict[str, str] = {}
    fees: dict[str, str] = {}
    held: defaultdict[tuple[AccountId, Currency], Decimal] = defaultdict(Decimal)
    for order in orders.values():
        key = (order.account, order.currency)
        held[key] = EXACT.add(held[key], hold_of(order).held.amount)
        sign = order.request.side.sign
        for each in order.standing:
            units = each.quantity.value if sign > 0 else each.quantity.value.copy_negate()
            cash = -(each.notional * sign)
            name = key_of(EntryKind.FILL, order.account, each.id)
            fills[name] = _movement(cash, Units(units, Symbol(order.request.symbol)))
            if each.fee:
                fees[key_of(EntryKind.FEE, order.account, each.id)] = _movement(-each.fee, None)
    gone = {entry.reverses for entry in journal}
    standing = [entry for entry in journal if entry.key not in gone]
    told: dict[str, Entry] = {}
    for entry in standing:
        name = without_amendment(entry.key)
        # Only one entry of an event may stand: a second one keeps its name, which nothing explains.
        told[entry.key if name in told else name] = entry
    written = {key: _moved_by(entry) for key, entry in told.items() if entry.kind is EntryKind.FILL}
    yield from _compared(DifferenceKind.FILL_ENTRY, written, fills)
    # Brokers charge for other things too, so a fee without an execution is no difference.
    paid = {key: _moved_by(entry) for key, entry in told.items() if key in fees}
    yield from _compared(DifferenceKind.FEE_ENTRY, paid, fees)
    in_books: dict[tuple[AccountId, Currency], Decimal] = {
        (place.account, place.currency): value
        for place, value in journal.balances().items()
        if place.book is Book.CASH_HELD and place.currency is not None
    }
    yield from _compared(
        DifferenceKind.CASH_HELD,
        {f"{account} {currency}": value for (account, currency), value in in_books.items()},
        {f"{account} {currency}": value for (account, currency), value in held.items() if value},
    )


def _moved_by(entry: Entry) -> str:
    cash: Money | None = None
    units: Units | None = None
    for posting in entry.postings:
        if posting.book is Book.CASH and isinstance(posting.amount, Money):
            cash = posting.amount
        elif posting.book is Book.POSITION and isinstance(posting.amount, Units):
            units = posting.amount
    return _movement(cash, units)


def _movement(cash: Money | None, units: Units | None) -> str:
    # Two spellings of one number must read the same.
    parts = []
    if cash is not None:
        parts.append(f"{EXACT.normalize(cash.amount):f} {cash.currency}")
    if units is not None:
        parts.append(f"{EXACT.normalize(units.count):f} {units.symbol}")
    return " and ".join(parts)


def _named(balances: Mapping[Place, Decimal]) -> Mapping[str, Decimal]:
    return {
        " ".join(
            str(part)
            for part in (place.account, place.book, place.symbol, place.currency or "units")
            if part is not None
        ): value
        for place, value in balances.items()
    }


def _compared(
    kind: DifferenceKind, stored: Mapping[Key, Value], derived: Mapping[Key, Value]
) -> Iterator[Difference]:
    for key in sorted(stored.keys() | derived.keys(), key=str):
        was, should = stored.get(key), derived.get(key)
        if was != should:
            yield Difference(
                kind,
                str(key),
                None if was is None else str(was),
                None if should is None else str(should),
            )
