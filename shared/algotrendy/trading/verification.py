"""Verify a whole ledger, or one account of it: read all that is kept, and work it out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, TypeVar

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Position
from algotrendy.trading.journal import Book, Entry, EntryKind, Place
from algotrendy.trading.lots import ClosedLot, Lots
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.verify import Difference, DifferenceKind, Stored, StoredOrder, verify
from algotrendy.trading.verify_lots import PositionHistory, wrong_lots

T = TypeVar("T")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What is kept of an order beside its events, and how many of these there should be."""

    stored: StoredOrder
    events: int


class Evidence(Protocol):
    """All that a ledger keeps of one account and its parts, as of one moment."""

    def events(self) -> Iterator[OrderEvent]:
        """Go through the events of all orders, those of each in the order of their storing."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Go through the journal; what takes an entry back comes after it."""
        ...

    def orders(self) -> Mapping[OrderId, OrderRow]:
        """Give the rows of all orders."""
        ...

    def balances(self) -> Mapping[Place, Decimal]:
        """Give the balances."""
        ...

    def broker_names(self) -> Mapping[OrderId, frozenset[str]]:
        """Give the names by which orders are found that the broker tells of."""
        ...

    def lots(self) -> Mapping[tuple[AccountId, Symbol], Lots]:
        """Give the open tax lots."""
        ...

    def closed_lots(self) -> Iterator[tuple[AccountId, Symbol, ClosedLot]]:
        """Go through the closed tax lots."""
        ...


class Auditable(Protocol):
    """A ledger as its auditor sees it."""

    def roots(self) -> Sequence[AccountId]:
        """Name every account of which anything is kept."""
        ...

    def examine(self, root: AccountId, work: Callable[[Evidence], T]) -> T:
        """Show all of an account within one transaction; raises as ``Ledger.run``."""
        ...


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what differs: nothing where all is well."""

    accounts: int = 0
    orders: int = 0
    events: int = 0
    entries: int = 0
    differences: tuple[Difference, ...] = ()

    def and_of(self, other: Verification) -> Verification:
        """Add up what was looked at, and what differs."""
        return Verification(
            self.accounts + other.accounts,
            self.orders + other.orders,
            self.events + other.events,
            self.entries + other.entries,
            self.differences + other.differences,
        )

    def __str__(self) -> str:
        """Read as the last line of a report."""
        differences = len(self.differences) or "no"
        return (
            f"ledger: {self.accounts} accounts, {self.orders} orders, {self.events} events, "
            f"{self.entries} entries, {differences} difference{'s' * (len(self.differences) != 1)}"
        )


def verify_ledger(ledger: Auditable, root: AccountId | None = None) -> Verification:
    """Verify one account with its parts, or all of them, one after the other.

    Raises:
        Invalid: If a record cannot be read at all.
    """
    found = Verification()
    for each in ledger.roots() if root is None else [root]:
        found = found.and_of(ledger.examine(each, examined))
    return found


def examined(evidence: Evidence) -> Verification:
    """Compare what is kept of one account with what follows from its events."""
    seen: Counter[OrderId] = Counter()
    posted: Counter[EntryKind] = Counter()
    past = PositionHistory()

    def events() -> Iterator[OrderEvent]:
        for event in evidence.events():
            seen[event.order_id] += 1
            yield event

    def entries() -> Iterator[Entry]:
        for entry in evidence.entries():
            posted[entry.kind] += 1
            past.add(entry)
            yield entry

    rows, balances = evidence.orders(), evidence.balances()
    stored = Stored(
        {key: row.stored for key, row in rows.items()},
        evidence.broker_names(),
        _positions(balances),
        balances,
    )
    differences = [
        *verify(events(), entries(), stored),
        *_lost_events(rows, seen),
        *wrong_lots(evidence.lots(), evidence.closed_lots(), past),
    ]
    return Verification(1, len(rows), seen.total(), posted.total(), tuple(differences))


def _positions(balances: Mapping[Place, Decimal]) -> Mapping[tuple[AccountId, Symbol], Position]:
    """Read positions; one that has a cost and no units, or one of the other sign, is none."""
    found = {}
    for place, cost in balances.items():
        if place.book is not Book.POSITION or place.symbol is None or place.currency is None:
            continue
        units = balances.get(replace(place, currency=None), _ZERO)
        with suppress(Invalid):
            position = Position(place.symbol, units, Money(cost, place.currency))
            found[place.account, place.symbol] = position
    return found


def _lost_events(rows: Mapping[OrderId, OrderRow], seen: Counter[OrderId]) -> Iterator[Difference]:
    for order_id in sorted(rows.keys() & seen.keys()):
        said, there = rows[order_id].events, seen[order_id]
        if said != there:
            kind = DifferenceKind.HISTORY
            yield Difference(kind, str(order_id), f"{said} events", f"{there} events")
