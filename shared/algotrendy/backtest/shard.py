"""Run one shard of a sweep and keep what it found; run again, it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.canonical import JSON, sealed, unsealed
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.failures import note_shard
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.markets import calendar_named, data_sha256, dataset_of, pinned_bars
from algotrendy.backtest.plan import DamagedPlan
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.versions import strategy_of
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore

__all__ = [
    "Cell",
    "OnMode",
    "OnRun",
    "Row",
    "ShardOutcome",
    "dataset_for",
    "is_done",
    "keep_rows",
    "pinned_bars",
    "read_rows",
    "read_work",
    "rows_of",
    "run_shard",
]

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset
    from algotrendy.backtest.engine.running import Wish

Cell = int | float | None
Row = tuple[Cell, ...]
"""A run's number, then its statistics in the order of ``STATISTICS``."""

OnRun = Callable[[int], None]
"""Told the number of a run before it begins."""

OnMode = Callable[[str, str], object]
"""Told of runs how they were made, compiled or interpreted, and why they were not compiled."""


@dataclass(frozen=True, slots=True)
class ShardOutcome:
    """What became of a shard.

    Attributes:
        was_done: Whether an earlier attempt had finished it.
        modes: How its runs were made now, and for each why they were not compiled, or nothing.
    """

    shard: int
    runs: int
    was_done: bool
    modes: Mapping[str, str] = field(default_factory=dict)


def run_shard(
    sweep_id: SweepId,
    shard: int,
    blobs: Blobs,
    bars: BarStore,
    *,
    mode: Wish = "auto",
    on_run: OnRun | None = None,
) -> ShardOutcome:
    """Run the backtests of one shard, unless a whole result of this plan is there.

    Args:
        mode: How the strategy runs; the result is the same in all.
        on_run: With it the runs are made one by one, and never together.

    Raises:
        NotFound: If the sweep has no such shard.
        DamagedPlan: If the shard's part of the plan is not as it was written.
        Conflict: If the bars are not those of the plan, or the engine is another version.
        StrategyFailedError: If the strategy raises; a note of it is kept for whoever records it.
    """
    work = read_work(sweep_id, shard, blobs)
    if is_done(sweep_id, work, blobs):
        return ShardOutcome(shard, len(work["runs"]), was_done=True)
    data = {symbol: dataset_for(sweep_id, work, symbol, blobs, bars) for symbol in work["data"]}
    modes: dict[str, str] = {}
    try:
        rows = rows_of(work, data, mode, on_run, modes.setdefault)
    except (Rejected, Invalid) as error:
        note_shard(sweep_id, shard, error, blobs)
        raise
    keep_rows(sweep_id, work, rows, blobs)
    return ShardOutcome(shard, len(rows), was_done=False, modes=modes)


def read_work(sweep_id: SweepId, shard: int, blobs: Blobs) -> dict[str, Any]:
    """Read what a shard has to do: its part of the plan, as JSON values.

    Raises:
        NotFound: If the sweep has no such shard.
        DamagedPlan: If it is not as it was written.
        Conflict: If it was planned for another version of the engine.
    """
    key = Keys(sweep_id).shard(shard)
    work = unsealed(blobs.get(key))
    if work is None:
        raise DamagedPlan(f"{key} is not as it was written")
    if work["engine"] != ENGINE_VERSION:
        raise Conflict(
            f"sweep {sweep_id} was planned for engine {work['engine']}, this is {ENGINE_VERSION}; "
            "plan it again",
            planned=work["engine"],
            actual=ENGINE_VERSION,
        )
    return work


def is_done(sweep_id: SweepId, work: dict[str, Any], blobs: Blobs) -> bool:
    """Tell whether a whole result of a shard's work is there."""
    numbers = [number for number, _, _ in work["runs"]]
    try:
        found = blobs.get(Keys(sweep_id).result(work["shard"]))
    except NotFound:
        return False
    return read_rows(found, work["plan_sha256"], numbers) is not None


def dataset_for(
    sweep_id: SweepId, work: dict[str, Any], market: str, blobs: Blobs, bars: BarStore
) -> Dataset:
    """Give the bars of a market that a shard's work was planned with.

    Raises:
        Conflict: If they lie neither beside the plan nor in the store as they were.
    """
    # Loads numpy: not before there is something to compute.
    from algotrendy.backtest.data_files import mapped_dataset

    hashes: dict[str, str] = work["data"][market]

    def made() -> Dataset:
        spec = SweepSpec.model_validate(work["spec"])
        series = [
            pinned_bars(spec, symbol, sha256, work["bars_version"], bars)
            for symbol, sha256 in sorted(hashes.items())
        ]
        return dataset_of(series, strategy_of(spec.strategy, work["version"]), spec)

    file = work["files"].get(market)
    key = Keys(sweep_id).data(data_sha256(list(hashes.values())))
    return mapped_dataset(key, file, blobs, made) if file else made()


def rows_of(
    work: dict[str, Any],
    data: Mapping[str, Dataset],
    mode: Wish = "auto",
    on_run: OnRun | None = None,
    on_mode: OnMode | None = None,
) -> list[Row]:
    """Run a shard's work on its bars; give the rows in the order of the runs."""
    # Loads numpy and the compiler: not before there is something to compute.
    from algotrendy.backtest.rows import run_one, run_rows

    spec = SweepSpec.model_validate(work["spec"])
    strategy, terms = strategy_of(spec.strategy, work["version"]), spec.terms
    calendar = calendar_named(spec.calendar)
    rows: list[Row] = []
    for market in work["data"]:
        runs = [(number, values) for number, name, values in work["runs"] if name == market]
        numbers, combinations = zip(*runs, strict=True)
        seen = data[market]
        if on_run is None:
            rows += run_rows(
                seen,
                strategy,
                combinations,
                terms,
                numbers,
                mode=mode,
                on_mode=on_mode,
                calendar=calendar,
            )
            continue
        for number, values in runs:
            on_run(number)
            rows.append(run_one(seen, strategy, values, terms, number, mode, on_mode, calendar))
    return sorted(rows, key=lambda row: row[0] or 0)


def keep_rows(sweep_id: SweepId, work: dict[str, Any], rows: Sequence[Row], blobs: Blobs) -> None:
    """Write what a shard found, whole or not at all."""
    result = {"plan_sha256": work["plan_sha256"], "shard": work["shard"], "rows": rows}
    blobs.put(Keys(sweep_id).result(work["shard"]), sealed(result), JSON)


def read_rows(data: bytes, plan_sha256: str, numbers: Sequence[int]) -> list[Row] | None:
    """Read a shard's result; None unless it is whole, untouched and of this plan and its runs."""
    found = unsealed(data)
    if found is None or found.get("plan_sha256") != plan_sha256:
        return None
    rows = [tuple(row) for row in found["rows"]]
    return rows if [row[0] for row in rows] == list(numbers) else None
