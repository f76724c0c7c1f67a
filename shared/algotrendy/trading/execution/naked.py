"""Find positions that have lost the stop which an entry was to put under them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from uuid import UUID

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, EventId, OrderId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side
from algotrendy.trading.journal import Book, Entry, EntryKind, Units
from algotrendy.trading.ledger import EntryQuery, LedgerTransaction, OrderQuery
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.replaying import instant_of
from algotrendy.trading.status import PlatformStatus

Holding = tuple[AccountId, Symbol]
NONE: Final[Mapping[Holding, Hashable]] = MappingProxyType({})

_ZERO: Final = Decimal(0)
_LOOKED_AT: Final = 100
_PAGE: Final = 200
_PAGES: Final = 10
_MOVES: Final = (EntryKind.FILL, EntryKind.BUST, EntryKind.SPLIT, EntryKind.CORRECTION)
_GROUPS: Final = (OrderClass.BRACKET, OrderClass.OTO)


@dataclass(frozen=True, slots=True)
class Naked:
    """So many units that an entry brought, and that no stop protects any more.

    Attributes:
        exits: Its exits that are known, and the orders that were placed in their stead.
    """

    entry: PlatformOrder
    quantity: Decimal
    exits: tuple[PlatformOrder, ...]
    stood_in: tuple[PlatformOrder, ...]

    @property
    def version(self) -> tuple[Decimal, tuple[int, ...]]:
        """Give what changes with whatever happens to the entry or its exits."""
        orders = (self.entry, *self.exits, *self.stood_in)
        return self.quantity, tuple(len(each.seen) for each in orders)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        calm: The positions that were not naked, each with its version.
    """

    found: tuple[Naked, ...]
    calm: Mapping[Holding, Hashable]


def naked(tx: LedgerTransaction, root: AccountId, calm: Mapping[Holding, Hashable] = NONE) -> Look:
    """Find every entry of an account, of whatever part, whose units stand without their stop.

    A position needs stops for as much as its entries had, less what their exits sold, and never
    for more than is held. Every stop of the part in that symbol counts, whoever placed it.

    Args:
        calm: What an earlier look gave: a position of the same version is not looked at.
    """
    family = [member.id for member in tx.accounts.family(root)]
    working: defaultdict[Holding, list[PlatformOrder]] = defaultdict(list)
    for order in tx.orders.unsettled(root):
        working[order.account, order.symbol].append(order)
    found: list[Naked] = []
    still_calm: dict[Holding, Hashable] = {}
    for place, units in sorted(tx.books.balances(family).items(), key=str):
        if place.book is Book.POSITION and place.currency is None and place.symbol is not None:
            holding = (place.account, place.symbol)
            orders = working[holding]
            version = (units, tuple((order.id, len(order.seen)) for order in orders))
            lacking = []
            if calm.get(holding) != version:
                lacking = list(_of_position(tx, holding, units, orders))
            if not lacking:
                still_calm[holding] = version
            found += lacking
    return Look(tuple(found), still_calm)


def stand_in_id(entry: PlatformOrder, number: int) -> OrderId:
    """Name the order that is placed instead of an entry's stop, from 1."""
    return OrderId(derived_uuid7(entry.intended_at, str(entry.id), "protect", str(number)))


def alarm_id(entry: PlatformOrder, number: int) -> EventId:
    """Name the alarm that is raised after so many orders in place of the stop."""
    names = (str(entry.id), "unprotected", str(number))
    return EventId(derived_uuid7(entry.intended_at, *names))


def is_stop(order: PlatformOrder) -> bool:
    """Say whether an order ends a loss: a stop, or the pair of exits of an OCO."""
    request = order.request
    return request.type.has_stop or (
        request.type is OrderType.TRAILING_STOP
        or (request.order_class is OrderClass.OCO and request.stop_loss is not None)
    )


def _of_position(
    tx: LedgerTransaction, holding: Holding, units: Decimal, working: Sequence[PlatformOrder]
) -> Iterator[Naked]:
    account, symbol = holding
    side = Side.BUY if units > 0 else Side.SELL
    query = OrderQuery(account=account, symbol=symbol, limit=_LOOKED_AT)
    entries = [
        order
        for order in tx.orders.select(query)
        if order.account == account and order.request.side is side and _is_entry(order)
    ]
    if not entries:
        return
    held = {order.id: _with_exits(tx, order) for order in entries}
    left = _lacking(units, working, held.values())
    if left <= 0:
        return
    # An entry of before the position was last closed has nothing to do with this one.
    live = _since_flat(tx, account, symbol, units)
    of_now = [each for order_id, each in held.items() if live is None or order_id in live]
    left = _lacking(units, working, of_now)
    for each in of_now:
        quantity = min(EXACT.subtract(_needed(each), _own_stops(each)), left)
        if quantity > 0:
            left = EXACT.subtract(left, quantity)
            yield Naked(each.entry, quantity, each.exits, each.stood_in)


def _is_entry(order: PlatformOrder) -> bool:
    """Say whether the order is over, has filled, and was to leave a stop behind."""
    return (
        order.leg_of is None
        and order.request.order_class in _GROUPS
        and order.request.stop_loss is not None
        and order.is_terminal
        and order.status is not PlatformStatus.REPLACED
        and bool(order.filled_quantity)
    )


def _with_exits(tx: LedgerTransaction, entry: PlatformOrder) -> Naked:
    stood_in: list[PlatformOrder] = []
    while (known := tx.orders.find(stand_in_id(entry, len(stood_in) + 1))) is not None:
        stood_in.append(known)
    return Naked(entry, _ZERO, tuple(tx.orders.legs(entry.id)), tuple(stood_in))


def _needed(each: Naked) -> Decimal:
    exited = _sum(order.filled_quantity for order in (*each.exits, *each.stood_in))
    return max(EXACT.subtract(each.entry.filled_quantity, exited), _ZERO)


def _own_stops(each: Naked) -> Decimal:
    return _sum(
        order.remaining_quantity or _ZERO
        for order in (*each.exits, *each.stood_in)
        if is_stop(order) and not order.is_terminal
    )


def _lacking(units: Decimal, working: Iterable[PlatformOrder], entries: Iterable[Naked]) -> Decimal:
    """Give how many units of a position lack a stop that they should have."""
    needed = min(units.copy_abs(), _sum(_needed(each) for each in entries))
    covered = _ZERO
    for order in working:
        # A market order that is under way closes the position itself.
        closes = is_stop(order) or order.request.type is OrderType.MARKET
        if closes and not order.is_terminal and order.request.side.sign * units < 0:
            rest = order.remaining_quantity
            covered = needed if rest is None else EXACT.add(covered, rest)
    return EXACT.subtract(needed, covered)


def _since_flat(
    tx: LedgerTransaction, account: AccountId, symbol: Symbol, units: Decimal
) -> frozenset[OrderId] | None:
    """Give the orders that filled since the position was last nothing, or the other way.

    None where that was longer ago than anybody looks.
    """
    found: set[OrderId] = set()
    before = units
    place: str | None = None
    instant: datetime | None = None
    for _ in range(_PAGES):
        page = tx.books.entries(EntryQuery(account, place, _MOVES, _PAGE))
        for _, entry in page:
            # Nobody knows what a position was between two entries of one instant.
            if instant_of(entry) != instant and before * units <= 0:
                return frozenset(found)
            instant = instant_of(entry)
            moved = _moved(entry, account, symbol)
            if moved and entry.kind is EntryKind.FILL:
                found.add(OrderId(UUID(entry.reason)))
            before = EXACT.subtract(before, moved)
        if len(page) < _PAGE:
            return frozenset(found)
        place, _ = page[-1]
    return None


def _moved(entry: Entry, account: AccountId, symbol: Symbol) -> Decimal:
    """Give by how many units an entry moved a position."""
    if entry.account != account:
        return _ZERO
    return _sum(
        posting.amount.count
        for posting in entry.postings
        if posting.book is Book.POSITION
        and posting.symbol == symbol
        and isinstance(posting.amount, Units)
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total
