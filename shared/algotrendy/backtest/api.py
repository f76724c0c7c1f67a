"""Answer ``POST /v1/sweeps``, ``GET /v1/sweeps`` and ``GET /v1/sweeps/{id}``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Response
from pydantic import BaseModel, Field

from algotrendy.backtest import wiring
from algotrendy.backtest.admission import admit
from algotrendy.backtest.lifecycle import Sweep, SweepStatus
from algotrendy.backtest.plan import Keys
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.backtest.sweeps import LIST_LIMIT, Sweeps, shards_done
from algotrendy.identity.api import require
from algotrendy.identity.principal import Principal, Role
from algotrendy.kernel.ids import parse_sweep_id
from algotrendy.market_data import wiring as bars_wiring
from algotrendy.market_data.ports import BarStore
from algotrendy.platform.blobs import Blobs
from algotrendy.platform.http import create_app
from algotrendy.platform.telemetry import correlation_id

CAPABILITY = "backtest"
LINKS_LAST_S = 3600
POLL_AFTER_S = 1

_EXAMPLE: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAPL", "MSFT"],
    "start": "2000-03-01",
    "end": "2013-03-01",
    "parameters": {
        "fast": {"start": "5", "stop": "50", "step": "5"},
        "slow": ["100", "150", "200"],
    },
    "cash": "100000",
    "fee_bps": "10",
    "seed": 7,
}


class Progress(BaseModel):
    """How far a sweep is; totals are null until it is planned."""

    shards: int | None
    shards_done: int
    runs: int | None


class Links(BaseModel):
    """Addresses that need no token and last an hour at most; null until the sweep succeeds."""

    results: str | None = Field(description="The table of all runs, CSV.")
    report: str | None = Field(description="The report, one HTML file.")


class SweepOut(BaseModel):
    """A sweep and what became of it."""

    id: str
    status: SweepStatus
    strategy: str
    symbols: list[str]
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    attempt: int
    progress: Progress
    links: Links
    summary: dict[str, Any] | None = Field(description="Best run, benchmark, hashes; at the end.")
    error: str | None


class SweepsOut(BaseModel):
    """Sweeps of the caller's tenant, newest first."""

    sweeps: list[SweepOut]
    next_before: str | None = Field(description="Ask for the next page with it; null at the end.")


def sweeps() -> Sweeps:
    """Give the use cases of this deployment; a test overrides this dependency."""
    return wiring.sweeps()


def results() -> Blobs:
    """Give where results lie; a test overrides this dependency."""
    return wiring.results()


def publish() -> Callable[[], None]:
    """Give what publishes events that were committed; a test overrides this dependency."""
    return wiring.publish_committed


def bar_store() -> BarStore:
    """Give the bars of this deployment; a test overrides this dependency."""
    return bars_wiring.bar_store()


UseCases = Annotated[Sweeps, Depends(sweeps)]
Results = Annotated[Blobs, Depends(results)]
Bars = Annotated[BarStore, Depends(bar_store)]
Publish = Annotated[Callable[[], None], Depends(publish)]
Viewer = Annotated[Principal, Depends(require(Role.VIEWER))]
Researcher = Annotated[Principal, Depends(require(Role.RESEARCHER))]
IdempotencyKey = Annotated[
    str,
    Header(
        description="Yours, unique for this request: sent again with it, the same sweep comes "
        "back and nothing is run twice.",
        min_length=1,
        max_length=128,
        examples=["sma-aapl-2026-11-22"],
    ),
]

router = APIRouter(prefix="/v1/sweeps", tags=[CAPABILITY])


@router.post(
    "",
    status_code=202,
    responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def post_sweep(
    spec: Annotated[SweepSpec, Body(examples=[_EXAMPLE])],
    principal: Researcher,
    use_cases: UseCases,
    blobs: Results,
    bars: Bars,
    publish: Publish,
    response: Response,
    idempotency_key: IdempotencyKey,
) -> SweepOut:
    """Ask for a sweep; it runs on its own. ``GET`` its Location to see how far it is."""
    admit(spec, bars.symbols())
    sweep = use_cases.request(
        spec,
        tenant=principal.tenant,
        requested_by=principal.subject,
        idempotency_key=idempotency_key,
        correlation_id=correlation_id(),
    )
    publish()
    response.headers["location"] = f"/v1/sweeps/{sweep.id}"
    response.headers["retry-after"] = str(POLL_AFTER_S)
    return _shown(sweep, blobs)


@router.get("")
def list_sweeps(
    principal: Viewer,
    use_cases: UseCases,
    blobs: Results,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 20,
    before: Annotated[str | None, Query(description="From next_before of the last page.")] = None,
) -> SweepsOut:
    """List the sweeps of the caller's tenant, newest first."""
    older_than = None if before is None else parse_sweep_id(before)
    page = use_cases.newest(principal.tenant, limit, older_than)
    return SweepsOut(
        sweeps=[_shown(sweep, blobs) for sweep in page.sweeps],
        next_before=None if page.next_before is None else str(page.next_before),
    )


@router.get("/{sweep_id}")
def get_sweep(sweep_id: str, principal: Viewer, use_cases: UseCases, blobs: Results) -> SweepOut:
    """Tell how far a sweep is, or what came of it, with links to its table and report."""
    return _shown(use_cases.get(principal.tenant, parse_sweep_id(sweep_id)), blobs)


def create_api() -> FastAPI:
    """Make the app of backtesting."""
    app = create_app(
        "AlgoTrendy backtesting",
        CAPABILITY,
        {"database": wiring.check_database, "results": wiring.check_results},
    )
    app.include_router(router)
    return app


def _shown(sweep: Sweep, blobs: Blobs) -> SweepOut:
    return SweepOut(
        id=str(sweep.id),
        status=sweep.status,
        strategy=sweep.spec.strategy,
        symbols=list(sweep.spec.symbols),
        requested_by=sweep.requested_by,
        requested_at=sweep.requested_at,
        updated_at=sweep.updated_at,
        attempt=sweep.attempt,
        progress=_progress(sweep, blobs),
        links=_links(sweep, blobs),
        summary=sweep.summary,
        error=sweep.error,
    )


def _progress(sweep: Sweep, blobs: Blobs) -> Progress:
    match sweep.status:
        case SweepStatus.SUCCEEDED:
            done = sweep.shards or 0
        case SweepStatus.REQUESTED:
            done = 0
        case SweepStatus.RUNNING | SweepStatus.FAILED:
            done = shards_done(sweep.id, blobs)
    return Progress(shards=sweep.shards, shards_done=done, runs=sweep.runs)


def _links(sweep: Sweep, blobs: Blobs) -> Links:
    if sweep.status is not SweepStatus.SUCCEEDED:
        return Links(results=None, report=None)
    keys = Keys(sweep.id)
    return Links(
        results=blobs.url(keys.table, LINKS_LAST_S), report=blobs.url(keys.report, LINKS_LAST_S)
    )
