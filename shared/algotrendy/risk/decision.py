"""Say yes or no to an order, with every reason at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.decimals import plain


class Limit(StrEnum):
    """What can be broken."""

    BROKER_ACCOUNT = "broker_account"
    TRADING_STATE = "trading_state"
    LAST_PRICE = "last_price"
    ORDER_QUANTITY = "order_quantity"
    ORDER_NOTIONAL = "order_notional"
    POSITION_QUANTITY = "position_quantity"
    POSITION_NOTIONAL = "position_notional"
    PRICE_COLLAR = "price_collar"
    FAT_FINGER = "fat_finger"
    GROSS_EXPOSURE = "gross_exposure"
    NET_EXPOSURE = "net_exposure"
    CONCENTRATION = "concentration"
    LEVERAGE = "leverage"
    MARGIN_USE = "margin_use"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    ORDER_RATE = "order_rate"
    RESTRICTED = "restricted"
    SHORT_SELLING = "short_selling"
    SHORT_AVAILABLE = "short_available"
    MARKET_HOURS = "market_hours"
    DUPLICATE = "duplicate"
    WASH_TRADE = "wash_trade"
    BUYING_POWER = "buying_power"
    UNITS_AVAILABLE = "units_available"
    VALUE_AT_RISK = "value_at_risk"
    EXPECTED_SHORTFALL = "expected_shortfall"
    STRESS_LOSS = "stress_loss"


@dataclass(frozen=True, slots=True)
class Breach:
    """One limit that an order would break, or that is broken.

    Attributes:
        limit: Which.
        scope: Whose: ``account``, ``strategy trend``, ``symbol AAPL``.
        allowed: Its value; for one of a fraction of equity, the sum that it comes to now.
        actual: What it would come to, in the same unit.
    """

    limit: Limit
    scope: str
    allowed: Decimal | str
    actual: Decimal | str

    def __str__(self) -> str:
        """Read as expectation and fact."""
        least = "at most " if isinstance(self.allowed, Decimal) else ""
        return (
            f"{self.limit} of {self.scope} must be {least}{_text(self.allowed)}, "
            f"was {_text(self.actual)}"
        )

    def fields(self) -> dict[str, str]:
        """Give the facts as JSON values."""
        return {
            "limit": self.limit.value,
            "scope": self.scope,
            "allowed": _text(self.allowed),
            "actual": _text(self.actual),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What the engine says to one order.

    Attributes:
        breaches: Every limit that the order breaks; none when it is approved.
        limits_version: Of the document that was asked.
        quantity: Judged, in units; of an order by notional, rounded up at nine decimals.
        price: The worst that it is reckoned at; None where there is no last price.
        reduces: It cannot make a position of its books larger.
    """

    breaches: tuple[Breach, ...]
    limits_version: int
    quantity: Decimal
    price: Decimal | None
    reduces: bool

    @property
    def is_approved(self) -> bool:
        """Say whether the order may be sent."""
        return not self.breaches


def _text(value: Decimal | str) -> str:
    return plain(value) if isinstance(value, Decimal) else value
