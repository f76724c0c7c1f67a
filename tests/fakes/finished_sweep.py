"""A small finished sweep, as its report gets it."""

from __future__ import annotations

from dataclasses import replace

from algotrendy.backtest.executors import InProcess
from algotrendy.backtest.plan import plan_sweep
from algotrendy.backtest.reduce import RANKED_BY, best_of, collect
from algotrendy.backtest.report import Curve, ReportInput
from algotrendy.backtest.rows import backtest_of, dataset_of, run_one
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.kernel.instrument import Symbol
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from fakes.memory_blobs import MemoryBlobs
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec


def finished_sweep(spec: SweepSpec | None = None, source: str | None = None) -> ReportInput:
    """Run a sweep; ``source`` takes the place of what the store says its bars come from."""
    blobs, bars = MemoryBlobs(), some_bars()
    plan = plan_sweep(SWEEP_ID, spec or some_spec(), blobs, bars)
    InProcess(blobs, bars).execute(SWEEP_ID, plan)
    rows = collect(SWEEP_ID, plan, blobs)
    if source is not None:
        plan = replace(plan, data=tuple(replace(pin, source=source) for pin in plan.data))
    best = best_of(rows)
    chosen = plan.run(int(best[0] or 0))
    series = bars.read(Symbol(chosen.symbol), adjustment="all")
    dataset = dataset_of(series)
    own = backtest_of(dataset, plan.strategy, chosen.values, plan.terms)
    held = backtest_of(dataset, BUY_AND_HOLD, (), plan.terms)
    return ReportInput(
        sweep_id=str(SWEEP_ID),
        plan=plan,
        columns=STATISTICS,
        rows=rows,
        best=best,
        benchmark=run_one(dataset, BUY_AND_HOLD, (), plan.terms, 0),
        curve=Curve(series.times, own.equity.tolist(), held.equity.tolist()),
        ranked_by=RANKED_BY,
    )
