"""Quote prices on the steps that a venue allows, and count quantities."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from algotrendy.kernel.decimals import (
    EXACT,
    ceil_to,
    floor_to,
    is_multiple,
    parse_decimal,
    plain,
    require_decimal,
)
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.money import Currency, Money


@dataclass(frozen=True, slots=True)
class PriceIncrement:
    """The step between quotable prices from ``floor`` upwards."""

    floor: Decimal
    step: Decimal

    def __post_init__(self) -> None:
        """Refuse a negative floor, a step that is not positive, a floor off its own steps."""
        require_decimal(self.floor, "floor")
        if require_decimal(self.step, "step") <= 0:
            raise Invalid("step", "above zero", self.step)
        if self.floor < 0 or not is_multiple(self.floor, self.step):
            raise Invalid("floor", f"zero or a multiple of {plain(self.step)}", self.floor)


@dataclass(frozen=True, slots=True)
class PriceIncrements:
    """The whole ladder of steps of one instrument, lowest prices first."""

    bands: tuple[PriceIncrement, ...]

    def __post_init__(self) -> None:
        """Refuse a ladder that does not start at zero, or whose bands do not meet."""
        if not self.bands or self.bands[0].floor != 0:
            raise Invalid("bands", "one or more, the first from 0", len(self.bands))
        for lower, upper in zip(self.bands, self.bands[1:], strict=False):
            # Else the last step of the lower band would overshoot into the upper one.
            if upper.floor <= lower.floor or not is_multiple(upper.floor, lower.step):
                raise Invalid("bands", "ascending, each from a step of the one below", upper.floor)

    def step_at(self, amount: Decimal) -> Decimal:
        """Give the step that is in force at a price of zero or more."""
        if require_decimal(amount, "price") < 0:
            raise Invalid("price", "zero or more", amount)
        return next(band.step for band in reversed(self.bands) if amount >= band.floor)

    def allows(self, amount: Decimal) -> bool:
        """Say whether a price of zero or more can be quoted."""
        return is_multiple(amount, self.step_at(amount))

    def down(self, amount: Decimal) -> Decimal:
        """Give the highest quotable price that is not above the amount."""
        return floor_to(amount, self.step_at(amount))

    def up(self, amount: Decimal) -> Decimal:
        """Give the lowest quotable price that is not below the amount."""
        return ceil_to(amount, self.step_at(amount))


# Rule 612 of Regulation NMS (17 CFR 242.612): a cent from 1.00 USD, a hundredth of one below.
# Finer steps can be set for single instruments, so each instrument carries its own ladder.
US_EQUITY_INCREMENTS = PriceIncrements(
    (
        PriceIncrement(Decimal(0), Decimal("0.0001")),
        PriceIncrement(Decimal(1), Decimal("0.01")),
    )
)


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """How many units: zero or more; the side of an order says which way."""

    value: Decimal

    def __post_init__(self) -> None:
        """Refuse a float, a negative number, and what the ledger cannot hold."""
        if require_decimal(self.value, "quantity") < 0:
            raise Invalid("quantity", "zero or more", self.value)

    @classmethod
    def of(cls, value: str | int) -> Quantity:
        """Read a quantity such as ``100`` or ``"0.25"``; raise Invalid when it is none."""
        return cls(parse_decimal(str(value), "quantity"))

    def __add__(self, other: Quantity) -> Quantity:
        """Add up."""
        return Quantity(EXACT.add(self.value, other.value))

    def __sub__(self, other: Quantity) -> Quantity:
        """Take away at most what there is; more raises Invalid."""
        return Quantity(EXACT.subtract(self.value, other.value))

    def __bool__(self) -> bool:
        """Say whether it is anything at all."""
        return bool(self.value)

    def __str__(self) -> str:
        """Read as a plain number."""
        return plain(self.value)


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs: above zero, in one currency."""

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        """Refuse a float, zero and less, and what the ledger cannot hold."""
        if require_decimal(self.amount, "price") <= 0:
            raise Invalid("price", "above zero", self.amount)

    @classmethod
    def of(cls, amount: str | int, currency: Currency) -> Price:
        """Read a price such as ``"187.15"``; raise Invalid when it is none."""
        return cls(parse_decimal(str(amount), "price"), currency)

    def __mul__(self, quantity: Quantity) -> Money:
        """Give the notional of a quantity at this price."""
        if not isinstance(quantity, Quantity):
            raise TypeError(f"Price goes with Quantity, not with {type(quantity).__name__}")
        return Money(EXACT.multiply(self.amount, quantity.value), self.currency)

    __rmul__ = __mul__

    def __str__(self) -> str:
        """Read as ``187.15 USD``."""
        return f"{plain(self.amount)} {self.currency}"
