"""Run one shard of a sweep and keep what it found; run again, it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.plan import JSON, DamagedPlan, Keys, digest, encode, terms_of
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.sweep import ResearchSpec, SweepSpec
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import SweepId
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.library import strategy_named

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
    """
    work = read_work(sweep_id, shard, blobs)
    if is_done(sweep_id, work, blobs):
        return ShardOutcome(shard, len(work["runs"]), was_done=True)
    data = {symbol: dataset_for(sweep_id, work, symbol, blobs, bars) for symbol in work["data"]}
    modes: dict[str, str] = {}
    rows = rows_of(work, data, mode, on_run, modes.setdefault)
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
    try:
        work: dict[str, Any] = json.loads(blobs.get(key))
        is_whole = work.pop("sha256") == digest(work)
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedPlan(f"{key} is not as it was written") from error
    if not is_whole:
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
    sweep_id: SweepId, work: dict[str, Any], symbol: str, blobs: Blobs, bars: BarStore
) -> Dataset:
    """Give the bars of a symbol that a shard's work was planned with.

    Raises:
        Conflict: If they lie neither beside the plan nor in the store as they were.
    """
    # Loads numpy: not before there is something to compute.
    from algotrendy.backtest.data_files import mapped_dataset
    from algotrendy.backtest.rows import dataset_of

    sha256 = work["data"][symbol]

    def made() -> Dataset:
        spec = SweepSpec.model_validate(work["spec"])
        return dataset_of(pinned_bars(spec, symbol, sha256, work["bars_version"], bars))

    file = work["files"].get(symbol)
    return mapped_dataset(Keys(sweep_id).data(sha256), file, blobs, made) if file else made()


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
    strategy, terms = strategy_named(spec.strategy), terms_of(spec)
    rows: list[Row] = []
    for symbol in work["data"]:
        runs = [(number, values) for number, name, values in work["runs"] if name == symbol]
        numbers, combinations = zip(*runs, strict=True)
        if on_run is None:
            rows += run_rows(
                data[symbol], strategy, combinations, terms, numbers, mode=mode, on_mode=on_mode
            )
            continue
        for number, values in runs:
            on_run(number)
            rows.append(run_one(data[symbol], strategy, values, terms, number, mode, on_mode))
    return sorted(rows, key=lambda row: row[0] or 0)


def keep_rows(sweep_id: SweepId, work: dict[str, Any], rows: Sequence[Row], blobs: Blobs) -> None:
    """Write what a shard found, whole or not at all."""
    result = {"plan_sha256": work["plan_sha256"], "shard": work["shard"], "rows": rows}
    key = Keys(sweep_id).result(work["shard"])
    blobs.put(key, encode({**result, "sha256": digest(result)}), JSON)


def read_rows(data: bytes, plan_sha256: str, numbers: Sequence[int]) -> list[Row] | None:
    """Read a shard's result; None unless it is whole, untouched and of this plan and its runs."""
    try:
        found = json.loads(data)
        stated = found.pop("sha256")
        rows = [tuple(row) for row in found["rows"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if stated != digest(found) or found.get("plan_sha256") != plan_sha256:
        return None
    if [row[0] for row in rows] != list(numbers):
        return None
    return rows


def pinned_bars(
    spec: ResearchSpec, symbol: str, sha256: str, version: int, bars: BarStore
) -> BarSeries:
    """Read the bars that a plan pinned.

    Raises:
        Conflict: If the store no longer has them as they were.
    """
    series = bars.read(
        parse_symbol(symbol), spec.start, spec.end, adjustment=spec.adjustment, version=version
    )
    if series.sha256() != sha256:
        raise Conflict(
            f"the bars of {symbol} in version {version} are not those that were planned with",
            symbol=symbol,
            planned=sha256,
            actual=series.sha256(),
        )
    return series
