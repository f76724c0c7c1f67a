"""A small finished sweep, as its report gets it."""

from __future__ import annotations

from dataclasses import replace

from algotrendy.backtest.counting import entry_of_sweep
from algotrendy.backtest.executors import InProcess
from algotrendy.backtest.outputs.terms_in_words import of_setting
from algotrendy.backtest.plan import dataset_of_plan, plan_sweep
from algotrendy.backtest.reduce import RANKED_BY, best_of, collect
from algotrendy.backtest.report import Curve, ReportInput
from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.rows import backtest_of, run_one
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.winner import judged
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from fakes.memory_blobs import MemoryBlobs
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec


def finished_sweep(spec: SweepSpec | None = None, source: str | None = None) -> ReportInput:
    """Run a sweep; ``source`` takes the place of what the store says its bars come from."""
    blobs, bars = MemoryBlobs(), some_bars()
    plan = plan_sweep(SWEEP_ID, spec or some_spec(), blobs, bars)
    InProcess(blobs, bars, "interpreted").execute(SWEEP_ID, plan)
    rows = collect(SWEEP_ID, plan, blobs)
    if source is not None:
        plan = replace(plan, data=tuple(replace(pin, source=source) for pin in plan.data))
    best = best_of(rows)
    number = int(best[0] or 0)
    dataset = dataset_of_plan(plan, plan.market(number), bars)
    values = plan.run(number).values
    own = backtest_of(dataset, plan.strategy, values, plan.terms, "interpreted")
    held = backtest_of(dataset, BUY_AND_HOLD, (), plan.terms, "interpreted")
    return ReportInput(
        sweep_id=str(SWEEP_ID),
        plan=plan,
        columns=STATISTICS,
        rows=rows,
        best=best,
        benchmark=run_one(dataset, BUY_AND_HOLD, (), plan.terms, 0, "interpreted"),
        curve=Curve(own.time.tolist(), own.equity.tolist(), held.equity.tolist()),
        ranked_by=RANKED_BY,
        winner=judged(plan, own, entry_of_sweep(plan, rows), "interpreted"),
        agreed=of_setting(own.setting),
    )
