"""Bring the shards of a sweep together: one table, one best run, one report, one summary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from algotrendy.backtest.canonical import JSON, encode
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.plan import Plan, read_plan
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.shard import Cell, Row, dataset_for, read_rows, read_work
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.kernel.errors import Conflict, JsonValue, NotFound
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from algotrendy.strategy.parameters import Value

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset
    from algotrendy.backtest.engine.result import Backtest
    from algotrendy.backtest.engine.running import Wish

RANKED_BY = "sharpe"


class IncompleteSweep(Conflict):
    """Says which shards have no result, or one that is damaged; run those again."""

    code = "incomplete-sweep"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sweep came to; ``summary`` is what lies in summary.json."""

    runs: int
    summary: dict[str, JsonValue]


def reduce_sweep(sweep_id: SweepId, blobs: Blobs, bars: BarStore, mode: Wish = "auto") -> Outcome:
    """Write the table, the report and the summary of a sweep from its shards' results.

    Raises:
        IncompleteSweep: Unless every run of the plan is there exactly once.
        Conflict: If the bars are not those of the plan.
    """
    # Loads numpy and the compiler: not before there is something to compute.
    from algotrendy.backtest.counting import entry_of_sweep
    from algotrendy.backtest.outputs.terms_in_words import of_setting
    from algotrendy.backtest.report import Curve, ReportInput, render
    from algotrendy.backtest.rows import backtest_of, row_of
    from algotrendy.backtest.winner import judged

    plan = read_plan(sweep_id, blobs)
    keys = Keys(sweep_id)
    rows = collect(sweep_id, plan, blobs)
    table = to_csv(plan, rows)
    best = best_of(rows)
    dataset = _dataset(sweep_id, plan, best, blobs, bars)
    again = _rerun(plan, best, dataset, mode)
    benchmark = backtest_of(dataset, BUY_AND_HOLD, (), plan.terms, mode, plan.calendar)
    benchmark_row = row_of(benchmark, 0)
    entry = entry_of_sweep(plan, rows)
    winner = judged(plan, again, entry, mode)
    summary = _summary(sweep_id, plan, best, benchmark_row, table)
    summary["tried"] = entry.to_json()
    summary |= winner.to_json()
    page = render(
        ReportInput(
            sweep_id=str(sweep_id),
            plan=plan,
            columns=STATISTICS,
            rows=rows,
            best=best,
            benchmark=benchmark_row,
            curve=Curve(
                tuple(again.time.tolist()),
                tuple(again.equity.tolist()),
                tuple(benchmark.equity.tolist()),
            ),
            ranked_by=RANKED_BY,
            winner=winner,
            agreed=of_setting(again.setting),
        )
    )
    blobs.put(keys.table, table, "text/csv; charset=utf-8")
    blobs.put(keys.report, page, "text/html; charset=utf-8")
    blobs.put(keys.summary, encode(summary), JSON)
    return Outcome(len(rows), summary)


def collect(sweep_id: SweepId, plan: Plan, blobs: Blobs) -> list[Row]:
    """Read the rows of every shard, in order of their numbers.

    Raises:
        IncompleteSweep: If a shard's result is missing, damaged or of another plan.
    """
    keys = Keys(sweep_id)
    rows: list[Row] = []
    missing: list[int] = []
    damaged: list[int] = []
    for shard in range(plan.shards):
        try:
            data = blobs.get(keys.result(shard))
        except NotFound:
            missing.append(shard)
            continue
        found = read_rows(data, plan.sha256, plan.numbers(shard))
        if found is None:
            damaged.append(shard)
        else:
            rows += found
    if missing or damaged:
        raise IncompleteSweep(
            f"sweep {sweep_id} has {plan.shards} shards, of which {len(missing)} have no result "
            f"{_first(missing)}and {len(damaged)} have a damaged one {_first(damaged)}".rstrip(),
            missing=missing[:100],
            damaged=damaged[:100],
            shards=plan.shards,
        )
    return rows


def to_csv(plan: Plan, rows: Sequence[Row]) -> bytes:
    """Write the table: the same bytes for the same plan, whoever ran it.

    Floats are in Python's shortest form, what is undefined is empty, lines end in a line feed.
    """
    names = [parameter.name for parameter in plan.strategy.parameters]
    lines = [",".join(["run", "symbol", *names, *STATISTICS])]
    for row in rows:
        planned = plan.run(_number(row))
        cells = [str(planned.number), planned.symbol, *map(_text, planned.values)]
        lines.append(",".join([*cells, *map(_text, row[1:])]))
    return ("\n".join(lines) + "\n").encode()


def best_of(rows: Sequence[Row]) -> Row:
    """Pick the run with the highest Sharpe ratio; then return; then the lowest number.

    A run without a Sharpe ratio comes after all that have one.
    """
    ratio, gain = (1 + STATISTICS.index(name) for name in (RANKED_BY, "total_return"))

    def rank(row: Row) -> tuple[bool, float, float, int]:
        return row[ratio] is not None, row[ratio] or 0.0, row[gain] or 0.0, -_number(row)

    return max(rows, key=rank)


def read_summary(study_id: UUID, blobs: Blobs) -> dict[str, JsonValue]:
    """Read the summary of a finished study; raise NotFound for none, or one that is damaged."""
    key = Keys(study_id).summary
    try:
        found: dict[str, JsonValue] = json.loads(blobs.get(key))
    except ValueError as error:
        raise NotFound("readable summary", key) from error
    return found


def _dataset(sweep_id: SweepId, plan: Plan, best: Row, blobs: Blobs, bars: BarStore) -> Dataset:
    """Give the bars that the best run was made on, as its shard had them."""
    number = _number(best)
    work = read_work(sweep_id, plan.shard(number), blobs)
    return dataset_for(sweep_id, work, plan.market(number).name, blobs, bars)


def _rerun(plan: Plan, best: Row, dataset: Dataset, mode: Wish) -> Backtest:
    from algotrendy.backtest.rows import backtest_of, row_of

    planned = plan.run(_number(best))
    again = backtest_of(
        dataset, plan.strategy, planned.values, plan.terms, mode, plan.calendar, planned.number
    )
    if (row := row_of(again, planned.number)) != best:
        raise IncompleteSweep(
            f"run {planned.number} gave another result when it was run again",
            run=planned.number,
            stored=list(best),
            again=list(row),
        )
    return again


def _summary(
    sweep_id: SweepId, plan: Plan, best: Row, benchmark: Row, table: bytes
) -> dict[str, Any]:
    keys, planned = Keys(sweep_id), plan.run(_number(best))
    named: dict[str, Value] = plan.named(planned.values)
    return {
        "sweep_id": str(sweep_id),
        "strategy": plan.spec.strategy,
        "runs": plan.runs,
        "shards": plan.shards,
        "grid": plan.grid,
        "excluded": plan.excluded,
        "sampled": plan.is_sampled,
        "ranked_by": RANKED_BY,
        "best": {
            "run": planned.number,
            "symbol": planned.symbol,
            "parameters": named,
            "statistics": dict(zip(STATISTICS, best[1:], strict=True)),
        },
        "benchmark": dict(zip(STATISTICS, benchmark[1:], strict=True)),
        "bars_version": plan.bars_version,
        "engine": plan.engine,
        "plan_sha256": plan.sha256,
        "results_sha256": hashlib.sha256(table).hexdigest(),
        "results_key": keys.table,
        "report_key": keys.report,
    }


def _number(row: Row) -> int:
    return int(row[0] or 0)


def _text(cell: Cell) -> str:
    return "" if cell is None else repr(cell)


def _first(shards: Sequence[int]) -> str:
    if not shards:
        return ""
    shown = ", ".join(map(str, shards[:10])) + (", ..." if len(shards) > 10 else "")
    return f"({shown}) "
