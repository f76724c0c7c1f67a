"""Answer ``/v1/sweeps`` and ``/v1/sweeps/{id}``: ask for a sweep, look at it, call it off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from algotrendy.backtest.admission import admit
from algotrendy.backtest.api.access import (
    CAPABILITY,
    DEPRECATED,
    LINKS_LAST_S,
    NEXT_BEFORE,
    NEXT_CURSOR,
    Asked,
    Bars,
    Before,
    Cursor,
    Publish,
    Researcher,
    Results,
    Runner,
    UseCases,
    Viewer,
    next_cursor,
    older_than,
)
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import StudyStatus, Sweep
from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.studies import LIST_LIMIT, parts_done
from algotrendy.identity.idempotent import idempotent
from algotrendy.kernel.ids import parse_sweep_id
from algotrendy.platform.blobs import Blobs

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
    status: StudyStatus
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
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    next_before: str | None = Field(description=NEXT_BEFORE, json_schema_extra=DEPRECATED)


router = APIRouter(prefix="/v1/sweeps", tags=[CAPABILITY])


@router.post(
    "",
    status_code=202,
    responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def start_sweep(
    spec: Annotated[SweepSpec, Body(examples=[_EXAMPLE])],
    asked: Asked,
    use_cases: UseCases,
    blobs: Results,
    bars: Bars,
) -> SweepOut:
    """Ask for a sweep; it runs on its own. ``GET`` its Location to see how far it is."""
    admit(spec, bars)
    sweep = asked.accepted(use_cases, spec, router.prefix)
    return _shown(sweep, blobs)


@router.get("")
def list_sweeps(
    principal: Viewer,
    use_cases: UseCases,
    blobs: Results,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 20,
    cursor: Cursor = None,
    before: Before = None,
) -> SweepsOut:
    """List the sweeps of the caller's tenant, newest first."""
    after = older_than("sweeps", cursor, before, parse_sweep_id)
    page = use_cases.newest(principal.tenant, limit, after)
    return SweepsOut(
        sweeps=[_shown(sweep, blobs) for sweep in page.studies],
        next_cursor=next_cursor("sweeps", page.next_before),
        next_before=None if page.next_before is None else str(page.next_before),
    )


@router.get("/{sweep_id}")
def get_sweep(sweep_id: str, principal: Viewer, use_cases: UseCases, blobs: Results) -> SweepOut:
    """Tell how far a sweep is, or what came of it, with links to its table and report."""
    return _shown(use_cases.get(principal.tenant, parse_sweep_id(sweep_id)), blobs)


@router.post("/{sweep_id}/cancel")
@idempotent()
def cancel_sweep(
    sweep_id: str,
    principal: Researcher,
    use_cases: UseCases,
    blobs: Results,
    runner: Runner,
    publish: Publish,
) -> SweepOut:
    """Call a sweep off. Called off again it stays so; one that ended before is a conflict."""
    cancelled = use_cases.cancel(
        principal.tenant, parse_sweep_id(sweep_id), runner, principal.subject
    )
    publish()
    return _shown(cancelled, blobs)


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
        links=links_of(sweep, blobs),
        summary=sweep.summary,
        error=sweep.error,
    )


def _progress(sweep: Sweep, blobs: Blobs) -> Progress:
    match sweep.status:
        case StudyStatus.SUCCEEDED:
            done = sweep.shards or 0
        case StudyStatus.REQUESTED:
            done = 0
        case StudyStatus.RUNNING | StudyStatus.FAILED | StudyStatus.CANCELLED:
            done = parts_done(sweep.id, blobs)
    return Progress(shards=sweep.shards, shards_done=done, runs=sweep.runs)


def links_of(sweep: Sweep, blobs: Blobs) -> Links:
    """Sign the addresses of what a sweep that succeeded wrote."""
    if sweep.status is not StudyStatus.SUCCEEDED:
        return Links(results=None, report=None)
    keys = Keys(sweep.id)
    return Links(
        results=blobs.url(keys.table, LINKS_LAST_S), report=blobs.url(keys.report, LINKS_LAST_S)
    )
