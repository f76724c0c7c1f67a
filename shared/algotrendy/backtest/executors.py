"""Who runs the shards of a sweep: this process, or several processes of this machine."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from algotrendy.backtest.plan import Plan, plan_sweep
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.reduce import Outcome, reduce_sweep
from algotrendy.backtest.shard import run_shard
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.backtest.workers import Ended, Stores, Task, Workers
from algotrendy.kernel.errors import JsonValue, Rejected, Unavailable
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish

Progress = Callable[[int, int], None]
"""Told after each shard: ``progress(runs done, runs in all)``."""

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
        left = set(range(plan.shards))
        tasks = deque(Task(sweep_id, shard) for shard in sorted(left))
        deaths: Counter[int] = Counter()
        workers = Workers(self._stores, min(self._workers, plan.shards), self._limit_s, self._mode)
        try:
            while left:
                while tasks and workers.give(tasks[0]):
                    tasks.popleft()
                for ended in workers.wait():
                    shard = ended.task.shard
                    # What does not answer may answer next time; any other error comes again.
                    if ended.error is not None and not isinstance(ended.error, Unavailable):
                        raise ended.error
                    if not ended.is_done:
                        deaths[shard] += 1
                        if deaths[shard] >= self._attempts or _is_proven(ended):
                            raise _failure(plan, ended, deaths[shard], len(left)) from ended.error
                        tasks.append(Task(sweep_id, shard, carefully=True))
                        continue
                    left.discard(shard)
                    progress(plan.runs - sum(len(plan.numbers(each)) for each in left), plan.runs)
        finally:
            workers.close()


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


def _is_proven(ended: Ended) -> bool:
    # Alone, and again for too long: no third time will tell more.
    return ended.run is not None and ended.is_late


def _failure(plan: Plan, ended: Ended, attempts: int, left: int) -> ShardFailedError:
    shard = ended.task.shard
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
