"""Hold what came of one order in one world: in the ledger, or in the backtest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from algotrendy.kernel.decimals import EXACT, MAX_DIGITS_EACH_SIDE, rounded

ZERO = Decimal(0)


class OrderKey(NamedTuple):
    """Name an order alike in both worlds.

    Attributes:
        step: At which it was decided.
        asset: Its place in the universe.
        place: Which of the step's orders for that asset it is, from 1.
    """

    step: int
    asset: int
    place: int


@dataclass(frozen=True, slots=True)
class PartFill:
    """A part of an order that was filled.

    Attributes:
        step: Whose bar filled it: the first at which the strategy was told.
        units: Above zero.
        market: The price before slippage; None where nobody knows it.
    """

    step: int
    units: Decimal
    price: Decimal
    fee: Decimal
    market: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedOrder:
    """An order, and what was filled of it.

    Attributes:
        side: 1 to buy, -1 to sell.
        kind: As the kernel's `order_codes` count them.
        units: Asked for.
        multiplier: What one unit is worth for a price of 1.
    """

    key: OrderKey
    side: int
    kind: int
    units: Decimal
    fills: tuple[PartFill, ...] = ()
    multiplier: Decimal = Decimal(1)

    @property
    def filled(self) -> Decimal:
        """Add up the units filled."""
        return _sum(fill.units for fill in self.fills)

    @property
    def notional(self) -> Decimal:
        """Add up what the units came to, without fees."""
        worth = _sum(EXACT.multiply(fill.units, fill.price) for fill in self.fills)
        return EXACT.multiply(worth, self.multiplier)

    @property
    def fees(self) -> Decimal:
        """Add up the fees."""
        return _sum(fill.fee for fill in self.fills)

    @property
    def first_step(self) -> int | None:
        """Give whose bar filled it first; None where none did."""
        return min((fill.step for fill in self.fills), default=None)

    def gain(self, mark: Decimal) -> Decimal:
        """Give what its fills have earned at a price of the asset, fees taken off."""
        worth = EXACT.multiply(EXACT.multiply(self.filled, mark), self.multiplier)
        moved = EXACT.subtract(worth, self.notional)
        return EXACT.subtract(moved if self.side > 0 else EXACT.minus(moved), self.fees)


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total


def decimal_of(value: float) -> Decimal:
    """Read a number of the engine by its shortest text, as fine as the ledger counts."""
    return rounded(Decimal(repr(float(value))), MAX_DIGITS_EACH_SIDE)
