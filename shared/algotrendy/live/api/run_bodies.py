"""Say what requests about runs may say, and what they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from algotrendy.live.commands import Start
from algotrendy.live.runs import Run, Wanted
from algotrendy.live.steps import LiveStep
from algotrendy.live.versions import parse_name
from algotrendy.trading.api.access import whole_account_of
from algotrendy.trading.api.values import Body, DecimalIn, DecimalOut, example

START_EXAMPLES: Any = {
    "paper": example({"name": "apple-cross", "version": 1, "account": "paper", "capital": "10000"}),
}
STATE_EXAMPLES: Any = {"pause": example({"state": "paused", "reason": "the Fed speaks at two"})}
_WANTED = {
    "running": Wanted.RUNNING,
    "paused": Wanted.PAUSED,
    "stopped": Wanted.STOPPING,
    "flattened": Wanted.FLATTENING,
}
_STANDS = (
    "running, paused, stopping, flattening, stopped; or waiting, late, stale, failed, timed-out, "
    "overflowing"
)


class StartIn(Body):
    """A version that is to run."""

    name: str = Field(max_length=63, description="Of the registered strategy.")
    version: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        None, description="The newest where it is left out."
    )
    account: str = Field(description="The whole account; the run gets a part of it.")
    capital: DecimalIn | None = Field(
        None, description="Cash of the part; left out, what the part has from an earlier run."
    )
    patience_s: Annotated[int, Field(ge=1, le=7 * 86_400)] | None = Field(
        None,
        description="Seconds after its close within which a bar must come; left out, nobody "
        "watches the clock, as in a replay of the past.",
    )
    trades_after: datetime | None = Field(
        None, description="Bars known by then belong to the warm-up; now where it is left out."
    )

    def wish(self) -> Start:
        """Give it as the rest of the platform says it."""
        return Start(
            name=parse_name(self.name),
            version=self.version,
            account=whole_account_of(self.account),
            capital=self.capital,
            patience_s=self.patience_s,
            trades_after=self.trades_after,
        )


class RunStateIn(Body):
    """What is wanted of a run."""

    state: Literal["running", "paused", "stopped", "flattened"] = Field(
        description="`paused`: decides on, sends nothing, open orders stay; `running`: goes on; "
        "`stopped`: open orders are cancelled, positions stay; `flattened`: and positions sold."
    )
    reason: str = Field("", max_length=500, description="Kept in the audit.")

    @property
    def wanted(self) -> Wanted:
        """Give it as the rest of the platform says it."""
        return _WANTED[self.state]


class RunOut(BaseModel):
    """A run of a registered strategy."""

    id: str
    name: str
    version: int
    account: str = Field(description="The part that it trades.")
    stage: str
    state: str = Field(description=_STANDS)
    reason: str
    symbols: list[str]
    timeframe: str
    capital: DecimalOut
    patience_s: int | None
    steps: int = Field(description="Done so far, the warm-up with them.")
    bar_at: datetime | None = Field(description="When the bars of the last step were known.")
    started_at: datetime
    started_by: str
    changed_at: datetime | None


class RunsOut(BaseModel):
    """Runs, newest first."""

    runs: list[RunOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


class DecisionOut(BaseModel):
    """What a strategy asked for, and what became of it."""

    number: int
    kind: str
    symbol: str
    side: Literal["buy", "sell"]
    units: float
    fate: str = Field(
        description="`admitted`, `refused`, `impossible`, `cancelling`, `joined`, `idle`, "
        "`shadowed`."
    )
    order_id: str | None
    client_order_id: str | None
    reason: str
    breaches: list[dict[str, Any]] = Field(description="The limits that spoke against it.")


class StepOut(BaseModel):
    """A step of a run."""

    step: int
    bar_at: datetime
    decided_at: datetime
    sends: bool = Field(description="False in the warm-up, in a pause, and when bars came late.")
    equity: float = Field(description="Of the part at the closes of the step.")
    lake_version: int
    digest: str = Field(description="SHA-256 of the strategy's state after it.")
    decisions: list[DecisionOut]


class StepsOut(BaseModel):
    """Steps, newest first."""

    steps: list[StepOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


class PointOut(BaseModel):
    """What a run was worth at a step."""

    at: datetime
    equity: float


class ProfitOut(BaseModel):
    """What a run has earned."""

    run_id: str
    capital: DecimalOut
    equity: float | None = Field(description="At the last step; null before the first.")
    profit: float | None = Field(description="Equity less capital.")
    points: list[PointOut] = Field(description="The newest thousand steps, oldest first.")


def run_out(run: Run) -> RunOut:
    """Show a run."""
    return RunOut(
        id=str(run.id),
        name=run.name,
        version=run.version,
        account=run.account,
        stage=run.stage,
        state=run.state,
        reason=run.reason,
        symbols=list(run.content.symbols),
        timeframe=run.content.timeframe.value,
        capital=run.capital,
        patience_s=run.patience_s,
        steps=run.step + 1,
        bar_at=_moment(run.bar_at) if run.bar_at else None,
        started_at=run.started_at,
        started_by=run.started_by,
        changed_at=run.changed_at,
    )


def step_out(run: Run, step: LiveStep) -> StepOut:
    """Show a step."""
    outcomes = {each.number: each for each in step.outcomes}
    decisions = []
    for decision in step.decisions:
        outcome = outcomes.get(decision.number)
        decisions.append(
            DecisionOut(
                number=decision.number,
                kind=decision.kind,
                symbol=run.content.symbols[decision.asset],
                side="buy" if decision.side > 0 else "sell",
                units=decision.units,
                fate="" if outcome is None else outcome.fate.value,
                order_id=None if outcome is None or not outcome.order_id else str(outcome.order_id),
                client_order_id=None if outcome is None else outcome.client_order_id or None,
                reason="" if outcome is None else outcome.reason,
                breaches=[] if outcome is None else [dict(each) for each in outcome.breaches],
            )
        )
    return StepOut(
        step=step.step,
        bar_at=_moment(step.bar_at),
        decided_at=step.decided_at,
        sends=step.inputs.sends,
        equity=step.equity,
        lake_version=step.lake_version,
        digest=step.digest,
        decisions=decisions,
    )


def profit_out(run: Run, steps: Sequence[LiveStep]) -> ProfitOut:
    """Show what a run has earned, by its steps, newest first."""
    equity = steps[0].equity if steps else None
    return ProfitOut(
        run_id=str(run.id),
        capital=run.capital,
        equity=equity,
        profit=None if equity is None else equity - float(run.capital),
        points=[PointOut(at=_moment(each.bar_at), equity=each.equity) for each in steps[::-1]],
    )


def _moment(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC)
