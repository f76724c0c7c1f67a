"""An order of the platform: what is known of it, and what follows from that.

The broker's news is gathered as facts and read anew each time, in the order of the broker's own
times. So it is all one whether news comes once or twice, early or late: the same facts give the
same order. Quantities are sums of executions, each counted once; a cumulative quantity is never
added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, EventId, OrderId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.trading.order_events import (
    Execution,
    Provenance,
)
from algotrendy.trading.status import PlatformStatus

ZERO = Decimal(0)
_BEFORE_FILLS = frozenset(
    {
        PlatformStatus.PENDING_NEW,
        PlatformStatus.ACCEPTED,
        PlatformStatus.ACCEPTED_FOR_BIDDING,
        PlatformStatus.HELD,
        PlatformStatus.NEW,
    }
)


@dataclass(frozen=True, slots=True)
class StatusNews:
    """A state that the broker named, at a moment that it named."""

    at: datetime
    status: PlatformStatus
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOrder:
    """An order as the ledger knows it.

    Attributes:
        arrival: The price that was known when it was intended; None where nobody knew one.
        stage: How far we brought it ourselves: INTENDED, SUBMITTING, UNKNOWN, CANCELED (withdrawn).
        epoch: Of the lease under which it was sent last; 0 before.
        submitted_at: When it was about to be sent last; None before.
        approved_by: Who agreed that it be sent, where somebody must.
        cancel_requested_at: When its end was first asked for.
        is_at_broker: Whether the broker ever told of it. Then it is never sent again.
        news: Readable states in the order of the broker's times.
        executions: Each once, oldest first, busted ones too.
        busted: Ids of executions taken back; one may be known before its execution is.
        reported: The most that the broker ever told as cumulative filled quantity.
        unknown_statuses: Names of states that nobody here knows.
        disputed: Executions that were told twice with another quantity or price.
        broker_order_ids: More than one says that the order was doubled.
        seen: Events that were applied; no part of what makes two orders equal.
    """

    id: OrderId
    account: AccountId
    request: OrderRequest
    provenance: Provenance
    reserved: Money
    intended_at: datetime
    submit_by: datetime | None = None
    replaces: OrderId | None = None
    replaces_filled: Decimal | None = None
    leg_of: OrderId | None = None
    approval: str = ""
    arrival: Decimal | None = None
    stage: PlatformStatus = PlatformStatus.INTENDED
    stage_reason: str = ""
    epoch: int = 0
    submitted_at: datetime | None = None
    approved_by: UserId | None = None
    cancel_requested_at: datetime | None = None
    is_at_broker: bool = False
    news: tuple[StatusNews, ...] = ()
    executions: tuple[Execution, ...] = ()
    busted: frozenset[str] = frozenset()
    reported: Decimal = ZERO
    unknown_statuses: frozenset[str] = frozenset()
    disputed: frozenset[str] = frozenset()
    broker_order_ids: frozenset[str] = frozenset()
    replaced_by: str | None = None
    seen: frozenset[EventId] = field(default=frozenset(), compare=False, repr=False)

    @property
    def currency(self) -> Currency:
        """Give the currency that the order is paid in."""
        return self.reserved.currency

    @property
    def symbol(self) -> Symbol:
        """Give the symbol that it trades."""
        return Symbol(self.request.symbol)

    @property
    def client_order_id(self) -> str:
        """Give our name for it at the broker, which every intent has."""
        return self.request.client_order_id or ""

    @property
    def awaits_approval(self) -> bool:
        """Say whether a person must agree before it may be sent."""
        return bool(self.approval) and self.approved_by is None

    def may_be_sent(self, now: datetime) -> bool:
        """Say whether it is stored, wanted, agreed to, with nobody else, and not too late."""
        return (
            self.status is PlatformStatus.INTENDED
            and not self.awaits_approval
            and self.cancel_requested_at is None
            and (self.submit_by is None or now < self.submit_by)
        )

    @property
    def standing(self) -> tuple[Execution, ...]:
        """Give the executions that were not taken back."""
        return tuple(each for each in self.executions if each.id not in self.busted)

    @property
    def filled_quantity(self) -> Decimal:
        """Add up the executions that stand."""
        return _quantity(self.standing)

    @property
    def filled_notional(self) -> Money:
        """Give what the standing executions came to, without fees."""
        return sum((each.notional for each in self.standing), Money.zero(self.currency))

    @property
    def remaining_quantity(self) -> Decimal | None:
        """Give what is still to fill, never below zero; None for an order of a notional."""
        if self.request.quantity is None:
            return None
        return max(EXACT.subtract(self.request.quantity, self.filled_quantity), ZERO)

    @property
    def missing_quantity(self) -> Decimal:
        """Give how much the broker filled, at least, in executions that it has yet to tell."""
        return max(EXACT.subtract(self.reported, _quantity(self.executions)), ZERO)

    @property
    def is_overfilled(self) -> bool:
        """Say whether more is filled than was asked for."""
        return self.request.quantity is not None and self.filled_quantity > self.request.quantity

    @property
    def path(self) -> tuple[StatusNews, ...]:
        """Give the states that the order took at the broker, by the table.

        News of a step in between may be lost; news of a state that cannot be reached from the one
        before, such as any after the end, changes nothing.
        """
        taken: list[StatusNews] = []
        for each in self.news:
            if not taken or taken[-1].status.may_reach(each.status):
                taken.append(each)
        return tuple(taken)

    @property
    def status(self) -> PlatformStatus:
        """Say where the order stands."""
        if not self.is_at_broker:
            return self.stage
        path = self.path
        told = path[-1].status if path else PlatformStatus.UNKNOWN
        filled = self.filled_quantity
        if self.request.quantity is not None and filled >= self.request.quantity:
            # Also after a cancel: the last execution crossed it on the way.
            return PlatformStatus.FILLED
        if self.executions and (not path or told in _BEFORE_FILLS):
            return PlatformStatus.PARTIALLY_FILLED
        return told

    @property
    def reason(self) -> str:
        """Say why the order stands where it does, where anybody told."""
        path = self.path
        return path[-1].reason if path else self.stage_reason

    @property
    def is_terminal(self) -> bool:
        """Say whether the order is over; executions of it may still be told."""
        return self.status.is_terminal

    @property
    def is_settled(self) -> bool:
        """Say whether it is over, and no execution is known to be missing."""
        return self.is_terminal and not self.missing_quantity


def _quantity(executions: Iterable[Execution]) -> Decimal:
    total = ZERO
    for each in executions:
        total = EXACT.add(total, each.quantity.value)
    return total
