"""Run the shards of a sweep on a Ray cluster; the same keys and bytes as by other executors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.executors import Progress, ShardFailedError, no_progress
from algotrendy.backtest.plan import Plan
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.ray_tasks import RayTasks
from algotrendy.backtest.shard import (
    Row,
    dataset_for,
    is_done,
    keep_rows,
    read_work,
    rows_of,
)
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import BarStore

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish


class RayCluster:
    """Runs the shards of a sweep as tasks of Ray; each series of bars is handed over once.

    Args:
        mode: How strategies run; the results are the same.
    """

    def __init__(
        self, blobs: Blobs, bars: BarStore, tasks: RayTasks, *, mode: Wish = "auto"
    ) -> None:
        self._blobs, self._bars, self._tasks = blobs, bars, tasks
        self._mode: Wish = mode

    def execute(self, sweep_id: SweepId, plan: Plan, progress: Progress = no_progress) -> None:
        """Run the shards that have no result yet.

        Raises:
            ShardFailedError: If a shard keeps killing its workers, or never ends.
            Exception: What a shard raises.
        """
        blobs = self._blobs
        work = {shard: read_work(sweep_id, shard, blobs) for shard in range(plan.shards)}
        left = {shard for shard, each in work.items() if not is_done(sweep_id, each, blobs)}

        def failed(shard: int, attempts: int, reason: str, shards_left: int) -> ShardFailedError:
            return _failure(plan, work[shard], shard, attempts, reason, shards_left)

        with self._tasks.connected():
            begin, data = self._tasks.task(_run), dict[str, Any]()

            def start(shard: int) -> Any:
                return begin(work[shard], self._mode, *references(work[shard]))

            def references(each: dict[str, Any]) -> Iterator[Any]:
                for symbol in each["data"]:
                    if symbol not in data:
                        found = dataset_for(sweep_id, each, symbol, blobs, self._bars)
                        data[symbol] = self._tasks.put(found)
                    yield data[symbol]

            for shard, rows in self._tasks.done(left, start, failed):
                keep_rows(sweep_id, work[shard], rows, blobs)
                left.discard(shard)
                undone = sum(len(plan.numbers(each)) for each in left)  # whole numbers
                progress(plan.runs - undone, plan.runs)


def _failure(
    plan: Plan, work: dict[str, Any], shard: int, attempts: int, reason: str, left: int
) -> ShardFailedError:
    runs = work["runs"]
    return ShardFailedError(
        f"shard {shard} of {plan.shards} (runs {runs[0][0]} to {runs[-1][0]}, "
        f"{plan.spec.strategy} on {', '.join(work['data'])}) failed {attempts} times: {reason}. "
        f"{left} shards are not done; what is done is kept",
        shard=shard,
        attempts=attempts,
        shards_left=left,
    )


def _run(work: dict[str, Any], mode: Wish, *data: Any) -> list[Row]:
    return rows_of(work, dict(zip(work["data"], data, strict=True)), mode)
