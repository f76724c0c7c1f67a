"""Who runs the shards of a sweep: this process, or several processes of this machine."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

from algotrendy.backtest.plan import Plan, plan_sweep
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.reduce import Outcome, reduce_sweep
from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.shard import run_shard
from algotrendy.backtest.workers import Ended, Job, Mark, Opener, Task, Workers
from algotrendy.kernel.errors import JsonValue, Rejected, Unavailable
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish

Progress = Callable[[int, int], None]
"""Told after each shard: ``progress(runs done, runs in all)``."""

Stores = Callable[[], tuple[Blobs, BarStore]]
"""Opens the stores; it travels to worker processes, as an ``Opener``."""

Failed = Callable[[Ended, int, int], Exception]
"""Names what failed for good: how it ended, how often it was tried, how many parts are left."""

SHARD_LIMIT_S: Final = 900.0
"""How long a shard may take; a function of the cloud has no longer either."""


class ShardFailedError(Rejected):
    """Says which shard of a sweep cannot be run, how it ended, and in which backtest."""

    code = "shard-failed"


def no_progress(done: int, runs: int) -> None:
    """Tell nobody."""


class Executor(Protocol):
    """Runs every shard of a plan; which are done already, it skips."""

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards, or raise what the first failing one raised."""
        ...


class InProcess:
    """Runs the shards one after the other, here."""

    def __init__(self, blobs: Blobs, bars: BarStore, mode: Wish = "auto") -> None:
        self._blobs = blobs
        self._bars = bars
        self._mode: Wish = mode

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards in order."""
        done = 0
        for shard in range(plan.shards):
            done += run_shard(sweep_id, shard, self._blobs, self._bars, mode=self._mode).runs
            progress(done, plan.runs)


class LocalProcesses:
    """Runs the shards in processes of this machine.

    Shards are idempotent, so that what a dead worker left half-done does not matter. A shard whose
    worker died, or that took too long, is tried again run by run, so that the one that is at fault
    can be named.

    Args:
        stores: See ``Stores``.
        workers: How many processes; by default one for each processor.
        attempts: How often a shard may take its worker with it.
        limit_s: How long a shard may take, or one run of a shard that is tried again.
        mode: How strategies run; the results are the same.
    """

    def __init__(
        self,
        stores: Stores,
        workers: int | None = None,
        attempts: int = 3,
        limit_s: float = SHARD_LIMIT_S,
        mode: Wish = "auto",
    ) -> None:
        self._stores = stores
        self._workers = workers or os.cpu_count() or 1
        self._attempts = attempts
        self._limit_s = limit_s
        self._mode: Wish = mode

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards side by side.

        Raises:
            ShardFailedError: If a shard keeps killing its workers, or never ends.
            Exception: What a shard raises, unless something only did not answer.
        """

        def failed(ended: Ended, attempts: int, left: int) -> ShardFailedError:
            return _failure(plan, ended, attempts, left)

        opener = partial(_open_shards, self._stores, sweep_id, self._mode)
        done = 0
        for shard in side_by_side(
            opener,
            range(plan.shards),
            failed,
            workers=self._workers,
            attempts=self._attempts,
            limit_s=self._limit_s,
        ):
            done += len(plan.numbers(shard))
            progress(done, plan.runs)


def side_by_side(
    open_: Opener,
    parts: Iterable[int],
    failed: Failed,
    *,
    workers: int,
    attempts: int,
    limit_s: float,
) -> Iterator[int]:
    """Do the parts of a study in worker processes; give each when it is done.

    Args:
        open_: See ``Opener``.
        workers: How many processes at most.
        attempts: How often a part may take its worker with it.
        limit_s: How long a part may take, or one run of a part that is tried again.

    Raises:
        Exception: What ``failed`` gives for a part that keeps killing its workers, or never ends;
            or what a part raises, unless something only did not answer.
    """
    left = set(parts)
    tasks = deque(Task(part) for part in sorted(left))
    deaths: Counter[int] = Counter()
    pool = Workers(open_, min(workers, len(left)), limit_s)
    try:
        while left:
            while tasks and pool.give(tasks[0]):
                tasks.popleft()
            for ended in pool.wait():
                part = ended.task.part
                # What does not answer may answer next time; any other error comes again.
                if ended.error is not None and not isinstance(ended.error, Unavailable):
                    raise ended.error
                if not ended.is_done:
                    deaths[part] += 1
                    if deaths[part] >= attempts or _is_proven(ended):
                        raise failed(ended, deaths[part], len(left)) from ended.error
                    tasks.append(Task(part, carefully=True))
                    continue
                left.discard(part)
                yield part
    finally:
        pool.close()


def run_sweep(
    sweep_id: SweepId,
    spec: SweepSpec,
    blobs: Blobs,
    bars: BarStore,
    executor: Executor,
    *,
    shard_runs: int | None = None,
    progress: Progress = no_progress,
    mode: Wish = "auto",
) -> Outcome:
    """Plan, run and reduce a sweep; after a kill, the same call goes on where it stopped."""
    plan = plan_sweep(sweep_id, spec, blobs, bars, shard_runs)
    executor.execute(sweep_id, plan, progress)
    return reduce_sweep(sweep_id, blobs, bars, mode)


def _open_shards(stores: Stores, sweep_id: SweepId, mode: Wish) -> Job:
    # Loads numpy and the engine: before the time of the first shard counts.
    import_module("algotrendy.backtest.rows")
    opened = stores()

    def job(shard: int, mark: Mark | None) -> None:
        run_shard(sweep_id, shard, *opened, mode=mode, on_run=mark)

    return job


def _is_proven(ended: Ended) -> bool:
    # Alone, and again for too long: no third time will tell more.
    return ended.run is not None and ended.is_late


def _failure(plan: Plan, ended: Ended, attempts: int, left: int) -> ShardFailedError:
    shard = ended.task.part
    facts: dict[str, JsonValue] = {"shard": shard, "attempts": attempts, "shards_left": left}
    where = ""
    if ended.run is not None:
        run = plan.run(ended.run)
        values = ", ".join(f"{name}={value}" for name, value in plan.named(run.values).items())
        where = f" in run {run.number}, {plan.spec.strategy} on {run.symbol} with {values}"
        facts |= {"run": run.number, "symbol": run.symbol, "parameters": values}
    return ShardFailedError(
        f"shard {shard} of {plan.shards} failed {attempts} times{where}: "
        f"{ended.death or ended.error}. {left} shards are not done; what is done is kept",
        **facts,
    )
