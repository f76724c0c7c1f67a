"""Answer ``GET /v1/gate``: what a strategy has to reach before it is promoted."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from algotrendy.backtest.api.access import CAPABILITY, Viewer
from algotrendy.backtest.gate import Bound, Evidence, Unit, judge


class CheckOut(BaseModel):
    """One figure and its threshold."""

    name: str
    figure: str
    bound: Bound
    unit: Unit
    needed: float | None = Field(
        description="Null where the candidate's own returns decide it: the length of the record."
    )
    is_required: bool = Field(description="Whether the figure must be shown; others need not be.")


class GateOut(BaseModel):
    """All checks, in the order in which a verdict tells them."""

    checks: list[CheckOut]


router = APIRouter(prefix="/v1/gate", tags=[CAPABILITY])


@router.get("")
def get_gate(_principal: Viewer) -> GateOut:
    """Tell the checks of the gate, and their thresholds."""
    return GateOut(
        checks=[
            CheckOut(
                name=check.name,
                figure=check.figure.words,
                bound=check.figure.bound,
                unit=check.figure.unit,
                needed=check.needed,
                is_required=check.is_required,
            )
            for check in judge(Evidence()).checks
        ]
    )
