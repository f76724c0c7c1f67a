"""Say what is to be done for a parent order, from its slices and the time alone: pure.

One slice is at the market at a time. The next is placed when the one before is over for good, and
never for more than what is left: so the sum of all is never above the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT, floor_to, share
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.parent import Parent, ParentState, Style
from algotrendy.trading.status import PlatformStatus

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PlaceSlice:
    """Place the next slice, of so much."""

    quantity: Decimal


@dataclass(frozen=True, slots=True)
class EndSlice:
    """Cancel the slice that is at the market."""

    order: PlatformOrder


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing more comes: end it in this state."""

    state: ParentState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Await:
    """Do nothing before this moment, or before the slice is over where it is None."""

    until: datetime | None = None


Action = PlaceSlice | EndSlice | Close | Await


def next_action(parent: Parent, slices: Sequence[PlatformOrder], now: datetime) -> Action:
    """Say what is to be done.

    Args:
        parent: Whose slices they are.
        slices: All of them.
        now: Decides which part of the schedule is due.
    """
    standing = next((each for each in slices if not each.is_settled), None)
    if standing is not None:
        return _with_slice(parent, standing, now)
    done = filled(slices)
    if done >= parent.wish.quantity:
        return Close(ParentState.FILLED)
    match parent.state:
        case ParentState.CANCELLING:
            return Close(ParentState.CANCELED, parent.reason)
        case ParentState.PAUSED:
            return Await(parent.wish.ends_at) if now < parent.wish.ends_at else _ended()
    if now >= parent.wish.ends_at:
        return _ended()
    due = EXACT.subtract(due_by(parent, now), done)
    if parent.wish.display is not None:
        due = min(due, parent.wish.display)
    return PlaceSlice(due) if due > 0 else Await(_begin_of(parent, begun(parent, now)))


def filled(slices: Iterable[PlatformOrder]) -> Decimal:
    """Add up what slices filled."""
    total = _ZERO
    for each in slices:
        total = EXACT.add(total, each.filled_quantity)
    return total


def begun(parent: Parent, now: datetime) -> int:
    """Count the slices of the schedule that have begun."""
    if now < parent.begins_at:
        return 0
    count = len(parent.wish.weights)
    span = (parent.wish.ends_at - parent.begins_at) / count
    return min(count, (now - parent.begins_at) // span + 1)


def due_by(parent: Parent, now: datetime) -> Decimal:
    """Give how much of the quantity should be at the market by now, in whole steps."""
    if parent.wish.style is Style.ICEBERG:
        return parent.wish.quantity if now >= parent.begins_at else _ZERO
    weights = parent.wish.weights
    count = begun(parent, now)
    if count == len(weights):
        return parent.wish.quantity
    part, whole = sum(weights[:count], _ZERO), sum(weights, _ZERO)
    return floor_to(share(parent.wish.quantity, part, whole), parent.wish.step)


def was_refused(order: PlatformOrder) -> bool:
    """Say whether the broker refused an order outright."""
    rejected = PlatformStatus(OrderStatus.REJECTED.value)
    return order.status is rejected and not order.executions


def _with_slice(parent: Parent, standing: PlatformOrder, now: datetime) -> Action:
    is_wanted = parent.state is ParentState.WORKING and now < parent.wish.ends_at
    is_of_now = begun(parent, standing.intended_at) >= begun(parent, now)
    if standing.is_terminal or standing.cancel_requested_at is not None:
        return Await()
    if is_wanted and is_of_now:
        return Await()
    return EndSlice(standing)


def _begin_of(parent: Parent, index: int) -> datetime:
    count = len(parent.wish.weights)
    if index >= count:
        return parent.wish.ends_at
    return parent.begins_at + (parent.wish.ends_at - parent.begins_at) / count * index


def _ended() -> Close:
    return Close(ParentState.ENDED, "its time is over, and not all is filled")
