"""Run one shard of a sweep and keep what it found; run again, it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.plan import JSON, DamagedPlan, Keys, digest, encode, terms_of
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import SweepId
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.library import strategy_named

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish

Cell = int | float | None
Row = tuple[Cell, ...]
"""A run's number, then its statistics in the order of ``STATISTICS``."""

OnRun = Callable[[int], None]
"""Told the number of a run before it begins."""


@dataclass(frozen=True, slots=True)
class ShardOutcome:
    """What became of a shard; ``was_done`` when an earlier attempt had finished it."""

    shard: int
    runs: int
    was_done: bool


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
    keys = Keys(sweep_id)
    work = _assignment(keys, shard, blobs)
    numbers = [number for number, _, _ in work["runs"]]
    try:
        done = read_rows(blobs.get(keys.result(shard)), work["plan_sha256"], numbers)
    except NotFound:
        done = None
    if done is not None:
        return ShardOutcome(shard, len(numbers), was_done=True)
    if work["engine"] != ENGINE_VERSION:
        raise Conflict(
            f"sweep {sweep_id} was planned for engine {work['engine']}, this is {ENGINE_VERSION}; "
            "plan it again",
            planned=work["engine"],
            actual=ENGINE_VERSION,
        )
    rows = _rows(work, bars, mode, on_run)
    result = {"plan_sha256": work["plan_sha256"], "shard": shard, "rows": rows}
    blobs.put(keys.result(shard), encode({**result, "sha256": digest(result)}), JSON)
    return ShardOutcome(shard, len(rows), was_done=False)


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
    spec: SweepSpec, symbol: str, sha256: str, version: int, bars: BarStore
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


def _assignment(keys: Keys, shard: int, blobs: Blobs) -> dict[str, Any]:
    key = keys.shard(shard)
    try:
        found: dict[str, Any] = json.loads(blobs.get(key))
        whole = found.pop("sha256") == digest(found)
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedPlan(f"{key} is not as it was written") from error
    if not whole:
        raise DamagedPlan(f"{key} is not as it was written")
    return found


def _rows(work: dict[str, Any], bars: BarStore, mode: Wish, on_run: OnRun | None) -> list[Row]:
    # Loads numpy and the compiler: not before there is something to compute.
    from algotrendy.backtest.rows import dataset_of, run_one, run_rows

    spec = SweepSpec.model_validate(work["spec"])
    strategy, terms = strategy_named(spec.strategy), terms_of(spec)
    rows: list[Row] = []
    for symbol, sha256 in work["data"].items():
        runs = [(number, values) for number, name, values in work["runs"] if name == symbol]
        numbers, combinations = zip(*runs, strict=True)
        dataset = dataset_of(pinned_bars(spec, symbol, sha256, work["bars_version"], bars))
        if on_run is None:
            rows += run_rows(dataset, strategy, combinations, terms, numbers, mode=mode)
            continue
        for number, values in runs:
            on_run(number)
            rows.append(run_one(dataset, strategy, values, terms, number, mode))
    return sorted(rows, key=lambda row: row[0] or 0)
