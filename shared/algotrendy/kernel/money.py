"""Count money exactly, one currency at a time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.decimals import EXACT, parse_decimal, plain, require_decimal, rounded
from algotrendy.kernel.errors import Invalid


class Currency(StrEnum):
    """A currency by its ISO 4217 code."""

    USD = "USD"
    EUR = "EUR"
    GBP = "GBP"
    CHF = "CHF"
    CAD = "CAD"
    AUD = "AUD"
    JPY = "JPY"

    @property
    def decimals(self) -> int:
        """Count the decimals of the smallest coin."""
        return 0 if self is Currency.JPY else 2


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency; never rounded unless asked.

    Adding, subtracting and ordering two currencies raises Invalid: nobody knows the rate here.
    Two amounts are equal when value and currency are, however many zeros they are written with.
    """

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        """Refuse a float, and what the ledger cannot hold."""
        require_decimal(self.amount, "amount")

    @classmethod
    def of(cls, amount: str | int, currency: Currency) -> Money:
        """Read an amount such as ``"12.50"``; raise Invalid when it is no number."""
        return cls(parse_decimal(str(amount), "amount"), currency)

    @classmethod
    def zero(cls, currency: Currency) -> Money:
        """Give nothing of a currency."""
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency."""
        return self._with(EXACT.add(self.amount, self._same(other)))

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount of the same currency."""
        return self._with(EXACT.subtract(self.amount, self._same(other)))

    def __mul__(self, factor: Decimal | int) -> Money:
        """Multiply by a plain number; a float raises TypeError."""
        if isinstance(factor, int) and not isinstance(factor, bool):
            factor = Decimal(factor)
        return self._with(EXACT.multiply(self.amount, require_decimal(factor, "factor")))

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        """Turn an inflow into an outflow."""
        return self._with(EXACT.minus(self.amount))

    def __abs__(self) -> Money:
        """Drop the sign."""
        return self._with(EXACT.abs(self.amount))

    def __bool__(self) -> bool:
        """Say whether it is anything at all."""
        return bool(self.amount)

    def __lt__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        """Read as ``12.50 USD``."""
        return f"{plain(self.amount)} {self.currency}"

    def rounded(self) -> Money:
        """Round to the smallest coin, half to even."""
        return self._with(rounded(self.amount, self.currency.decimals))

    def _with(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise TypeError(f"Money goes with Money, not with {type(other).__name__}")
        if other.currency is not self.currency:
            raise Invalid("currency", str(self.currency), str(other.currency))
        return other.amount
