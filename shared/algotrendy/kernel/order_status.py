"""Say where an order stands, and where it may go from there: the one transition table.

The paper exchange moves its orders by this table, and the platform checks by it what a broker
reports. The names are Alpaca's, which other brokers' states map to.
"""

from __future__ import annotations

from enum import StrEnum

from algotrendy.kernel.errors import Conflict


class OrderStatus(StrEnum):
    """Where an order stands at the venue."""

    PENDING_NEW = "pending_new"
    ACCEPTED = "accepted"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    HELD = "held"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    DONE_FOR_DAY = "done_for_day"
    CALCULATED = "calculated"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REJECTED = "rejected"

    @property
    def is_terminal(self) -> bool:
        """Say whether nothing more can come; ``done_for_day`` works again tomorrow."""
        return not _NEXT[self]

    @property
    def is_open(self) -> bool:
        """Say whether the order may still fill or be cancelled."""
        return bool(_NEXT[self])

    def may_become(self, status: OrderStatus) -> bool:
        """Say whether the table leads from here to there in one step."""
        return status in _NEXT[self]

    def to(self, status: OrderStatus) -> OrderStatus:
        """Take the step.

        Raises:
            Conflict: If the table has no such step.
        """
        if not self.may_become(status):
            raise Conflict(f"an order that is {self} cannot become {status}")
        return status


def _table() -> dict[OrderStatus, frozenset[OrderStatus]]:
    s = OrderStatus
    ends = {s.CANCELED, s.EXPIRED, s.REJECTED}
    fills = {s.PARTIALLY_FILLED, s.FILLED}
    pauses = {s.DONE_FOR_DAY, s.CALCULATED, s.STOPPED, s.SUSPENDED}
    asks = {s.PENDING_CANCEL, s.PENDING_REPLACE}
    working = fills | pauses | asks | ends | {s.REPLACED}
    arriving = {s.ACCEPTED, s.ACCEPTED_FOR_BIDDING, s.HELD, s.NEW}
    table = {
        s.PENDING_NEW: arriving | working,
        s.ACCEPTED: {s.ACCEPTED_FOR_BIDDING, s.HELD, s.NEW} | working,
        s.ACCEPTED_FOR_BIDDING: {s.ACCEPTED, s.NEW} | working,
        # An exit of a bracket: its working life begins when the entry has filled whole.
        s.HELD: {s.ACCEPTED, s.NEW, s.REPLACED} | asks | ends,
        s.NEW: set(working),
        s.PARTIALLY_FILLED: set(working),
        s.DONE_FOR_DAY: {s.ACCEPTED, s.NEW} | working,
        s.CALCULATED: {s.NEW} | working,
        s.STOPPED: {s.NEW} | working,
        s.SUSPENDED: {s.ACCEPTED, s.NEW} | working,
        # A fill may cross the request on its way; a refused request gives the old state back.
        s.PENDING_CANCEL: {s.ACCEPTED, s.HELD, s.NEW, s.REPLACED} | fills | ends,
        s.PENDING_REPLACE: {s.ACCEPTED, s.HELD, s.NEW, s.REPLACED, s.PENDING_CANCEL} | fills | ends,
    }
    # Of all states only one is reached from itself: another part fills.
    repeats = {s.PARTIALLY_FILLED}
    return {at: frozenset(table.get(at, set()) - ({at} - repeats)) for at in s}


_NEXT = _table()
