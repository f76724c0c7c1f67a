"""Answer ``GET /v1/strategy-runs/{run_id}/parity``: whether a run did what its backtest does."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import parse_uuid7
from algotrendy.live.api.access import CAPABILITY, AccountsReached, KeptReports

_Money = Annotated[str, Field(description="In the account's currency, such as -12.50.")]
CauseName = Literal[
    "fill price",
    "fee",
    "latency",
    "partial",
    "correction of data",
    "broker reject",
    "limit",
    "paused",
    "consequence",
    "our bug",
]


class CauseOut(BaseModel):
    """What one cause of differences came to."""

    cause: CauseName
    count: int
    cost: _Money


class ParityMoneyOut(BaseModel):
    """Profit and loss of both; the costs of the causes are the whole difference."""

    ledger: _Money
    backtest: _Money
    cost: _Money
    rounding: str = Field(description="Less than a cent that no cost explains.")
    causes: list[CauseOut]


class ParityDayOut(BaseModel):
    """What one session came to."""

    day: date
    decisions: int
    orders: int
    unexplained: int
    cost: _Money


class ParityPositionOut(BaseModel):
    """What is held at the end."""

    symbol: str
    ledger: str
    backtest: str


class DifferenceOut(BaseModel):
    """One difference between the run and its backtest."""

    subject: Literal["decision", "order", "fill", "money"]
    cause: CauseName = Field(description="Where nothing explains it, our bug.")
    step: int
    at: datetime
    symbol: str
    order: str = Field(description="The client order id; empty where there is no order.")
    expected: str
    found: str
    cost: _Money


class SlippageOut(BaseModel):
    """How much worse than the market's price orders were filled, in basis points."""

    symbol: str
    order_kind: str
    orders: int
    mean_bps: float
    low_bps: float | None
    high_bps: float | None


class MeasuredCostsOut(BaseModel):
    """What fills really cost, and the terms that a backtest takes of it."""

    source: str
    words: str
    slipping: SlippageOut | None
    fee_bps: float | None
    each: list[SlippageOut]
    terms: dict[str, float | bool | int]


class EquityOut(BaseModel):
    """Equity of both over time, thinned to what a chart can show."""

    seconds: list[int]
    ledger: list[float]
    backtest: list[float]


class ParityOut(BaseModel):
    """The newest replay of a run through the backtest engine."""

    format: int
    made_at: datetime
    run_id: str
    account: str
    version: str
    symbols: list[str]
    timeframe: str
    currency: str
    capital: _Money
    first: datetime
    last: datetime
    steps: int
    decisions: int
    orders: int
    executions: int
    unexplained: int
    is_corrected: bool = Field(description="Whether bars have been corrected since.")
    money: ParityMoneyOut
    days: list[ParityDayOut]
    positions: list[ParityPositionOut]
    differences: list[DifferenceOut] = Field(description="The unexplained ones first.")
    differences_in_all: int
    costs: MeasuredCostsOut
    curve: EquityOut
    identity: dict[str, str]


router = APIRouter(prefix="/v1/strategy-runs", tags=[CAPABILITY])


@router.get("/{run_id}/parity")
def get_run_parity(
    reach: AccountsReached,
    reports: KeptReports,
    run_id: Annotated[str, Path(max_length=36)],
) -> ParityOut:
    """Show whether a run did what its backtest does: the newest report, made each night.

    Every decision is made again from its recorded inputs, every order held against the ledger, and
    every difference has a cause and what it cost.
    """
    found = reports.find(parse_uuid7(run_id, "run_id"))
    if found is None or found.run.tenant != reach.tenant or not reach.sees(found.run.account):
        raise NotFound("parity report of run", run_id)
    reach.require(found.run.account, found.run.tenant)
    return ParityOut.model_validate({**found.document, "made_at": found.made_at})
