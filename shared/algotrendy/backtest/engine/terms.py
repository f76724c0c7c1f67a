"""Say on what terms orders fill: cash, fees, slippage, margin, and what of it is assumed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite
from numbers import Real
from typing import Any, Final, Self

from algotrendy.backtest.engine.records import CostRow
from algotrendy.kernel.errors import Invalid

CASH: Final = 100_000
"""What a run starts with when nobody says, wherever it is asked for."""
FEE_BPS: Final = 10
"""What a fill costs when nobody says, wherever it is asked for: a backtest without fees is to be
asked for by an explicit 0."""
_BPS = 10_000.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which orders are filled. Rates are a year's, parts of 1; bps are of a price.

    Attributes:
        cash: At the start, in the account's currency, > 0.
        fee_bps: Fee in basis points of a fill's notional.
        fee_per_unit: Fee a unit.
        fee_minimum: Least fee of a fill.
        fee_most_bps: Most of a fill's fee in basis points of its notional; 0: no most.
        sale_fee_bps: More of a sale, as the SEC's fee.
        sale_fee_per_unit: More of a sale, a unit, as FINRA's fee.
        slippage_bps: What all fills but limits are worse than the market's price.
        spread: The same in price: half of it is paid.
        impact_bps: The same for taking a bar's whole volume; it grows with the root of the share.
        participation: Most of a bar's volume that orders may take, from 0 to 1; 0: any quantity.
        fractional: Whether parts of a unit can be traded.
        allow_short: Whether more can be sold than is held.
        leverage: Gross value of the positions over the equity, at most; 1: a cash account.
        maintenance: Equity over gross value below which all is closed; 0: nobody calls.
        borrow_rate: Of shares held short, where an asset has no rate of its own.
        borrow_scale: By which the rates of assets that have their own are multiplied.
        loan_rate: Of cash below 0.
        cash_rate: Earned on cash above 0.
        days_in_year: By which interest is reckoned.
    """

    cash: float = CASH
    fee_bps: float = FEE_BPS
    fee_per_unit: float = 0.0
    fee_minimum: float = 0.0
    fee_most_bps: float = 0.0
    sale_fee_bps: float = 0.0
    sale_fee_per_unit: float = 0.0
    slippage_bps: float = 0.0
    spread: float = 0.0
    impact_bps: float = 0.0
    participation: float = 0.0
    fractional: bool = False
    allow_short: bool = False
    leverage: float = 1.0
    maintenance: float = 0.0
    borrow_rate: float = 0.0
    borrow_scale: float = 1.0
    loan_rate: float = 0.0
    cash_rate: float = 0.0
    days_in_year: int = 360

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, field.type, self))
        if not self.cash > 0.0:
            raise Invalid("terms.cash", "above 0", self.cash)
        if self.maintenance > 0.0 and self.maintenance * self.leverage >= 1.0:
            expected = f"below one over the leverage, {1 / self.leverage:g}"
            raise Invalid("terms.maintenance", expected, self.maintenance)

    def optimistic(self) -> Self:
        """Give the same without slippage and volume limit, with half of all other costs."""
        return replace(
            self,
            **self._times(0.5, _FEES + _RATES),
            slippage_bps=0.0,
            spread=0.0,
            impact_bps=0.0,
            participation=0.0,
            cash_rate=max(self.cash_rate, self.cash_rate / 2),
        )

    def harsh(self) -> Self:
        """Give the same with twice the costs, at least 10 bps of slippage, and 2 % of volume."""
        worse = self._times(2.0, (*_FEES, *_RATES, "slippage_bps", "spread", "impact_bps"))
        worse["slippage_bps"] = max(worse["slippage_bps"], 10.0)
        worse["impact_bps"] = max(worse["impact_bps"], 50.0)
        return replace(
            self,
            **worse,
            participation=min(self.participation or 1.0, 0.02),
            cash_rate=max(min(self.cash_rate * 2, 0.0), _LIMITS["cash_rate"][0]),
        )

    def _times(self, factor: float, names: tuple[str, ...]) -> dict[str, Any]:
        """Multiply terms, up to the most that each may be."""
        return {
            name: min(getattr(self, name) * factor, _LIMITS.get(name, _ANY)[1]) for name in names
        }

    def cost_row(self) -> CostRow:
        """Give the terms as the rules read them."""
        return CostRow(
            fee_rate=self.fee_bps / _BPS,
            fee_per_unit=self.fee_per_unit,
            fee_minimum=self.fee_minimum,
            fee_most=self.fee_most_bps / _BPS,
            sale_rate=self.sale_fee_bps / _BPS,
            sale_per_unit=self.sale_fee_per_unit,
            slippage_rate=self.slippage_bps / _BPS,
            half_spread=self.spread / 2.0,
            impact=self.impact_bps / _BPS,
            leverage=self.leverage,
            maintenance=self.maintenance,
            loan_rate=self.loan_rate,
            cash_rate=self.cash_rate,
            days_in_year=self.days_in_year,
            allow_short=int(self.allow_short),
        )


def _checked(name: str, kind: Any, terms: Terms) -> float:
    """Give a term in its own type, checked."""
    value: Any = getattr(terms, name)
    if kind == "bool":
        if not isinstance(value, bool):
            raise Invalid(f"terms.{name}", "True or False", value)
        return value
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number:
        raise Invalid(f"terms.{name}", "a number", value)
    least, most = _LIMITS.get(name, _ANY)
    if not (isfinite(value) and least <= value <= most):
        raise Invalid(f"terms.{name}", f"between {least:g} and {most:g}", value)
    # A curve that begins at a whole number would be of whole numbers.
    return int(value) if kind == "int" else float(value)


# The fee of a fill is made of these alone: half of each is half of the fee.
_FEES = (
    *("fee_bps", "fee_per_unit", "fee_minimum", "fee_most_bps"),
    *("sale_fee_bps", "sale_fee_per_unit"),
)
_RATES = ("borrow_rate", "borrow_scale", "loan_rate")
_ANY = (0.0, 1e15)
_LIMITS = {
    "fee_bps": (0.0, 5_000.0),
    "fee_most_bps": (0.0, 10_000.0),
    "sale_fee_bps": (0.0, 5_000.0),
    "slippage_bps": (0.0, 5_000.0),
    "impact_bps": (0.0, 10_000.0),
    "participation": (0.0, 1.0),
    "leverage": (1.0, 100.0),
    "maintenance": (0.0, 1.0),
    "borrow_rate": (0.0, 100.0),
    "borrow_scale": (0.0, 100.0),
    "loan_rate": (0.0, 100.0),
    "cash_rate": (-1.0, 100.0),
    "days_in_year": (360, 366),
}
