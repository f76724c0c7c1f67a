"""Answer ``/v1/walk-forwards``: ask for a walk forward, look at it and its curve, call it off.

Those that `algotrendy backtest walk-forward` ran on its own machine are kept here too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from algotrendy.backtest.admission import admit_walk
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
    Viewer,
    WalkRunner,
    Walks,
    next_cursor,
    older_than,
)
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import StudyStatus, WalkStudy
from algotrendy.backtest.studies import LIST_LIMIT, parts_done
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.identity.idempotent import idempotent
from algotrendy.kernel.ids import WalkForwardId, parse_walk_forward_id
from algotrendy.platform.blobs import Blobs

_EXAMPLE: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAPL"],
    "start": "2000-03-01",
    "end": "2013-03-01",
    "parameters": {
        "fast": {"start": "5", "stop": "50", "step": "5"},
        "slow": ["100", "150", "200"],
    },
    "windows": {"in_sample": "3y", "out_of_sample": "1y", "embargo": "1w"},
    "fee_bps": "10",
}


class WalkProgress(BaseModel):
    """How far a walk forward is; ``windows`` is null until it is planned."""

    windows: int | None
    windows_done: int


class WalkLinks(BaseModel):
    """Addresses that need no token and last an hour at most.

    Null until the walk forward succeeds, and of one that was run elsewhere.
    """

    outcome: str | None = Field(description="All that came of it, JSON.")
    report: str | None = Field(description="The report, one HTML file.")


class WalkForwardOut(BaseModel):
    """A walk forward in short; figures are null until it succeeds."""

    id: str
    status: StudyStatus
    strategy: str
    symbols: list[str]
    requested_by: str
    made_at: datetime = Field(description="When it was asked for, or kept.")
    updated_at: datetime
    attempt: int = Field(description="Of its workflow; 0 where it was run elsewhere, and kept.")
    progress: WalkProgress
    error: str | None
    trials: int | None = Field(description="Combinations tried, those of each window.")
    trials_on_these_data: int | None = Field(description="All that the tenant ever tried on them.")
    efficiency: float | None = Field(description="Share of the gain in sample that was left.")
    sharpe: float | None = Field(description="Out of sample, annualised.")
    deflated_sharpe: float | None
    passed: bool | None = Field(description="Whether the gate lets it through.")
    verdict: str | None = Field(description="What the gate says, as a sentence.")


class WalkForwardWhole(WalkForwardOut):
    """All that came of a walk forward but its curve."""

    links: WalkLinks
    summary: dict[str, Any] | None = Field(
        description="Windows with what was chosen, stability, statistics, every check of the gate."
    )


class WalkForwardsOut(BaseModel):
    """Walk-forwards of the caller's tenant, newest first."""

    walk_forwards: list[WalkForwardOut]
    next_cursor: str | None = Field(description=NEXT_CURSOR)
    next_before: str | None = Field(description=NEXT_BEFORE, json_schema_extra=DEPRECATED)


class CurveOut(BaseModel):
    """What 1 became out of sample, window after window."""

    time: list[int] = Field(description="Ends of the bars, nanoseconds since 1970 UTC.")
    wealth: list[float]


router = APIRouter(prefix="/v1/walk-forwards", tags=[CAPABILITY])


@router.post(
    "",
    status_code=202,
    responses={202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def start_walk_forward(
    spec: Annotated[WalkForwardSpec, Body(examples=[_EXAMPLE])],
    asked: Asked,
    use_cases: Walks,
    blobs: Results,
    bars: Bars,
) -> WalkForwardWhole:
    """Ask for a walk forward; it runs on its own. ``GET`` its Location to see how far it is."""
    admit_walk(spec, bars)
    walk = asked.accepted(use_cases, spec, router.prefix)
    return _whole(walk, blobs)


@router.get("")
def list_walk_forwards(
    principal: Viewer,
    use_cases: Walks,
    blobs: Results,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 20,
    cursor: Cursor = None,
    before: Before = None,
) -> WalkForwardsOut:
    """List the walk-forwards of the caller's tenant, newest first."""
    after = older_than(
        "walk-forwards", cursor, before, lambda text: parse_walk_forward_id(text, "before")
    )
    page = use_cases.newest(principal.tenant, limit, after)
    return WalkForwardsOut(
        walk_forwards=[WalkForwardOut(**_shown(walk, blobs)) for walk in page.studies],
        next_cursor=next_cursor("walk-forwards", page.next_before),
        next_before=None if page.next_before is None else str(page.next_before),
    )


@router.get("/{walk_forward_id}")
def get_walk_forward(
    walk_forward_id: str, principal: Viewer, use_cases: Walks, blobs: Results
) -> WalkForwardWhole:
    """Tell how far a walk forward is, or what came of it, with links to outcome and report."""
    return _whole(use_cases.get(principal.tenant, parse_walk_forward_id(walk_forward_id)), blobs)


@router.get("/{walk_forward_id}/curve")
def get_walk_forward_curve(walk_forward_id: str, principal: Viewer, use_cases: Walks) -> CurveOut:
    """Give the curve of a walk forward out of sample; of one that has none a conflict."""
    walk_id = parse_walk_forward_id(walk_forward_id)
    return CurveOut(**use_cases.curve(principal.tenant, walk_id))


@router.post("/{walk_forward_id}/cancel")
@idempotent()
def cancel_walk_forward(
    walk_forward_id: str,
    principal: Researcher,
    use_cases: Walks,
    blobs: Results,
    runner: WalkRunner,
    publish: Publish,
) -> WalkForwardWhole:
    """Call a walk forward off. Again, it stays so; one that ended before is a conflict."""
    walk_id = parse_walk_forward_id(walk_forward_id)
    cancelled = use_cases.cancel(principal.tenant, walk_id, runner, principal.subject)
    publish()
    return _whole(cancelled, blobs)


def _whole(walk: WalkStudy, blobs: Blobs) -> WalkForwardWhole:
    return WalkForwardWhole(
        **_shown(walk, blobs),
        links=_links(walk, blobs),
        summary=walk.summary and dict(walk.summary),
    )


def _shown(walk: WalkStudy, blobs: Blobs) -> dict[str, Any]:
    summary: dict[str, Any] = walk.summary or {}
    statistics, verdict = summary.get("statistics", {}), summary.get("verdict", {})
    return {
        "id": str(walk.id),
        "status": walk.status,
        "strategy": walk.spec.strategy,
        "symbols": list(walk.spec.symbols),
        "requested_by": walk.requested_by,
        "made_at": walk.requested_at,
        "updated_at": walk.updated_at,
        "attempt": walk.attempt,
        "progress": _progress(walk, blobs),
        "error": walk.error,
        "trials": summary.get("trials"),
        "trials_on_these_data": summary.get("trials_on_these_data"),
        "efficiency": summary.get("efficiency"),
        "sharpe": statistics.get("sharpe"),
        "deflated_sharpe": statistics.get("deflated_sharpe"),
        "passed": verdict.get("passed"),
        "verdict": verdict.get("text"),
    }


def _progress(walk: WalkStudy, blobs: Blobs) -> WalkProgress:
    match walk.status:
        case StudyStatus.SUCCEEDED:
            summary: dict[str, Any] = walk.summary or {}
            windows = len(summary["windows"])
            return WalkProgress(windows=windows, windows_done=windows)
        case StudyStatus.REQUESTED:
            return WalkProgress(windows=None, windows_done=0)
        case StudyStatus.RUNNING | StudyStatus.FAILED | StudyStatus.CANCELLED:
            return WalkProgress(windows=walk.windows, windows_done=parts_done(walk.id, blobs))


def _links(walk: WalkStudy, blobs: Blobs) -> WalkLinks:
    if walk.status is not StudyStatus.SUCCEEDED or walk.is_kept:
        return WalkLinks(outcome=None, report=None)
    keys = Keys(walk.id)
    return WalkLinks(
        outcome=blobs.url(keys.outcome, LINKS_LAST_S), report=blobs.url(keys.report, LINKS_LAST_S)
    )


def _id_before(text: str) -> WalkForwardId:
    return parse_walk_forward_id(text, "before")
