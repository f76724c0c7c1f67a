"""The parts that every request for research has: numbers as written, and the terms of its runs."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from algotrendy.backtest.engine.terms import CASH, FEE_BPS, Terms
from algotrendy.kernel.errors import Invalid


def _plain(number: Decimal) -> Decimal:
    # 1E+5, 100000 and 100000.0 are one number: they must be one text, hash and sweep.
    return Decimal(format(number.normalize(), "f"))


Number = Annotated[
    Decimal, Field(ge=-(10**12), le=10**12, decimal_places=9), AfterValidator(_plain)
]


class Frozen(BaseModel):
    """A part of a request: never changed, and without a field that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_Amount = Annotated[Number, Field(ge=0)]
_Bps = Annotated[Number, Field(ge=0, le=5_000)]
_Whole = Annotated[Number, Field(ge=0, le=10_000)]
_Share = Annotated[Number, Field(ge=0, le=1)]
_Rate = Annotated[Number, Field(ge=0, le=100)]
_NONE = Decimal(0)


class AskedTerms(Frozen):
    """The terms on which orders fill: those of ``Terms``, by the same names, limits and defaults.

    bps are hundredths of a percent of a price; rates are a year's, parts of 1.
    """

    cash: Annotated[Number, Field(gt=0, le=10**12)] = Decimal(CASH)
    fee_bps: _Bps = Decimal(FEE_BPS)
    fee_per_unit: _Amount = _NONE
    fee_minimum: _Amount = _NONE
    fee_most_bps: _Whole = _NONE
    sale_fee_bps: _Bps = _NONE
    sale_fee_per_unit: _Amount = _NONE
    slippage_bps: _Bps = _NONE
    spread: _Amount = _NONE
    impact_bps: _Whole = _NONE
    participation: _Share = _NONE
    fractional: bool = False
    allow_short: bool = False
    leverage: Annotated[Number, Field(ge=1, le=100)] = Decimal(1)
    maintenance: _Share = _NONE
    borrow_rate: _Rate = _NONE
    borrow_scale: _Rate = Decimal(1)
    loan_rate: _Rate = _NONE
    cash_rate: Annotated[Number, Field(ge=-1, le=100)] = _NONE
    days_in_year: Annotated[int, Field(ge=360, le=366)] = 360

    @property
    def terms(self) -> Terms:
        """Give the terms in the engine's floats."""
        given: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(Terms)}
        for name, value in given.items():
            given[name] = float(value) if isinstance(value, Decimal) else value
        return Terms(**given)

    @model_validator(mode="after")
    def _check_terms(self) -> Self:
        try:
            _ = self.terms
        except Invalid as error:
            name = error.field.removeprefix("terms.")
            raise ValueError(f"{name} {error.expected}, was {error.actual}") from error
        return self


def asked_of(terms: Terms) -> dict[str, Decimal | bool | int]:
    """Give terms as a request has them: what was typed, and not its nearest binary."""
    given = {field.name: getattr(terms, field.name) for field in fields(Terms)}
    return {
        name: Decimal(repr(value)) if isinstance(value, float) else value
        for name, value in given.items()
    }
