"""Answer ``GET /v1/walk-forwards``, ``GET /v1/walk-forwards/{id}`` and its curve.

`algotrendy backtest walk-forward` runs them, and keeps them for the tenant who is signed in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from algotrendy.backtest.api.access import CAPABILITY, Viewer, Walks
from algotrendy.backtest.sweeps import LIST_LIMIT
from algotrendy.backtest.walk_forwards import DoneWalk, WalkForwardId
from algotrendy.kernel.ids import parse_uuid7


class WalkForwardOut(BaseModel):
    """A walk forward in short."""

    id: str
    strategy: str
    symbols: list[str]
    requested_by: str
    made_at: datetime
    trials: int = Field(description="Combinations tried, those of each window for themselves.")
    trials_on_these_data: int = Field(description="All that the tenant ever tried on them.")
    efficiency: float | None = Field(description="Share of the gain in sample that was left.")
    sharpe: float | None = Field(description="Out of sample, annualised.")
    deflated_sharpe: float | None
    passed: bool = Field(description="Whether the gate lets it through.")
    verdict: str = Field(description="What the gate says, as a sentence.")


class WalkForwardWhole(WalkForwardOut):
    """All that came of a walk forward but its curve."""

    summary: dict[str, Any] = Field(
        description="Windows with what was chosen, stability, statistics, every check of the gate."
    )


class WalkForwardsOut(BaseModel):
    """Walk-forwards of the caller's tenant, newest first."""

    walk_forwards: list[WalkForwardOut]
    next_before: str | None = Field(description="Ask for the next page with it; null at the end.")


class CurveOut(BaseModel):
    """What 1 became out of sample, window after window."""

    time: list[int] = Field(description="Ends of the bars, nanoseconds since 1970 UTC.")
    wealth: list[float]


router = APIRouter(prefix="/v1/walk-forwards", tags=[CAPABILITY])


@router.get("")
def list_walk_forwards(
    principal: Viewer,
    use_cases: Walks,
    limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = 20,
    before: Annotated[str | None, Query(description="From next_before of the last page.")] = None,
) -> WalkForwardsOut:
    """List the walk-forwards of the caller's tenant, newest first."""
    older_than = None if before is None else _id(before, "before")
    page = use_cases.newest(principal.tenant, limit, older_than)
    return WalkForwardsOut(
        walk_forwards=[WalkForwardOut(**_shown(walk)) for walk in page.walks],
        next_before=None if page.next_before is None else str(page.next_before),
    )


@router.get("/{walk_forward_id}")
def get_walk_forward(walk_forward_id: str, principal: Viewer, use_cases: Walks) -> WalkForwardWhole:
    """Tell what came of a walk forward."""
    return _whole(use_cases.get(principal.tenant, _id(walk_forward_id)))


@router.get("/{walk_forward_id}/curve")
def get_curve(walk_forward_id: str, principal: Viewer, use_cases: Walks) -> CurveOut:
    """Give the curve of a walk forward out of sample."""
    return CurveOut(**use_cases.curve(principal.tenant, _id(walk_forward_id)))


def _id(text: str, field: str = "walk_forward_id") -> WalkForwardId:
    return WalkForwardId(parse_uuid7(text, field))


def _whole(walk: DoneWalk) -> WalkForwardWhole:
    return WalkForwardWhole(**_shown(walk), summary=dict(walk.summary))


def _shown(walk: DoneWalk) -> dict[str, Any]:
    summary = walk.summary
    return {
        "id": str(walk.id),
        "strategy": walk.spec.strategy,
        "symbols": list(walk.spec.symbols),
        "requested_by": walk.requested_by,
        "made_at": walk.made_at,
        "trials": summary["trials"],
        "trials_on_these_data": summary["trials_on_these_data"],
        "efficiency": summary["efficiency"],
        "sharpe": summary["statistics"]["sharpe"],
        "deflated_sharpe": summary["statistics"]["deflated_sharpe"],
        "passed": summary["verdict"]["passed"],
        "verdict": summary["verdict"]["text"],
    }
