"""Name what is traded, and say how it is quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from algotrendy.kernel.decimals import is_multiple, plain, require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.money import Currency
from algotrendy.kernel.price import US_EQUITY_INCREMENTS, Price, PriceIncrements, Quantity

Symbol = NewType("Symbol", str)

# A slash parts a pair (BTC/USD), a dot a share class (BRK.B). Two in a row, or a slash at the end,
# would climb or split the folder that a store may make of a symbol.
_SYMBOL = re.compile(r"(?!.*[./]{2})[A-Z0-9][A-Z0-9.^/_-]{0,19}(?<!/)")


def parse_symbol(text: str, field: str = "symbol") -> Symbol:
    """Read a symbol such as AAPL, BRK.B or BTC/USD.

    Raises:
        Invalid: If it is not 1 to 20 capitals, digits and ``. ^ / _ -``, which names ``field``.
    """
    if not _SYMBOL.fullmatch(text):
        raise Invalid(field, "1 to 20 capitals, digits and . ^ / _ -, like AAPL or BRK.B", text)
    return Symbol(text)


class AssetClass(StrEnum):
    """The kind of thing that is traded."""

    EQUITY = "equity"
    INDEX = "index"
    CURRENCY_PAIR = "currency_pair"
    CRYPTO = "crypto"


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that has bars and may be traded, with the steps it is quoted and sized in."""

    symbol: Symbol
    asset_class: AssetClass
    currency: Currency
    increments: PriceIncrements
    quantity_step: Decimal

    def __post_init__(self) -> None:
        """Refuse a malformed symbol and a step that is not positive."""
        parse_symbol(self.symbol)
        if require_decimal(self.quantity_step, "quantity_step") <= 0:
            raise Invalid("quantity_step", "above zero", self.quantity_step)

    def price(self, amount: Decimal, field: str = "price") -> Price:
        """Make a price of this instrument.

        Raises:
            Invalid: If the amount is not positive or lies between two quotable prices.
        """
        if require_decimal(amount, field) <= 0:
            raise Invalid(field, "above zero", amount)
        if not self.increments.allows(amount):
            step = plain(self.increments.step_at(amount))
            raise Invalid(field, f"a multiple of {step} {self.currency}", amount)
        return Price(amount, self.currency)

    def quantity(self, value: Decimal, field: str = "quantity") -> Quantity:
        """Make a quantity of this instrument.

        Raises:
            Invalid: If the value is negative or not a whole number of steps.
        """
        if require_decimal(value, field) < 0 or not is_multiple(value, self.quantity_step):
            raise Invalid(field, f"zero or a multiple of {plain(self.quantity_step)}", value)
        return Quantity(value)


def us_equity(symbol: Symbol, *, fractional: bool = False) -> Instrument:
    """Describe a share listed in the United States; fractions go down to a billionth."""
    step = Decimal("0.000000001") if fractional else Decimal(1)
    return Instrument(symbol, AssetClass.EQUITY, Currency.USD, US_EQUITY_INCREMENTS, step)
