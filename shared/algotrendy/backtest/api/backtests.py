"""Answer ``POST /v1/backtests``, ``GET /v1/backtests`` and ``GET /v1/backtests/{id}``.

A backtest is a sweep of one run: it goes the same way, and its id is one of a sweep too.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.backtest.admission import admit
from algotrendy.backtest.api.access import (
    CAPABILITY,
    Asked,
    Bars,
    Results,
    UseCases,
    Viewer,
)
from algotrendy.backtest.api.sweeps import Links, links_of
from algotrendy.backtest.engine.terms import CASH, FEE_BPS
from algotrendy.backtest.lifecycle import StudyStatus, Sweep
from algotrendy.backtest.studies import LIST_LIMIT
from algotrendy.backtest.request import Number, SweepSpec, parse_spec
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.ids import SweepId, parse_sweep_id, parse_uuid7
from algotrendy.market_data.ports import BarStore
from algotrendy.platform.blobs import Blobs

_EXAMPLE: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbol": "AAPL",
    "start": "2000-03-01",
    "end": "2013-03-01",
    "parameters": {"fast": "20", "slow": "100"},
    "cash": "100000",
    "fee_bps": "10",
}


class BacktestIn(BaseModel):
    """One run of a strategy on one symbol; a parameter that is not named keeps its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str
    symbol: str
    start: date
    end: date
    parameters: Annotated[dict[str, Number], Field(max_length=10)] = {}
    cash: Decimal = Decimal(CASH)
    fee_bps: Decimal = Decimal(FEE_BPS)
    adjustment: Literal["raw", "all"] = "all"
    fractional: bool = False


class BacktestOut(BaseModel):
    """A backtest and what became of it."""

    id: str
    status: StudyStatus
    strategy: str
    symbol: str
    parameters: dict[str, Any] | None = Field(
        description="Every value, defaults included; null until it succeeds."
    )
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    statistics: dict[str, Any] | None = Field(description="Null until it succeeds.")
    benchmark: dict[str, Any] | None = Field(description="The same figures of buying and holding.")
    links: Links
    error: str | None


class BacktestsOut(BaseModel):
    """Backtests of the caller's tenant, newest first."""

    backtests: list[BacktestOut] = Field(
        description="May be fewer than asked for, and none, where sweeps lie between them."
    )
    next_before: str | None = Field(description="Ask for the next page with it; null at the end.")


router = APIRouter(prefix="/v1/backtests", tags=[CAPABILITY])


@router.post(
    "",
    status_code=202,
    responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def post_backtest(
    body: Annotated[BacktestIn, Body(examples=[_EXAMPLE])],
    asked: Asked,
    use_cases: UseCases,
    bars: Bars,
    blobs: Results,
) -> BacktestOut:
    """Ask for one backtest; it runs on its own. ``GET`` its Location to see what came of it."""
    spec = _admitted(body, bars)
    sweep = asked.accepted(use_cases, spec, router.prefix)
    return _shown(sweep, blobs)


@router.get("")
def list_backtests(
    principal: Viewer,
    use_cases: UseCases,
    blobs: Results,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 20,
    before: Annotated[str | None, Query(description="From next_before of the last page.")] = None,
) -> BacktestsOut:
    """List the backtests of the caller's tenant, newest first."""
    older_than = None if before is None else parse_sweep_id(before)
    page = use_cases.newest(principal.tenant, limit, older_than)
    return BacktestsOut(
        backtests=[_shown(sweep, blobs) for sweep in page.studies if sweep.spec.is_single],
        next_before=None if page.next_before is None else str(page.next_before),
    )


@router.get("/{backtest_id}")
def get_backtest(
    backtest_id: str, principal: Viewer, use_cases: UseCases, blobs: Results
) -> BacktestOut:
    """Tell what came of a backtest, with links to its row and its report."""
    sweep = use_cases.get(principal.tenant, SweepId(parse_uuid7(backtest_id, "backtest_id")))
    if not sweep.spec.is_single:
        raise NotFound("backtest", backtest_id, "it is a sweep: GET /v1/sweeps/{id}")
    return _shown(sweep, blobs)


def _admitted(body: BacktestIn, bars: BarStore) -> SweepSpec:
    asked = body.model_dump(exclude={"symbol", "parameters"})
    values = {name: [value] for name, value in body.parameters.items()}
    try:
        spec = parse_spec({**asked, "symbols": [body.symbol], "parameters": values, "max_runs": 1})
        admit(spec, bars.symbols())
    except Invalid as error:
        if not error.field.startswith("symbols"):
            raise
        # The caller's word for it is another than that of a sweep.
        raise Invalid("symbol", error.expected, body.symbol) from error
    return spec


def _shown(sweep: Sweep, blobs: Blobs) -> BacktestOut:
    summary: dict[str, Any] = dict(sweep.summary or {})
    best = summary.get("best") or {}
    return BacktestOut(
        id=str(sweep.id),
        status=sweep.status,
        strategy=sweep.spec.strategy,
        symbol=sweep.spec.symbols[0],
        parameters=best.get("parameters"),
        requested_by=sweep.requested_by,
        requested_at=sweep.requested_at,
        updated_at=sweep.updated_at,
        statistics=best.get("statistics"),
        benchmark=summary.get("benchmark"),
        links=links_of(sweep, blobs),
        error=sweep.error,
    )
