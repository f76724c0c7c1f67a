"""Add the books up while they are written: what must be true of them after every commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency
from algotrendy.trading.holds import hold_of
from algotrendy.trading.journal import Book, Entry, Place, place_of
from algotrendy.trading.orders import PlatformOrder
from fakes.memory_ledger import MemoryTransaction
from simulation.laws import UNBALANCED, Broken

_ZERO = Decimal(0)


class RunningSums:
    """Sums of its own over what was committed, held against what the ledger keeps.

    Only what a commit touched is looked at, so that a look costs what the commit cost.
    """

    def __init__(self, tables: MemoryTransaction) -> None:
        self._tables = tables
        self._balances: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._balances.update(tables.books.values.rows)
        self._held: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._units: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._orders: dict[OrderId, tuple[Decimal, Decimal]] = {}

    def check(self, orders: Sequence[PlatformOrder], entries: Sequence[Entry]) -> Iterator[Broken]:
        """Add what one commit stored, and give what does not add up."""
        touched: set[Place] = set()
        for entry in entries:
            yield from self._of_entry(entry, touched)
        for order in orders:
            self._add(order, touched)
        values = self._tables.books.values.rows
        for place in touched:
            kept = values.get(place, _ZERO)
            if kept != self._balances[place]:
                said = f"{kept}, its entries come to {self._balances[place]}"
                yield Broken(UNBALANCED, f"the balance of {_named(place)} is {said}")
            if place.book is Book.CASH_HELD and kept != self._held[place]:
                said = f"{kept} is held, for orders that need {self._held[place]}"
                yield Broken(UNBALANCED, f"of {_named(place)} {said}")
            if _is_units(place):
                yield from self._of_units(place, kept)

    def _of_entry(self, entry: Entry, touched: set[Place]) -> Iterator[Broken]:
        rest: defaultdict[str, Decimal] = defaultdict(Decimal)
        for posting in entry.postings:
            place = place_of(entry.account, posting)
            self._balances[place] = EXACT.add(self._balances[place], posting.value)
            rest[posting.commodity] = EXACT.add(rest[posting.commodity], posting.value)
            touched.add(place)
        for commodity, value in rest.items():
            if value:
                yield Broken(UNBALANCED, f"entry {entry.key} sums to {value} of {commodity}")

    def _add(self, order: PlatformOrder, touched: set[Place]) -> None:
        held, units = hold_of(order).held.amount, order.filled_quantity * order.request.side.sign
        held_before, units_before = self._orders.get(order.id, (_ZERO, _ZERO))
        self._orders[order.id] = held, units
        if held != held_before:
            place = Place(order.account, Book.CASH_HELD, None, order.currency)
            self._held[place] += held - held_before
            touched.add(place)
        if units != units_before:
            place = _units_of(order.account, order.symbol)
            self._units[place] += units - units_before
            touched.add(place)

    def _of_units(self, place: Place, kept: Decimal) -> Iterator[Broken]:
        if kept != self._units[place]:
            said = f"{kept}, executions come to {self._units[place]}"
            yield Broken(UNBALANCED, f"the position in {_named(place)} is {said}")
        assert place.symbol is not None
        lots = self._tables.books.lots(place.account, place.symbol)
        if lots is not None and lots.position.quantity != kept:
            said = f"{lots.position.quantity}, the position is {kept}"
            yield Broken(UNBALANCED, f"the lots of {_named(place)} are {said}")


def _units_of(account: AccountId, symbol: Symbol) -> Place:
    return Place(account, Book.POSITION, symbol, None)


def _is_units(place: Place) -> bool:
    return place.book is Book.POSITION and place.currency is None


def _named(place: Place) -> str:
    what: Symbol | Currency | None = place.symbol or place.currency
    return f"{place.account} {place.book} {what}"
