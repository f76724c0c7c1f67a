"""What a strategy sees and touches: bars up to now, what it owns, and a desk that takes orders."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from algotrendy.kernel.errors import Invalid

ABOVE = 1.0 + 1e-9
"""``x > y * ABOVE``: by more than the rounding that running sums carry. In a market that stands
still two means are level, and a strategy must not trade on their last bits."""


class Bars:
    """The bars so far: equal-length columns, oldest first, the newest at ``[-1]``.

    The engine appends each bar as it closes, so a later one is not there to be read. The columns
    belong to the strategy; writing to them changes nothing for the engine.

    Attributes:
        time: Bar times in nanoseconds since 1970 UTC.
        open, high, low, close: Prices in quote currency.
        volume: As traded.
    """

    __slots__ = ("close", "high", "low", "open", "time", "volume")

    def __init__(self) -> None:
        self.time: list[int] = []
        self.open: list[float] = []
        self.high: list[float] = []
        self.low: list[float] = []
        self.close: list[float] = []
        self.volume: list[float] = []


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """An order for the next bar's open.

    Attributes:
        units: Shares, above 0 to buy and below 0 to sell; 0 when ``share`` sizes the order.
        share: Part of the cash at the fill that is spent, fee included; 0 when ``units`` does.
    """

    units: float
    share: float = 0.0


class Account:
    """What the strategy owns, and the desk where it places market orders.

    Orders fill at the next bar's open, in the order in which they were placed. Position and cash
    are as of the last fill; they are told, not asked: writing to them changes nothing.

    Attributes:
        position: Shares held, below 0 when short.
        cash: In quote currency.
        orders: Placed at this bar, not yet filled.
    """

    __slots__ = ("cash", "orders", "position")

    def __init__(self, cash: float) -> None:
        self.position = 0.0
        self.cash = cash
        self.orders: list[MarketOrder] = []

    def buy(self, units: float) -> None:
        """Buy so many shares; cut at the fill to what the cash pays."""
        self.orders.append(MarketOrder(_checked("units", units, inf)))

    def sell(self, units: float) -> None:
        """Sell so many shares; cut at the fill to what is held, unless shorts are allowed."""
        self.orders.append(MarketOrder(-_checked("units", units, inf)))

    def invest(self, share: float = 1.0) -> None:
        """Buy for a share of the cash, from above 0 to 1, as it is at the fill."""
        self.orders.append(MarketOrder(0.0, _checked("share", share, 1.0)))

    def close(self) -> None:
        """Sell what is held, or buy back what is short; no order when there is neither."""
        if self.position:
            self.orders.append(MarketOrder(-self.position))


def _checked(field: str, value: float, most: float) -> float:
    if not (0 < value <= most and value < inf):
        limit = "a finite number above 0" if most == inf else f"above 0 and at most {most:g}"
        raise Invalid(f"order.{field}", limit, value)
    return value
