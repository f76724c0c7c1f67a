"""Say what happened to an order: what we did, and what its broker told.

Our own events come in the order in which we stored them. The broker's news may come twice, late and
out of order; ``at`` is the moment that the broker names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, OrderId, UserId
from algotrendy.kernel.money import Money
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.kernel.price import Price, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an order came from: a user or a version of a strategy, and what it stood on.

    Attributes:
        strategy: Name and version, such as ``sma_cross@3``.
        parameters: Name and value of each, by name.
        data_hash, code_hash: SHA-256 of what the decision read, and of what decided.
        parent: The order of which this one is a slice.
        traceparent: The trace to which belongs whatever is done about the order, as W3C writes it.
    """

    correlation_id: CorrelationId
    user: UserId | None = None
    strategy: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    data_hash: str | None = None
    code_hash: str | None = None
    parent: OrderId | None = None
    traceparent: str | None = None

    def __post_init__(self) -> None:
        """Refuse an order that nobody wished."""
        if self.user is None and self.strategy is None:
            raise Invalid("provenance", "a user or a strategy", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A part of an order that the market gave; ``id`` is the broker's, and counts once.

    ``fee`` is None where the broker has not told it yet.
    """

    id: str
    quantity: Quantity
    price: Price
    at: datetime
    fee: Money | None = None

    def __post_init__(self) -> None:
        """Refuse an execution of nothing, one without a name, and a fee in another currency."""
        object.__setattr__(self, "at", as_utc(self.at, "at"))
        if not self.id:
            raise Invalid("execution_id", "present", self.id)
        if not self.quantity:
            raise Invalid("quantity", "above zero", self.quantity)
        if self.fee is not None and self.fee.currency is not self.price.currency:
            raise Invalid("fee", f"in {self.price.currency}", self.fee)

    @property
    def notional(self) -> Money:
        """Give price times quantity, without the fee."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """The base of all: a fact about one order, known by its id however often it comes."""

    id: EventId
    order_id: OrderId
    at: datetime

    def __post_init__(self) -> None:
        """Refuse a time without a zone."""
        object.__setattr__(self, "at", as_utc(self.at, "at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended(OrderEvent):
    """The order was admitted and stored; nobody else knows of it.

    Attributes:
        account: Whose it is: an account at a broker, or a strategy's part of one.
        reserved: The buying power that was set aside for it, zero or more, in its currency.
        submit_by: After this it is not sent any more; None for an order that is at the broker.
        replaces: The order whose place it is to take at the broker.
        replaces_filled: How much of that one was known to be filled; its quantity comes on top.
        leg_of: The order of which it is an exit, held and sent by the broker itself.
        approval: Why a person must agree before it is sent; empty where nobody must.
        arrival: The price that was known then: the middle of bid and ask, or else the last.
    """

    account: AccountId
    request: OrderRequest
    provenance: Provenance
    reserved: Money
    submit_by: datetime | None = None
    replaces: OrderId | None = None
    replaces_filled: Decimal | None = None
    leg_of: OrderId | None = None
    approval: str = ""
    arrival: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be found again at the broker, and a negative reservation."""
        # A slotted dataclass is another class than the one that super() would name here.
        OrderEvent.__post_init__(self)
        if not self.request.client_order_id:
            raise Invalid("client_order_id", "present", self.request.client_order_id)
        if (self.request.quantity is None) == (self.request.notional is None):
            raise Invalid("quantity", "there exactly where notional is not", self.request.quantity)
        for field, size in (
            ("quantity", self.request.quantity),
            ("notional", self.request.notional),
        ):
            if size is not None and require_decimal(size, field) <= 0:
                raise Invalid(field, "above zero", size)
        if self.reserved.amount < 0:
            raise Invalid("reserved", "zero or more", self.reserved)
        if self.submit_by is not None:
            object.__setattr__(self, "submit_by", as_utc(self.submit_by, "submit_by"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderApproved(OrderEvent):
    """A person agreed that the order be sent."""

    by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRequested(OrderEvent):
    """Somebody wants the end of the order; the broker is asked until it is over."""

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    """The order is about to be sent; stored before the first byte leaves.

    ``epoch`` is the lease of the writer that sends it.
    """

    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOutcomeUnknown(OrderEvent):
    """Sending it ended without an answer: the broker may have it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotSent(OrderEvent):
    """The broker did not take it, for sure: it may be sent again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFoundAbsent(OrderEvent):
    """The broker was asked, and knows of no such order: it may be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWithdrawn(OrderEvent):
    """The order was taken back before it was sent."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(OrderEvent):
    """The broker told of the order, in its stream or when it was asked.

    Attributes:
        status: As told; None where the news does not say. A name that nobody knows changes nothing,
            and is kept.
        filled_quantity: Cumulative: the most that was ever told counts.
    """

    broker_order_id: str | None = None
    status: str | None = None
    filled_quantity: Decimal = Decimal(0)
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse a filled quantity below zero."""
        OrderEvent.__post_init__(self)
        if require_decimal(self.filled_quantity, "filled_quantity") < 0:
            raise Invalid("filled_quantity", "zero or more", self.filled_quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderUpdated):
    """The broker has the order."""

    status: str | None = OrderStatus.ACCEPTED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(OrderUpdated):
    """The market gave a part of the order, or all of it."""

    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBusted(OrderUpdated):
    """An execution was taken back; an order that is over stays so, another has more to fill."""

    execution_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(OrderUpdated):
    """The order ended on request."""

    status: str | None = OrderStatus.CANCELED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderUpdated):
    """The order's time ran out."""

    status: str | None = OrderStatus.EXPIRED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderUpdated):
    """The broker refused the order; ``reason`` says why."""

    status: str | None = OrderStatus.REJECTED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaced(OrderUpdated):
    """Another order took its place, which has an intent and a hold of its own."""

    status: str | None = OrderStatus.REPLACED.value
    replaced_by: str | None = None
