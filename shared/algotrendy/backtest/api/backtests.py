"""Answer ``POST /v1/backtests``, ``GET /v1/backtests`` and ``GET /v1/backtests/{id}``.

A backtest is a sweep of one run: it goes the same way, and its id is one of a sweep too.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, Field

from algotrendy.backtest.admission import admit
from algotrendy.backtest.api.access import (
    CAPABILITY,
    DEPRECATED,
    NEXT_BEFORE,
    NEXT_CURSOR,
    Asked,
    Bars,
    Before,
    Cursor,
    Results,
    UseCases,
    Viewer,
    next_cursor,
    older_than,
)
from algotrendy.backtest.api.sweeps import Links, links_of
from algotrendy.backtest.lifecycle import StudyStatus, Sweep
from algotrendy.backtest.request import AskedTerms, CalendarName, Number, SweepSpec, parse_spec
from algotrendy.backtest.studies import LIST_LIMIT
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.ids import SweepId, parse_sweep_id, parse_uuid7
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.quality.policy import GapPolicy
from algotrendy.market_data.series import Adjustment
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


class BacktestIn(AskedTerms):
    """One run of a strategy: on one symbol, or on several that it trades together.

    A parameter that is not named keeps its default.
    """

    strategy: str
    symbol: str | None = Field(default=None, description="Either it, or symbols.")
    symbols: tuple[str, ...] = Field(
        default=(), max_length=50, description="For a strategy of several assets."
    )
    start: date
    end: date
    parameters: dict[str, Number] = Field(default={}, max_length=10)
    adjustment: Adjustment = "all"
    as_of: AwareDatetime | None = Field(
        default=None,
        description="Bars and corporate actions as they were recorded by this moment; null: all.",
    )
    gaps: GapPolicy = Field(
        default=GapPolicy.KEEP,
        description="Of bars that are missing by the exchange's calendar: keep the gap; fill it "
        "with bars that nothing is dealt on, which needs a participation; or refuse.",
    )
    timeframe: Timeframe | None = Field(
        default=None, description="The store's, or a longer one that is made of its bars."
    )
    calendar: CalendarName = "none"


class BacktestOut(BaseModel):
    """A backtest and what became of it."""

    id: str
    status: StudyStatus
    strategy: str
    symbol: str = Field(description="Several, with blanks between them, were traded together.")
    parameters: dict[str, Any] | None = Field(
        description="Every value, defaults included; null until it succeeds."
    )
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    statistics: dict[str, Any] | None = Field(description="Null until it succeeds.")
    benchmark: dict[str, Any] | None = Field(description="The same figures of buying and holding.")
    winner: dict[str, Any] | None = Field(
        description="Deflated by all trials on these data; as in the summary of a sweep."
    )
    verdict: dict[str, Any] | None = Field(description="The gate's, check by check.")
    links: Links
    error: str | None


class BacktestsOut(BaseModel):
    """Backtests of the caller's tenant, newest first."""

    backtests: list[BacktestOut]
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    next_before: str | None = Field(description=NEXT_BEFORE, json_schema_extra=DEPRECATED)


router = APIRouter(prefix="/v1/backtests", tags=[CAPABILITY])


@router.post(
    "",
    status_code=202,
    responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def start_backtest(
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
    cursor: Cursor = None,
    before: Before = None,
) -> BacktestsOut:
    """List the backtests of the caller's tenant, newest first."""
    after = older_than("backtests", cursor, before, parse_sweep_id)
    page = use_cases.backtests(principal.tenant, limit, after)
    return BacktestsOut(
        backtests=[_shown(sweep, blobs) for sweep in page.studies],
        next_cursor=next_cursor("backtests", page.next_before),
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
    symbols = list(body.symbols) if body.symbol is None else [body.symbol]
    if not symbols or (body.symbol is not None and body.symbols):
        raise Invalid("symbol", "given, or symbols instead", body.symbol)
    asked = body.model_dump(exclude={"symbol", "parameters"})
    values = {name: [value] for name, value in body.parameters.items()}
    more: dict[str, Any] = {
        "symbols": symbols,
        "together": bool(body.symbols),
        "parameters": values,
        "max_runs": 1,
    }
    try:
        spec = parse_spec({**asked, **more})
        admit(spec, bars)
    except Invalid as error:
        if body.symbol is None or not error.field.startswith(("symbols", "together")):
            raise
        if error.field == "together":
            expected = f"left out, and symbols given: {body.strategy} trades several at once"
            raise Invalid("symbol", expected, body.symbol) from error
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
        symbol=" ".join(sweep.spec.symbols),
        parameters=best.get("parameters"),
        requested_by=sweep.requested_by,
        requested_at=sweep.requested_at,
        updated_at=sweep.updated_at,
        statistics=best.get("statistics"),
        benchmark=summary.get("benchmark"),
        winner=summary.get("winner"),
        verdict=summary.get("verdict"),
        links=links_of(sweep, blobs),
        error=sweep.error,
    )
