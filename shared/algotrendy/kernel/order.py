"""Say what is wanted from a market, what it gave, and what is held after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import EXACT, require_decimal, share
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import FillId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.price import Price, Quantity


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Give +1 for a buy and -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """Give the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """What makes an order fill."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"

    @property
    def has_limit(self) -> bool:
        """Say whether the order names a limit price."""
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT)

    @property
    def has_stop(self) -> bool:
        """Say whether the order names a stop price."""
        return self in (OrderType.STOP, OrderType.STOP_LIMIT)


class TimeInForce(StrEnum):
    """How long an order stands."""

    DAY = "day"
    GTC = "gtc"
    OPG = "opg"
    CLS = "cls"
    IOC = "ioc"
    FOK = "fok"


class OrderClass(StrEnum):
    """How an order hangs together with others."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"


@dataclass(frozen=True, slots=True)
class Order:
    """A wish to trade; its prices are there exactly when its type needs them."""

    id: OrderId
    symbol: Symbol
    side: Side
    quantity: Quantity
    placed_at: datetime
    type: OrderType = OrderType.MARKET
    limit_price: Price | None = None
    stop_price: Price | None = None

    def __post_init__(self) -> None:
        """Refuse an order for nothing, and prices that do not fit the type."""
        object.__setattr__(self, "placed_at", as_utc(self.placed_at, "placed_at"))
        if not self.quantity:
            raise Invalid("quantity", "above zero", self.quantity)
        for field, price, needed in (
            ("limit_price", self.limit_price, self.type.has_limit),
            ("stop_price", self.stop_price, self.type.has_stop),
        ):
            if needed != (price is not None):
                expected = "present" if needed else "absent"
                raise Invalid(field, f"{expected} for a {self.type} order", price)


@dataclass(frozen=True, slots=True)
class Fill:
    """A part of an order that the market gave."""

    id: FillId
    order_id: OrderId
    symbol: Symbol
    side: Side
    quantity: Quantity
    price: Price
    fee: Money
    filled_at: datetime

    def __post_init__(self) -> None:
        """Refuse a fill of nothing, and a fee in another currency."""
        object.__setattr__(self, "filled_at", as_utc(self.filled_at, "filled_at"))
        if not self.quantity:
            raise Invalid("quantity", "above zero", self.quantity)
        if self.fee.currency is not self.price.currency:
            raise Invalid("fee", f"in {self.price.currency}", self.fee)

    @property
    def notional(self) -> Money:
        """Give price times quantity, without the fee."""
        return self.price * self.quantity

    @property
    def cash_change(self) -> Money:
        """Give what the fill does to cash, fee included; negative for a buy."""
        return -(self.notional * self.side.sign) - self.fee


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one symbol, and what it cost.

    ``quantity`` is negative for a short. ``cost`` has the same sign: what was paid for a long, or
    minus what was received for a short, fees apart.
    """

    symbol: Symbol
    quantity: Decimal
    cost: Money

    def __post_init__(self) -> None:
        """Refuse a cost that stands for nothing, or points the other way."""
        require_decimal(self.quantity, "quantity")
        if self.quantity * self.cost.amount < 0 or (not self.quantity and self.cost):
            raise Invalid("cost", f"of the sign of the quantity, {self.quantity}", self.cost)

    @classmethod
    def flat(cls, symbol: Symbol, currency: Currency) -> Position:
        """Give the position of one who holds nothing."""
        return cls(symbol, Decimal(0), Money.zero(currency))

    def after(self, fill: Fill) -> tuple[Position, Money]:
        """Apply a fill at average cost; give the new position and the profit it realised.

        Profit is before fees. Nothing is lost to rounding: cost after = cost before + signed
        notional + profit, exactly. A fill larger than the position closes it, then opens the rest.

        Raises:
            Invalid: If the fill is of another symbol or currency.
        """
        if fill.symbol != self.symbol:
            raise Invalid("symbol", self.symbol, fill.symbol)
        change = EXACT.multiply(fill.quantity.value, Decimal(fill.side.sign))
        quantity = EXACT.add(self.quantity, change)
        notional = fill.notional * fill.side.sign
        if self.quantity * change >= 0:
            cost = self.cost + notional
        elif self.quantity * quantity >= 0:
            left = share(self.cost.amount, quantity, self.quantity)
            cost = Money(left, self.cost.currency)
        else:
            cost = Money(EXACT.multiply(fill.price.amount, quantity), fill.price.currency)
        return Position(self.symbol, quantity, cost), cost - self.cost - notional
