"""What the platform asks of a broker, whoever it is.

Errors of every method, by what the caller should do:

- ``Invalid``: this broker cannot take such an order; the capability table or the message says why.
- ``Rejected`` (``NotFound``, ``Conflict``, ``Forbidden``, ``Unauthenticated``): the broker said no.
- ``Unavailable``: the broker did not do it, for sure; ``retry_after_s`` says when to ask again.
- ``Unknown``: it may or may not have done it; ask ``order_by_client_id``, never send again blindly.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus

_SPLIT = re.compile(r"\b(\d{1,6}):(\d{1,6})\b")


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker tells of it.

    Attributes:
        broker_order_id: The broker's name for it.
        client_order_id: Ours.
        quantity: None for a notional order that has no quantity yet.
        filled_quantity: Cumulative: never add it up.
        replaces, replaced_by: The broker's ids of the order before and after a replacement.
        reason: Why it was rejected, where the broker says.
        legs: Its exits.
    """

    broker_order_id: str
    client_order_id: str
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    status: OrderStatus
    quantity: Decimal | None
    filled_quantity: Decimal
    average_price: Decimal | None
    submitted_at: datetime | None
    updated_at: datetime | None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    reason: str | None = None
    legs: tuple[BrokerOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerFill:
    """One execution; ``execution_id`` is the broker's, by which duplicates are known."""

    execution_id: str
    broker_order_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    filled_at: datetime
    fee: Decimal | None = None


class UpdateKind(StrEnum):
    """What an update tells."""

    ORDER = "order"  # the order's state changed
    FILL = "fill"  # and there is an execution
    BUST = "bust"  # an execution was taken back
    CANCEL_REFUSED = "cancel_refused"
    REPLACE_REFUSED = "replace_refused"


@dataclass(frozen=True, slots=True)
class BrokerUpdate:
    """News of an order. They may come twice, late and out of order."""

    kind: UpdateKind
    at: datetime
    order: BrokerOrder
    fill: BrokerFill | None = None


@dataclass(frozen=True, slots=True)
class StreamGap:
    """Says that updates may have been missed: the stream was (re)connected, or fell silent.

    The first item of every stream is one: what happened before it is read with ``orders`` and
    ``fills``.
    """

    reason: str


class ActivityKind(StrEnum):
    """What changed an account beside its fills."""

    FEE = "fee"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    TRANSFER = "transfer"  # cash that came in or went out
    SPLIT = "split"
    BUST = "bust"  # a fill that was taken back
    OTHER = "other"  # what has no rule here


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerActivity:
    """A change of the account that is no fill; ``id`` is the broker's, and counts once.

    Attributes:
        at: When it was; the begin of its day (UTC) where the broker tells no more.
        cash: What it did to cash, in the account's currency.
        quantity: What it did to the position in ``symbol``, signed.
        price: Of the fill that a BUST took back.
        split: New units for old ones, of a SPLIT whose broker tells them.
        broker_order_id, execution_id: Of the fill that a FEE was charged for, or a BUST took back.
        name: What the broker calls its kind.
    """

    id: str
    kind: ActivityKind
    at: datetime
    cash: Decimal
    symbol: Symbol | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    split: tuple[int, int] | None = None
    broker_order_id: str | None = None
    execution_id: str | None = None
    name: str = ""
    description: str = ""


def split_of(description: str) -> tuple[int, int] | None:
    """Read new and old units from a text such as ``4:1 split``; None where it says neither."""
    found = _SPLIT.search(description)
    if found is None:
        return None
    new, old = int(found[1]), int(found[2])
    return (new, old) if new and old else None


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """What the broker says is held; ``quantity`` is negative for a short."""

    symbol: Symbol
    quantity: Decimal
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """What the broker says of the account; sums in ``currency``."""

    account_id: str
    currency: str
    cash: Decimal
    equity: Decimal
    buying_power: Decimal
    trading_blocked: bool = False


class Broker(Protocol):
    """One account at one broker."""

    @property
    def name(self) -> str:
        """Give the broker's name, such as ``alpaca``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """Say what it can do."""
        ...

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send an order, once; ``request.client_order_id`` is needed and makes it idempotent.

        Raises:
            Invalid: If the capability table does not offer it; nothing was sent.
            Rejected: If the broker said no. Some say so later: then the order is ``rejected``.
            Conflict: If an order of this client order id is there already.
            Unavailable: If it was not taken, for sure.
            Unknown: If it may have been: ask ``order_by_client_id``.
        """
        ...

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order; the answer has a new broker order id where the broker's does.

        It raises as ``submit`` does; Conflict also where the order of the request's client order id
        is what took the old one's place: a replacement that is repeated.
        """
        ...

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for the end of an order. A fill may still cross it: watch updates."""
        ...

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order; NotFound when the broker knows none."""
        ...

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it; NotFound when the broker knows none."""
        ...

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders the broker still tells of, oldest first, exits as orders too."""
        ...

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions, oldest first, each once; with ``since``, from that moment on."""
        ...

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        """Read what changed the account beside fills, oldest first, each once.

        With ``since``, from that moment on. Brokers write some down days after the day that they
        bear: ask for those again. Empty where the capability table offers none.
        """
        ...

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held, by symbol."""
        ...

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that ends a position; NotFound when there is none."""
        ...

    async def account(self) -> BrokerAccount:
        """Read the account."""
        ...

    def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen until closed, reconnecting with backoff; a StreamGap comes at each connect."""
        ...

    async def close(self) -> None:
        """End streams and connections; a second call does nothing."""
        ...
