"""Runs of strategies to begin a test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from algotrendy.backtest.engine.step_records import (
    AccountSeen,
    BarSeen,
    Decision,
    FillSeen,
    OrderSeen,
    StepInputs,
)
from algotrendy.backtest.engine.terms import Terms
from algotrendy.kernel.ids import AccountId, CorrelationId, TenantId, uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.live.runs import Run, RunId
from algotrendy.live.steps import Fate, LiveStep, Outcome
from algotrendy.live.versions import Code, Content
from fakes.order_counter import NOON

DAY_NS = 86_400_000_000_000
CONTENT = Content(
    code=Code.of_library("sma_cross"),
    parameters={"fast": 2, "slow": 3},
    symbols=(Symbol("AAPL"),),
    terms=Terms(fee_bps=0.0),
)


def run_id(number: int = 1) -> RunId:
    return RunId(uuid7(NOON + timedelta(milliseconds=number), bytes))


def a_run(number: int = 1, **changes: Any) -> Run:
    """Give a run that was told nothing yet."""
    run = Run(
        id=run_id(number),
        tenant=TenantId("demo"),
        name="trend",
        version=3,
        content=CONTENT,
        account=AccountId("paper/trend"),
        stage="paper",
        capital=Decimal(10_000),
        started_at=NOON,
        started_by="ada",
        correlation_id=CorrelationId("c1"),
        origin=0,
        trades_after=0,
        changed_at=NOON,
    )
    return replace(run, **changes)


def bar(day: int, close: float, asset: int = 0) -> BarSeen:
    """Give a bar of a day, known when the day is over."""
    begin = day * DAY_NS
    return BarSeen(asset, begin, begin + DAY_NS, close, close + 1, close - 1, close, 1e6)


def inputs(step: int, close: float = 100.0, **changes: Any) -> StepInputs:
    account = AccountSeen(
        cash=0.1 + 0.2,
        positions=(1 / 3,),
        entry_prices=(1e-300,),
        fills=(FillSeen(1, 0, -2.5, 101.1, 0.01),),
        orders=(OrderSeen(2, 0.0, "open"),),
    )
    given: dict[str, Any] = {
        "step": step,
        "now": (step + 1) * DAY_NS,
        "bars": (bar(step, close),),
        "account": account,
        "due": 5,
        "sends": True,
    }
    return StepInputs(**(given | changes))


DECISION = Decision(1, "place", 7, 0, 1, 0, 12.5, 0.0, 0.0, 0.0, 0.0, 0, 0, 0)


def a_step(step: int, number: int = 1) -> LiveStep:
    told = inputs(step)
    breaches = ({"limit": "buying_power", "allowed": "1", "actual": "2"},)
    return LiveStep(
        run_id=run_id(number),
        step=step,
        bar_at=told.now,
        decided_at=NOON,
        lake_version=4,
        inputs=told,
        decisions=(DECISION,),
        outcomes=(Outcome(number=1, fate=Fate.REFUSED, reason="too much", breaches=breaches),),
        state='{"a":1}',
        digest="d" * 64,
        equity=10_000.25,
    )
