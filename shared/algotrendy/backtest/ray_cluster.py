"""Run the shards of a sweep on a Ray cluster: on its machines, or on this one.

Needs the extra `ray`. The bars are put into Ray's object store once; a task maps the arrays from
there and copies none. Results are written by the process that asked, under the same keys as by
every other executor, so that a worker needs no access to any store.
"""

from __future__ import annotations

import importlib
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.executors import SHARD_LIMIT_S, Progress, ShardFailedError, no_progress
from algotrendy.backtest.plan import Plan
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.shard import (
    Row,
    dataset_for,
    is_done,
    keep_rows,
    read_work,
    rows_of,
)
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish

_LOOK_S = 1.0


class RayCluster:
    """Runs the shards as tasks of Ray, as many at once as it has processors.

    Args:
        address: Of a cluster, such as ``ray://host:10001``; None starts one on this machine,
            unless this process is connected already.
        attempts: How often a shard may take its worker with it.
        limit_s: How long a shard may take.
        mode: How strategies run; the results are the same.

    Raises:
        Unavailable: If Ray is not installed.
    """

    def __init__(
        self,
        blobs: Blobs,
        bars: BarStore,
        address: str | None = None,
        *,
        workers: int | None = None,
        attempts: int = 3,
        limit_s: float = SHARD_LIMIT_S,
        mode: Wish = "auto",
    ) -> None:
        try:
            self._ray: Any = importlib.import_module("ray")
        except ModuleNotFoundError as error:
            reason = "it is not installed: pip install 'algotrendy[ray]'"
            raise Unavailable("Ray", reason) from error
        self._blobs, self._bars, self._address = blobs, bars, address
        self._workers, self._attempts, self._limit_s = workers, attempts, limit_s
        self._mode: Wish = mode

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards that have no result yet.

        Raises:
            ShardFailedError: If a shard keeps killing its workers, or never ends.
            Exception: What a shard raises.
        """
        ray = self._ray
        begun = not ray.is_initialized()
        if begun:
            ray.init(
                self._address,
                num_cpus=None if self._address else self._workers,
                include_dashboard=None if self._address else False,
                log_to_driver=False,
            )
        try:
            _Sweep(self, sweep_id, plan, progress).run()
        finally:
            if begun:
                ray.shutdown()


class _Sweep:
    """One sweep on a cluster that this process is connected to."""

    def __init__(
        self, cluster: RayCluster, sweep_id: SweepId, plan: Plan, progress: Progress
    ) -> None:
        self._cluster, self._ray = cluster, cluster._ray
        self._sweep_id, self._plan, self._progress = sweep_id, plan, progress
        self._work = {
            shard: read_work(sweep_id, shard, cluster._blobs) for shard in range(plan.shards)
        }
        self._left = {
            shard
            for shard, work in self._work.items()
            if not is_done(sweep_id, work, cluster._blobs)
        }
        self._data: dict[str, Any] = {}
        # A retry is ours to decide: Ray's own would not be counted.
        self._task = self._ray.remote(max_retries=0)(_run)

    def run(self) -> None:
        most = self._cluster._workers or int(self._ray.cluster_resources().get("CPU", 1))
        waiting, deaths = deque(sorted(self._left)), Counter[int]()
        running: dict[Any, tuple[int, float]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    shard = waiting.popleft()
                    running[self._start(shard)] = shard, time.monotonic()
                ended, _ = self._ray.wait(list(running), timeout=_LOOK_S)
                for reference in ended:
                    shard, _ = running.pop(reference)
                    if reason := self._take(reference, shard):
                        deaths[shard] += 1
                        if deaths[shard] >= self._cluster._attempts:
                            raise self._failure(shard, deaths[shard], reason)
                        waiting.append(shard)
                for reference in self._late(running):
                    self._ray.cancel(reference, force=True)
        finally:
            for reference in running:
                self._ray.cancel(reference, force=True)

    def _start(self, shard: int) -> Any:
        work = self._work[shard]
        return self._task.remote(
            work, self._cluster._mode, *(self._reference(work, symbol) for symbol in work["data"])
        )

    def _reference(self, work: dict[str, Any], symbol: str) -> Any:
        if symbol not in self._data:
            cluster = self._cluster
            found = dataset_for(self._sweep_id, work, symbol, cluster._blobs, cluster._bars)
            self._data[symbol] = self._ray.put(found)
        return self._data[symbol]

    def _take(self, reference: Any, shard: int) -> str:
        """Keep what a task found; say how it ended when it found nothing."""
        errors = self._ray.exceptions
        try:
            rows = self._ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, Exception):
                raise error.cause from error
            raise
        except errors.OutOfMemoryError:
            return "the cluster ended its worker for want of memory"
        except errors.TaskCancelledError:
            return f"it was not done after {self._cluster._limit_s:g} s and was ended"
        except errors.WorkerCrashedError:
            return "its worker died"
        keep_rows(self._sweep_id, self._work[shard], rows, self._cluster._blobs)
        self._left.discard(shard)
        plan = self._plan
        self._progress(plan.runs - sum(len(plan.numbers(each)) for each in self._left), plan.runs)
        return ""

    def _late(self, running: dict[Any, tuple[int, float]]) -> list[Any]:
        now = time.monotonic()
        return [
            reference
            for reference, (_, since) in running.items()
            if now - since > self._cluster._limit_s
        ]

    def _failure(self, shard: int, attempts: int, reason: str) -> ShardFailedError:
        runs = self._work[shard]["runs"]
        return ShardFailedError(
            f"shard {shard} of {self._plan.shards} (runs {runs[0][0]} to {runs[-1][0]}, "
            f"{self._plan.spec.strategy} on {', '.join(self._work[shard]['data'])}) failed "
            f"{attempts} times: {reason}. {len(self._left)} shards are not done; what is done is "
            "kept",
            shard=shard,
            attempts=attempts,
            shards_left=len(self._left),
        )


def _run(work: dict[str, Any], mode: Wish, *data: Any) -> list[Row]:
    return rows_of(work, dict(zip(work["data"], data, strict=True)), mode)
