"""Say what is to keep the units of a position from loss, and what is left of it.

A guard is the stop of an entry, or a stop or pair of exits that was placed by itself, with all that
took its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import OrderId, derived_uuid7
from algotrendy.kernel.order import OrderClass, OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.trading.admission import PROTECTION
from algotrendy.trading.execution.news import WRITER
from algotrendy.trading.execution.succession import exits_of, succession
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import OrderCancelRequested
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

_ZERO: Final = Decimal(0)
_ENTRIES: Final = (OrderClass.BRACKET, OrderClass.OTO)
_SELVES: Final = frozenset({PROTECTION, WRITER})
_NEVER_WORKED: Final = frozenset(
    {
        PlatformStatus.PENDING_NEW,
        PlatformStatus.ACCEPTED,
        PlatformStatus.ACCEPTED_FOR_BIDDING,
        PlatformStatus.REJECTED,
    }
)


@dataclass(frozen=True, slots=True)
class Guard:
    """What is to keep units from loss.

    Attributes:
        chain: The entry, or what was placed by itself, and the orders that took its place, oldest
            first: they count as one.
        exits: Those that hang at them, and what took the place of an order that stood in.
        stood_in: Orders that were placed in the stop's stead.
    """

    chain: tuple[PlatformOrder, ...]
    exits: tuple[PlatformOrder, ...]
    stood_in: tuple[PlatformOrder, ...]

    @property
    def order(self) -> PlatformOrder:
        """Give the order that it is named after: the entry, or the first that was placed."""
        return self.chain[0]

    @property
    def is_entry(self) -> bool:
        """Say whether it came with the units, as their entry's stop."""
        return is_entry(self.order)

    @property
    def side(self) -> Side:
        """Give the side on which its stop trades."""
        side = self.order.request.side
        return side.opposite if self.is_entry else side

    @property
    def last(self) -> PlatformOrder:
        """Give the order of the chain that stands, or stood last."""
        standing = [each for each in self.chain if not each.is_terminal]
        told = [each for each in self.chain if each.is_at_broker and not _is_replaced(each)]
        # One that was refused has not taken the place of the one before it.
        taken = [each for each in told if each.status is not PlatformStatus.REJECTED]
        return (standing or taken or told or self.chain)[-1]

    @property
    def is_pending(self) -> bool:
        """Say whether the entry may still bring units, or more of them."""
        return any(each.is_at_broker and not each.is_terminal for each in self.chain)

    @property
    def own_stops(self) -> tuple[PlatformOrder, ...]:
        """Give the stops that it had from its owner, whatever became of them."""
        hanging = tuple(each for each in self.exits if is_stop(each))
        is_group = self.order.request.order_class is not OrderClass.SIMPLE
        return hanging if self.is_entry or (is_group and hanging) else (*self.chain, *hanging)

    @property
    def newest_stop(self) -> PlatformOrder | None:
        """Give the stop that stood last; None where none was ever told."""
        stops = [each for each in (*self.own_stops, *self.stood_in) if is_stop(each)]
        told = [each for each in stops if each.is_at_broker and not _is_replaced(each)]
        return max(told or stops, key=lambda each: (each.intended_at, each.id.int), default=None)

    @property
    def terms(self) -> OrderRequest:
        """Give what its stop asks for: as the one that stood last, which may have been moved."""
        newest, asked = self.newest_stop, self.order.request
        if newest is not None or asked.stop_loss is None:
            return asked if newest is None else newest.request
        loss = asked.stop_loss
        return OrderRequest(
            symbol=asked.symbol,
            side=self.side,
            type=OrderType.STOP if loss.limit_price is None else OrderType.STOP_LIMIT,
            limit_price=loss.limit_price,
            stop_price=loss.stop_price,
        )

    @property
    def in_the_way(self) -> tuple[PlatformOrder, ...]:
        """Give what holds its units, and is no stop."""
        stops = {each.id for each in self.own_stops}
        holding = self.exits if self.is_entry else (*self.chain, *self.exits)
        return tuple(each for each in holding if each.id not in stops and not each.is_terminal)

    @property
    def needed(self) -> Decimal:
        """Give how many units should have its stop."""
        whole = _filled(self.chain) if self.is_entry else self._asked
        return max(EXACT.subtract(whole, _filled((*self.exits, *self.stood_in))), _ZERO)

    @property
    def kept(self) -> Decimal:
        """Give how many of them have it, or an order that closes them."""
        standing = [each for each in (*self.own_stops, *self.stood_in) if not each.is_terminal]
        # What one exit fills its broker takes off the other, and the ledger does not.
        return min(self.needed, total(each.remaining_quantity or _ZERO for each in standing))

    @property
    def ended_at(self) -> datetime | None:
        """Give when the last of its own stops ended; None where one stands, or none is known."""
        stops = [each for each in self.own_stops if not _is_replaced(each)]
        if any(not each.is_terminal for each in stops):
            return None
        return max((each.path[-1].at for each in stops if each.path), default=None)

    @property
    def orders(self) -> tuple[PlatformOrder, ...]:
        """Give all of its orders."""
        return (*self.chain, *self.exits, *self.stood_in)

    @property
    def _asked(self) -> Decimal:
        """Give what is left of a stop that was placed by itself, if it ever stood."""
        last = self.last
        has_stood = last.is_at_broker and not _is_replaced(last) and _has_worked(self.chain)
        return last.remaining_quantity or _ZERO if has_stood or not last.is_terminal else _ZERO


def guards_of(
    tx: LedgerTransaction, orders: Iterable[PlatformOrder], side: Side, live: Container[OrderId]
) -> Iterator[Guard]:
    """Put orders of one position together to guards, those left out that do not matter any more.

    Args:
        orders: Without exits that hang at others.
        side: On which the position is closed.
        live: The orders that brought units of it.
    """
    chains = _chains(tx, orders)
    for chain in chains.values():
        first, is_open = chain[0], any(not each.is_terminal for each in chain)
        if first.provenance.user == PROTECTION:
            continue
        if is_entry(first):
            matters = is_open or any(each.filled_quantity and each.id in live for each in chain)
            is_ours = first.request.side is not side
        else:
            matters = is_open or any(
                each.is_at_broker and each.remaining_quantity for each in chain
            )
            is_ours = first.request.side is side and _stands_alone(first)
        if is_ours and matters:
            yield _guard(tx, chain, chains)


def stand_in_id(order: PlatformOrder, number: int) -> OrderId:
    """Name the order that is placed instead of a stop, from 1; ``order`` names the guard."""
    return OrderId(derived_uuid7(order.intended_at, str(order.id), "protect", str(number)))


def is_entry(order: PlatformOrder) -> bool:
    """Say whether an order is to leave a stop behind."""
    return order.request.order_class in _ENTRIES and order.request.stop_loss is not None


def is_stop(order: PlatformOrder) -> bool:
    """Say whether an order ends a loss."""
    kind = order.request.type
    return kind.has_stop or kind is OrderType.TRAILING_STOP


def was_asked_for(tx: LedgerTransaction, guard: Guard) -> bool:
    """Say whether a person, or anything but the watch, asked for the end of a guard's stop."""
    chain = () if guard.is_entry else guard.chain
    return any(
        isinstance(event, OrderCancelRequested) and event.by not in _SELVES
        for order in {
            each.id: each for each in (*chain, *guard.own_stops, *guard.stood_in)
        }.values()
        if order.cancel_requested_at is not None
        for event in tx.orders.history(order.id)
    )


def was_given_up(guard: Guard) -> bool:
    """Say whether a stop that was placed by itself, and stood, was ended on purpose."""
    last = guard.last
    return (
        last.request.order_class is OrderClass.SIMPLE
        and not guard.is_entry
        and _is_ended_on_purpose(last)
    )


def total(values: Iterable[Decimal]) -> Decimal:
    """Add quantities up."""
    found = _ZERO
    for value in values:
        found = EXACT.add(found, value)
    return found


def _guard(
    tx: LedgerTransaction,
    chain: Sequence[PlatformOrder],
    chains: Mapping[OrderId, Sequence[PlatformOrder]],
) -> Guard:
    first, stood_in = chain[0], list[PlatformOrder]()
    is_single = first.request.order_class is OrderClass.SIMPLE
    # The watch never does anything about a stop that somebody has ended.
    is_ended = is_single and _is_ended_on_purpose(chain[-1])
    while not is_ended and (known := tx.orders.find(stand_in_id(first, len(stood_in) + 1))):
        stood_in.append(known)
    exits = () if is_single else exits_of(tx, chain)
    moved = (order for each in stood_in for order in chains.get(each.id, ())[1:])
    return Guard(tuple(chain), (*exits, *moved), tuple(stood_in))


def _chains(
    tx: LedgerTransaction, orders: Iterable[PlatformOrder]
) -> Mapping[OrderId, Sequence[PlatformOrder]]:
    """Put orders together that took each other's place, oldest first, by the first one's id."""
    chains: defaultdict[OrderId, dict[OrderId, PlatformOrder]] = defaultdict(dict)
    firsts: dict[OrderId, OrderId] = {}
    for order in sorted(orders, key=lambda each: (each.intended_at, each.id.int)):
        first = None if order.replaces is None else firsts.get(order.replaces)
        for each in succession(tx, order) if first is None else (order,):
            first = first or each.id
            firsts[each.id] = first
            chains[first][each.id] = each
    return {first: tuple(chain.values()) for first, chain in chains.items()}


def _stands_alone(order: PlatformOrder) -> bool:
    """Say whether an order is a stop, or a pair of exits with one, that no entry brought."""
    request = order.request
    if request.order_class is OrderClass.OCO:
        return request.stop_loss is not None
    return request.order_class is OrderClass.SIMPLE and is_stop(order)


def _has_worked(chain: Iterable[PlatformOrder]) -> bool:
    return any(told.status not in _NEVER_WORKED for each in chain for told in each.path)


def _is_ended_on_purpose(order: PlatformOrder) -> bool:
    return (
        order.status is PlatformStatus.CANCELED
        and order.is_at_broker
        and order.stage is not PlatformStatus.CANCELED
        and order.cancel_requested_at is not None
    )


def _is_replaced(order: PlatformOrder) -> bool:
    return order.status is PlatformStatus.REPLACED


def _filled(orders: Iterable[PlatformOrder]) -> Decimal:
    return total(each.filled_quantity for each in orders)
