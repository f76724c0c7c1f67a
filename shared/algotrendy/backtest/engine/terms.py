"""Say on what terms orders fill: cash, fees, slippage, margin, and what of it is assumed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Self

from algotrendy.backtest.engine.records import CostRow
from algotrendy.kernel.errors import Invalid

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
        loan_rate: Of cash below 0.
        cash_rate: Earned on cash above 0.
        days_in_year: By which interest is reckoned.
    """

    cash: float
    fee_bps: float = 0.0
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
    loan_rate: float = 0.0
    cash_rate: float = 0.0
    days_in_year: int = 360

    def __post_init__(self) -> None:
        for name, kind in ((field.name, field.type) for field in fields(self)):
            value = getattr(self, name)
            if isinstance(value, bool):
                continue
            least, most = _LIMITS.get(name, _ANY)
            if not (isfinite(value) and least <= value <= most):
                raise Invalid(f"terms.{name}", f"between {least:g} and {most:g}", value)
            if kind == "float":
                # A curve that begins at a whole number would be of whole numbers.
                object.__setattr__(self, name, float(value))
        if not self.cash > 0.0:
            raise Invalid("terms.cash", "above 0", self.cash)
        if self.maintenance > 0.0 and self.maintenance * self.leverage >= 1.0:
            expected = f"below one over the leverage, {1 / self.leverage:g}"
            raise Invalid("terms.maintenance", expected, self.maintenance)

    def optimistic(self) -> Self:
        """Give the same without slippage and volume limit, with half the fees."""
        return replace(
            self,
            fee_bps=self.fee_bps / 2,
            fee_per_unit=self.fee_per_unit / 2,
            slippage_bps=0.0,
            spread=0.0,
            impact_bps=0.0,
            participation=0.0,
        )

    def harsh(self) -> Self:
        """Give the same with twice the costs, at least 10 bps of slippage, and 2 % of volume."""
        return replace(
            self,
            fee_bps=self._twice("fee_bps"),
            fee_per_unit=self._twice("fee_per_unit"),
            slippage_bps=max(self._twice("slippage_bps"), 10.0),
            spread=self._twice("spread"),
            impact_bps=max(self._twice("impact_bps"), 50.0),
            participation=min(self.participation or 1.0, 0.02),
            borrow_rate=self._twice("borrow_rate"),
            loan_rate=self._twice("loan_rate"),
            cash_rate=min(self.cash_rate, 0.0),
        )

    def _twice(self, name: str) -> float:
        """Double a term, up to the most that it may be."""
        _, most = _LIMITS.get(name, _ANY)
        return min(float(getattr(self, name)) * 2, most)

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
    "loan_rate": (0.0, 100.0),
    "cash_rate": (-1.0, 100.0),
    "days_in_year": (360, 366),
}
