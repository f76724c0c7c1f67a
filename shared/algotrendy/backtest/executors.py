"""Who runs the shards of a sweep: this process, or several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from algotrendy.backtest.plan import Plan, plan_sweep
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.reduce import Outcome, reduce_sweep
from algotrendy.backtest.shard import ShardOutcome, run_shard
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore

Progress = Callable[[int, int], None]
"""Told after each shard: ``progress(runs done, runs in all)``."""

Stores = Callable[[], tuple[Blobs, BarStore]]
"""Opens the stores. A worker process opens its own: the callable travels to it by pickle, so it
is a function of a module, or a ``functools.partial`` of one."""


def no_progress(done: int, runs: int) -> None:
    """Tell nobody."""


class Executor(Protocol):
    """Runs every shard of a plan; which are done already, it skips."""

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards, or raise what the first failing one raised."""
        ...


class InProcess:
    """Runs the shards one after the other, here."""

    def __init__(self, blobs: Blobs, bars: BarStore) -> None:
        self._blobs = blobs
        self._bars = bars

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards in order."""
        done = 0
        for shard in range(plan.shards):
            done += run_shard(sweep_id, shard, self._blobs, self._bars).runs
            progress(done, plan.runs)


class LocalProcesses:
    """Runs the shards in processes of this machine.

    A worker that dies takes the pool with it; a new pool goes on with the shards that are not
    done. Shards are idempotent, so that what a dead worker left half-done does not matter.

    Args:
        stores: See ``Stores``.
        workers: How many processes; by default one for each processor.
        restarts: How many pools may die in one sweep.
    """

    def __init__(self, stores: Stores, workers: int | None = None, restarts: int = 3) -> None:
        self._stores = stores
        self._workers = workers or os.cpu_count() or 1
        self._restarts = restarts

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards side by side.

        Raises:
            Unavailable: If workers keep dying.
        """
        left = set(range(plan.shards))
        for _ in range(self._restarts + 1):
            try:
                self._run(sweep_id, left, plan.runs, progress, plan)
            except BrokenProcessPool:
                continue
            return
        raise Unavailable(
            "worker processes",
            f"they died {self._restarts + 1} times, {len(left)} of {plan.shards} shards are not "
            "done; is there enough memory? What is done is kept: run the sweep again",
        )

    def _run(
        self, sweep_id: SweepId, left: set[int], runs: int, progress: Progress, plan: Plan
    ) -> None:
        # Spawned, not forked: a fork would copy locks and sockets of this process's threads.
        pool = ProcessPoolExecutor(
            min(self._workers, len(left)) or 1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_open_stores,
            initargs=(self._stores,),
        )
        try:
            waiting: set[Future[ShardOutcome]] = {
                pool.submit(_run_shard, sweep_id, shard) for shard in sorted(left)
            }
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    left.discard(future.result().shard)
                progress(runs - sum(len(plan.numbers(shard)) for shard in left), runs)
        finally:
            pool.shutdown(cancel_futures=True)


def run_sweep(
    sweep_id: SweepId,
    spec: SweepSpec,
    blobs: Blobs,
    bars: BarStore,
    executor: Executor,
    *,
    shard_runs: int | None = None,
    progress: Progress = no_progress,
) -> Outcome:
    """Plan, run and reduce a sweep; after a kill, the same call goes on where it stopped."""
    plan = plan_sweep(sweep_id, spec, blobs, bars, shard_runs)
    executor.execute(sweep_id, plan, progress)
    return reduce_sweep(sweep_id, blobs, bars)


_worker_stores: tuple[Blobs, BarStore] | None = None


def _open_stores(stores: Stores) -> None:
    global _worker_stores  # noqa: PLW0603 - once a worker process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker_stores = stores()


def _end_with_parent() -> None:
    # A worker holds both ends of its queue, and would wait in it for ever after a kill.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_shard(sweep_id: SweepId, shard: int) -> ShardOutcome:
    if _worker_stores is None:
        raise Unavailable("worker process", "it was not given its stores")
    blobs, bars = _worker_stores
    return run_shard(sweep_id, shard, blobs, bars)
