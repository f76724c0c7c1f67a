"""Say where an order stands on its whole way, from the wish to the end: one transition table.

At the broker it stands where the kernel's table says. Before that it has three states of its own.
"""

from __future__ import annotations

from enum import StrEnum

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.order_status import OrderStatus


class PlatformStatus(StrEnum):
    """Where an order stands: the kernel's states, and what comes before the broker has answered."""

    INTENDED = "intended"  # stored, and with nobody else: it may be sent
    SUBMITTING = "submitting"  # about to be sent, or sent and not yet answered
    UNKNOWN = "unknown"  # it may be at the broker: only the broker can tell
    PENDING_NEW = OrderStatus.PENDING_NEW.value
    ACCEPTED = OrderStatus.ACCEPTED.value
    ACCEPTED_FOR_BIDDING = OrderStatus.ACCEPTED_FOR_BIDDING.value
    HELD = OrderStatus.HELD.value
    NEW = OrderStatus.NEW.value
    PARTIALLY_FILLED = OrderStatus.PARTIALLY_FILLED.value
    DONE_FOR_DAY = OrderStatus.DONE_FOR_DAY.value
    CALCULATED = OrderStatus.CALCULATED.value
    STOPPED = OrderStatus.STOPPED.value
    SUSPENDED = OrderStatus.SUSPENDED.value
    PENDING_CANCEL = OrderStatus.PENDING_CANCEL.value
    PENDING_REPLACE = OrderStatus.PENDING_REPLACE.value
    FILLED = OrderStatus.FILLED.value
    CANCELED = OrderStatus.CANCELED.value
    EXPIRED = OrderStatus.EXPIRED.value
    REPLACED = OrderStatus.REPLACED.value
    REJECTED = OrderStatus.REJECTED.value

    @property
    def is_terminal(self) -> bool:
        """Say whether nothing more can come."""
        return not _NEXT[self]

    def may_become(self, status: PlatformStatus) -> bool:
        """Say whether the table leads from here to there in one step."""
        return status in _NEXT[self]

    def may_reach(self, status: PlatformStatus) -> bool:
        """Say whether the table leads there in one step or more: news in between may be lost."""
        return status in _REACHABLE[self]

    def to(self, status: PlatformStatus) -> PlatformStatus:
        """Take the step.

        Raises:
            Conflict: If the table has no such step.
        """
        if not self.may_become(status):
            raise Conflict(f"an order that is {self} cannot become {status}")
        return status


def read_status(told: str) -> PlatformStatus | None:
    """Read what a broker calls a state; None when it is a name that nobody here knows."""
    try:
        return PlatformStatus(OrderStatus(told).value)
    except ValueError:
        return None


def _table() -> dict[PlatformStatus, frozenset[PlatformStatus]]:
    s = PlatformStatus
    at_broker = {s(status.value) for status in OrderStatus}
    table = {
        s(status.value): frozenset(s(then.value) for then in OrderStatus if status.may_become(then))
        for status in OrderStatus
    }
    # The broker may know an order that it was thought not to: a request that was long on its way.
    table[s.INTENDED] = frozenset({s.SUBMITTING, s.UNKNOWN} | at_broker)
    # Back to INTENDED only where the order is for sure not there.
    table[s.SUBMITTING] = frozenset({s.INTENDED, s.UNKNOWN} | at_broker)
    table[s.UNKNOWN] = frozenset({s.INTENDED} | at_broker)
    return table


def _reachable(
    table: dict[PlatformStatus, frozenset[PlatformStatus]],
) -> dict[PlatformStatus, frozenset[PlatformStatus]]:
    reached = dict(table)
    while True:
        wider = {
            at: steps.union(*(reached[step] for step in steps)) for at, steps in reached.items()
        }
        if wider == reached:
            return reached
        reached = wider


_NEXT = _table()
_REACHABLE = _reachable(_NEXT)
