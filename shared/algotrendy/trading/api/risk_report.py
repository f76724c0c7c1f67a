"""Answer how an account stands: exposure, profit and loss, what it may lose."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from algotrendy.risk.limits import TradingState
from algotrendy.risk.loss import TailLoss
from algotrendy.trading import queries
from algotrendy.trading.api import access
from algotrendy.trading.api.access import AccountName, Books, Time, Viewer
from algotrendy.trading.api.values import DecimalOut
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.risk_report import RiskReport, read_report

router = APIRouter(prefix="/v1", tags=[access.CAPABILITY])


class BookOut(BaseModel):
    """The account as a whole, or a strategy's part of it."""

    strategy: str | None = Field(description="Null for the account as a whole.")
    state: TradingState
    cash: DecimalOut
    equity: DecimalOut
    profit_today: DecimalOut = Field(description="Below zero for a loss.")
    drawdown: DecimalOut = Field(description="How far equity is below its highest.")
    realised: DecimalOut
    unrealised: DecimalOut
    fees: DecimalOut
    dividends: DecimalOut
    interest: DecimalOut
    gross: DecimalOut = Field(description="Positions at worst, longs and shorts added up.")
    net: DecimalOut = Field(description="Longs less shorts at worst.")
    margin: DecimalOut


class HeldOut(BaseModel):
    """What the account holds of a symbol, all parts together."""

    symbol: str
    quantity: DecimalOut
    cost: DecimalOut
    price: DecimalOut | None
    value: DecimalOut
    unrealised: DecimalOut
    is_fresh: bool = Field(description="The price is young enough to decide by.")


class BreachOut(BaseModel):
    """A limit that is broken now."""

    limit: str
    scope: str
    allowed: str
    actual: str


class LossOut(BaseModel):
    """Value at Risk and Expected Shortfall of one day: estimates, losses above zero."""

    var: float
    es: float


class TailOut(BaseModel):
    """What may be lost in a day, with a confidence."""

    confidence: float
    historical: LossOut = Field(description="As the past days were.")
    parametric: LossOut = Field(description="If returns were normal, without drift.")


class ScenarioOut(BaseModel):
    """What a named scenario would do; losses below zero."""

    scenario: str
    profit: float
    by_symbol: dict[str, float]


class RiskOut(BaseModel):
    """How an account stands now."""

    account: str
    currency: str
    at: datetime
    books: list[BookOut] = Field(description="The account first, then its strategies.")
    holdings: list[HeldOut]
    breaches: list[BreachOut]
    tails: list[TailOut] = Field(description="Empty where no position has a past.")
    spans: int = Field(description="Days that the tails stand on.")
    without_past: list[str] = Field(description="Positions that the tails leave out.")
    stress: list[ScenarioOut] = Field(description="The worst first.")


@router.get("/risk")
def get_risk(account: AccountName, viewer: Viewer, books: Books, time: Time) -> RiskOut:
    """Tell exposure, profit and loss, broken limits, VaR and ES, and named stress scenarios.

    Numbers of money are exact; VaR, ES and stress are estimates, and plain numbers.
    """
    asked = access.whole_account_of(account)
    now = time.now()

    def work(tx: LedgerTransaction) -> RiskReport:
        queries.require_account(tx, viewer.reach, asked)
        return read_report(tx, asked, now)

    return _shown(books.run(work))


def _shown(report: RiskReport) -> RiskOut:
    return RiskOut(
        account=report.account,
        currency=report.currency.value,
        at=report.at,
        books=[BookOut.model_validate(each, from_attributes=True) for each in report.books],
        holdings=[HeldOut.model_validate(each, from_attributes=True) for each in report.holdings],
        breaches=[BreachOut(**each.fields()) for each in report.breaches],
        tails=[
            TailOut(
                confidence=each.historical.confidence,
                historical=_loss(each.historical),
                parametric=_loss(each.parametric),
            )
            for each in report.tails
        ],
        spans=report.spans,
        without_past=list(report.without_past),
        stress=[
            ScenarioOut(
                scenario=each.scenario,
                profit=each.profit,
                by_symbol={str(symbol): profit for symbol, profit in each.by_symbol.items()},
            )
            for each in report.stress
        ],
    )


def _loss(tail: TailLoss) -> LossOut:
    return LossOut(var=tail.var, es=tail.es)
