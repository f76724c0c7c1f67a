"""Find positions that have lost the stop which was put under them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, EventId, OrderId, derived_uuid7
from algotrendy.kernel.order import OrderType, Side
from algotrendy.trading.execution.guards import (
    Guard,
    guards_of,
    is_stop,
    total,
    was_asked_for,
    was_given_up,
)
from algotrendy.trading.execution.held_since import Held, Holding, held_since
from algotrendy.trading.journal import Book
from algotrendy.trading.ledger import LedgerTransaction, OrderQuery
from algotrendy.trading.orders import PlatformOrder

NONE: Final[Mapping[Holding, Hashable]] = MappingProxyType({})

_PAGE: Final = 200
_PAGES: Final = 10


@dataclass(frozen=True, slots=True)
class Naked:
    """So many units of a position that had a stop, and that no stop protects any more.

    Attributes:
        is_given_up: Whether somebody has placed another stop since, and ended it on purpose.
    """

    guard: Guard
    quantity: Decimal
    is_given_up: bool

    @property
    def order(self) -> PlatformOrder:
        """Give the entry whose stop it was, or the stop that was placed by itself."""
        return self.guard.order

    @property
    def version(self) -> tuple[Decimal, tuple[int, ...]]:
        """Give what changes with whatever happens to its orders."""
        return self.quantity, tuple(len(each.seen) for each in self.guard.orders)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        calm: The positions that were not naked, each with its version.
    """

    found: tuple[Naked, ...]
    calm: Mapping[Holding, Hashable]


def naked(
    tx: LedgerTransaction,
    root: AccountId,
    calm: Mapping[Holding, Hashable] = NONE,
    only: Holding | None = None,
) -> Look:
    """Find every stop of an account, of whatever part, that is gone from under a position.

    A position needs stops for as much as its entries had, less what their exits sold, and for
    stops that were placed by themselves and that nobody here ended; never for more than is held.
    Every stop of the part in that symbol counts, whoever placed it.

    It reads at most ten pages of the account's moves, and for each position that is looked at ten
    pages of its own orders, each with its exits: those since it was last flat, or the 2,000 newest
    where the moves do not tell when that was.

    Args:
        calm: What an earlier look gave: a position of the same version is not looked at.
        only: The one position to look at.
    """
    family = [member.id for member in tx.accounts.family(root)]
    working: defaultdict[Holding, list[PlatformOrder]] = defaultdict(list)
    for order in tx.orders.unsettled(root):
        working[order.account, order.symbol].append(order)
    looked_at: dict[Holding, Decimal] = {}
    versions: dict[Holding, Hashable] = {}
    for place, units in sorted(tx.books.balances(family).items(), key=str):
        if place.book is not Book.POSITION or place.currency is not None or place.symbol is None:
            continue
        holding = (place.account, place.symbol)
        if only not in (None, holding):
            continue
        seen = tuple((order.id, len(order.seen)) for order in working[holding])
        versions[holding] = (units, seen)
        if calm.get(holding) != versions[holding]:
            looked_at[holding] = units
    found: list[Naked] = []
    for holding, held in held_since(tx, root, looked_at).items():
        lacking = list(_of_position(tx, holding, held, working[holding]))
        found += lacking
        if lacking:
            del versions[holding]
    return Look(tuple(found), versions)


def alarm_id(order: PlatformOrder, number: int) -> EventId:
    """Name the alarm that is raised after so many orders in place of the stop."""
    names = (str(order.id), "unprotected", str(number))
    return EventId(derived_uuid7(order.intended_at, *names))


def _of_position(
    tx: LedgerTransaction, holding: Holding, held: Held, working: Sequence[PlatformOrder]
) -> Iterator[Naked]:
    side = Side.SELL if held.units > 0 else Side.BUY
    orders = _orders(tx, holding, held, working)
    # Where the position is older than what was read, nobody knows which orders were of before it.
    live = held.grown_by if held.is_whole else frozenset(orders)
    guards = {each.order.id: each for each in guards_of(tx, orders.values(), side, live)}
    counted = _counted(tx, guards.values(), held)
    left = _lacking(held.units, counted, guards.values(), working)
    given_up = [each.order.intended_at for each in guards.values() if was_given_up(each)]
    for guard in counted:
        quantity = min(EXACT.subtract(guard.needed, guard.kept), left)
        if quantity > 0:
            left = EXACT.subtract(left, quantity)
            ended = guard.ended_at
            is_given_up = ended is not None and any(at > ended for at in given_up)
            yield Naked(guard, quantity, is_given_up)


def _orders(
    tx: LedgerTransaction, holding: Holding, held: Held, working: Sequence[PlatformOrder]
) -> Mapping[OrderId, PlatformOrder]:
    """Give a position's orders since it was last flat, exits of others left out."""
    account, symbol = holding
    found = {order.id: order for order in working if order.leg_of is None}
    opened_by = None if held.opening is None else tx.orders.find(held.opening[0])
    since = None if opened_by is None else opened_by.intended_at
    before: OrderId | None = None
    for _ in range(_PAGES):
        query = OrderQuery(
            account=account,
            symbol=symbol,
            since=since,
            before=before,
            limit=_PAGE,
            with_parts=False,
            with_legs=False,
        )
        page = tx.orders.select(query)
        found |= {order.id: order for order in page}
        if len(page) < _PAGE:
            break
        before = page[-1].id
    # One may have been placed long before it filled.
    for order_id in sorted(held.grown_by - found.keys()):
        order = tx.orders.find(order_id)
        if order is not None and order.leg_of is None:
            found[order_id] = order
    return found


def _counted(tx: LedgerTransaction, guards: Iterable[Guard], held: Held) -> Sequence[Guard]:
    """Give the guards that should keep units, newest first."""
    alone = [each for each in guards if not each.is_entry]
    lost = [each for each in alone if _is_lost(tx, each, held)]
    ends = [each.ended_at for each in lost if each.ended_at is not None]
    # One that stood beside a lost one was for other units, and does not make up for it.
    beside = [
        each
        for each in alone
        if each.ended_at is None and any(each.order.intended_at < end for end in ends)
    ]
    counted = [*(each for each in guards if each.is_entry and not each.is_pending), *lost, *beside]
    return sorted(counted, key=lambda each: (each.order.intended_at, each.order.id.int))[::-1]


def _is_lost(tx: LedgerTransaction, guard: Guard, held: Held) -> bool:
    """Say whether a stop that was placed by itself is over, and nobody here asked for it."""
    ended = guard.ended_at
    if ended is None or not guard.needed or was_given_up(guard):
        return False
    if held.opening is not None and ended < held.opening[1]:
        return False
    return not was_asked_for(tx, guard)


def _lacking(
    units: Decimal,
    counted: Iterable[Guard],
    guards: Collection[Guard],
    working: Iterable[PlatformOrder],
) -> Decimal:
    """Give how many units of a position lack a stop that they should have."""
    needed = min(units.copy_abs(), total(each.needed for each in counted))
    kept = total(each.kept for each in guards)
    guarded = {order.id for each in guards for order in each.orders}
    for order in working:
        # A market order that is under way closes the position itself.
        closes = is_stop(order) or order.request.type is OrderType.MARKET
        is_free = order.id not in guarded and not order.is_terminal
        if closes and is_free and order.request.side.sign * units < 0:
            rest = order.remaining_quantity
            kept = needed if rest is None else EXACT.add(kept, rest)
    return EXACT.subtract(needed, kept)
