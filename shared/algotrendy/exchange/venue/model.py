"""Hold what the paper exchange keeps: accounts, orders, positions, activities, updates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter

from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

ZERO = Decimal(0)


@dataclass(slots=True)
class Account:
    """One customer's money and keys.

    Attributes:
        id: UUID text.
        number: What a person calls the account, like PA3XXXXXXXXX.
        key_id: Public half of the API key.
        secret: Its other half. It guards play money; it is never logged.
        cash: Quote currency; may be negative on margin.
        multiplier: 1 cash account, 2 Reg T margin, 4 intraday margin.
        last_equity: Equity at the last session's close.
        interest: Borrow fees and interest not yet charged.
        shorting: Whether short sales are allowed.
        fractional: Whether fractions of a share are.
        blocked: Whether trading is stopped.
        update_count: Number of the last update, from 1.
    """

    id: str
    number: str
    key_id: str
    secret: str
    cash: Decimal
    multiplier: int
    created_at: datetime
    last_equity: Decimal
    interest: Decimal = ZERO
    shorting: bool = True
    fractional: bool = True
    blocked: bool = False
    update_count: int = 0

    def still(self) -> Account:
        """Give a copy, which later changes do not reach."""
        return Account(*_VALUES_OF_ACCOUNT(self))


@dataclass(slots=True)
class Order:
    """An order and all that became of it. Times are the market's.

    Attributes:
        id: UUID text.
        sequence: Grows with every order of the venue: time priority, and the cursor of lists.
        quantity: None for a notional order.
        filled_value: Sum of price times quantity over its fills.
        mark: Best price since a trailing stop began to work (Alpaca: hwm).
        stop_price: A trailing stop's present stop too.
        legs: Ids of its exits, or of the other exit of an OCO.
        parent_id: The entry, for an exit.
        reason: Why it was rejected.
    """

    id: str
    sequence: int
    account_id: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    mark: Decimal | None = None
    triggered: bool = False
    extended_hours: bool = False
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    filled_at: datetime | None = None
    expires_at: datetime | None = None
    expired_at: datetime | None = None
    canceled_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_at: datetime | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    parent_id: str | None = None
    legs: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def filled_average_price(self) -> Decimal | None:
        """Give the average price of its fills, at most 9 decimals; None before the first."""
        if not self.filled_quantity:
            return None
        return round(self.filled_value / self.filled_quantity, 9)

    def still(self) -> Order:
        """Give a copy, which later changes do not reach."""
        return Order(*_VALUES_OF_ORDER(self))


@dataclass(slots=True)
class Position:
    """What one account holds of a symbol; ``quantity`` and ``cost`` are negative for a short."""

    account_id: str
    symbol: str
    quantity: Decimal
    cost: Decimal

    def still(self) -> Position:
        """Give a copy, which later changes do not reach."""
        return Position(*_VALUES_OF_POSITION(self))


class ActivityType(StrEnum):
    """What changed an account, in Alpaca's letters."""

    FILL = "FILL"
    DIVIDEND = "DIV"
    FEE = "FEE"
    INTEREST = "INT"
    SPLIT = "SPLIT"
    JOURNAL_CASH = "JNLC"
    BUST = "BUST"  # not Alpaca's: a fill that the exchange took back


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry in an account's history; the sum of ``cash`` over all is the account's cash.

    Attributes:
        id: Sorts in the order of time, ``YYYYMMDDhhmmssmmm::uuid``.
        cash: What it did to cash, quote currency.
        quantity: Of units, signed as it changed the position.
        order_id, execution_id, side: Of a FILL, its FEE and its BUST.
        leaves, cumulative, fill_type: Of a FILL only; ``fill_type`` is fill or partial_fill.
        cost: Of a SPLIT only: the position's cost after it.
    """

    id: str
    account_id: str
    type: ActivityType
    at: datetime
    cash: Decimal
    symbol: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    per_share: Decimal | None = None
    order_id: str | None = None
    execution_id: str | None = None
    side: Side | None = None
    leaves: Decimal | None = None
    cumulative: Decimal | None = None
    fill_type: str | None = None
    cost: Decimal | None = None
    description: str | None = None


class UpdateEvent(StrEnum):
    """What an update of ``trade_updates`` tells."""

    ACCEPTED = "accepted"
    NEW = "new"
    FILL = "fill"
    PARTIAL_FILL = "partial_fill"
    CANCELED = "canceled"
    EXPIRED = "expired"
    DONE_FOR_DAY = "done_for_day"
    REPLACED = "replaced"
    REJECTED = "rejected"
    PENDING_NEW = "pending_new"
    STOPPED = "stopped"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    CALCULATED = "calculated"
    SUSPENDED = "suspended"
    HELD = "held"
    RESTATED = "restated"
    TRADE_BUST = "trade_bust"
    TRADE_CORRECT = "trade_correct"
    ORDER_REPLACE_REJECTED = "order_replace_rejected"
    ORDER_CANCEL_REJECTED = "order_cancel_rejected"


@dataclass(frozen=True, slots=True)
class Update:
    """What a client hears of an order.

    Attributes:
        number: Counts an account's updates from 1, without a gap.
        order: The order as it stood then; a copy.
        execution_id, price, quantity, position_quantity: Of a fill only; the position's is signed.
    """

    number: int
    account_id: str
    event: UpdateEvent
    at: datetime
    order: Order
    execution_id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    position_quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """An account's equity at one moment, for its portfolio history."""

    account_id: str
    at: datetime
    equity: Decimal
    cash: Decimal


@dataclass(slots=True)
class Changes:
    """What a command or an event changed, for the store and for those who listen.

    ``closed_positions`` are (account id, symbol) that are flat now.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    positions: dict[tuple[str, str], Position] = field(default_factory=dict)
    closed_positions: set[tuple[str, str]] = field(default_factory=set)
    activities: list[Activity] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    equity: list[EquityPoint] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return any(
            (
                self.accounts,
                self.orders,
                self.positions,
                self.closed_positions,
                self.activities,
                self.updates,
                self.equity,
            )
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a venue needs to go on after a restart.

    Attributes:
        last_event_ns: Up to where the market was played.
    """

    accounts: tuple[Account, ...] = ()
    orders: tuple[Order, ...] = ()
    positions: tuple[Position, ...] = ()
    activities: tuple[Activity, ...] = ()
    equity: tuple[EquityPoint, ...] = ()
    last_event_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Balances:
    """An account's sums at present prices, quote currency; the names are Alpaca's."""

    equity: Decimal
    cash: Decimal
    long_market_value: Decimal
    short_market_value: Decimal  # negative
    initial_margin: Decimal
    maintenance_margin: Decimal
    buying_power: Decimal
    regt_buying_power: Decimal
    daytrading_buying_power: Decimal
    non_marginable_buying_power: Decimal
    accrued_fees: Decimal
    position_prices: Mapping[str, Decimal]


_VALUES_OF_ACCOUNT, _VALUES_OF_ORDER, _VALUES_OF_POSITION = (
    attrgetter(*(each.name for each in fields(kind))) for kind in (Account, Order, Position)
)
