"""Do the parts of a study as tasks of Ray: on a cluster's machines, or on this one.

Needs the extra `ray`. What tasks need is put into Ray's object store once, where they map arrays
and copy none. What they find is kept by the process that asked, so that a worker needs no access
to any store.
"""

from __future__ import annotations

import importlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from algotrendy.backtest.executors import SHARD_LIMIT_S
from algotrendy.kernel.errors import Unavailable

Failed = Callable[[int, int, str, int], Exception]
"""Names a part that failed for good: its number, how often it was tried, why, how many are left."""

_LOOK_S: Final = 1.0


class RayTasks:
    """Does parts as tasks of Ray, as many at once as it has processors.

    Args:
        address: Of a cluster, such as ``ray://host:10001``; None starts one on this machine,
            unless this process is connected already.
        workers: How many at once; None: all processors of the cluster.
        attempts: How often a part may take its worker with it.
        limit_s: How long a part may take.

    Raises:
        Unavailable: If Ray is not installed.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        attempts: int = 3,
        limit_s: float = SHARD_LIMIT_S,
    ) -> None:
        try:
            self._ray: Any = importlib.import_module("ray")
        except ModuleNotFoundError as error:
            reason = "it is not installed: pip install 'algotrendy[ray]'"
            raise Unavailable("Ray", reason) from error
        self._address, self._workers = address, workers
        self._attempts, self._limit_s = attempts, limit_s

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect to the cluster, or start one, unless this process is connected already."""
        begun = not self._ray.is_initialized()
        if begun:
            self._ray.init(
                self._address,
                num_cpus=None if self._address else self._workers,
                include_dashboard=None if self._address else False,
                log_to_driver=False,
            )
        try:
            yield
        finally:
            if begun:
                self._ray.shutdown()

    def put(self, value: Any) -> Any:
        """Put a value into the object store; give what stands for it in a task's arguments."""
        return self._ray.put(value)

    def task(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function of a module one that starts a task."""
        # A retry is ours to decide: Ray's own would not be counted.
        begin: Callable[..., Any] = self._ray.remote(max_retries=0)(function).remote
        return begin

    def done(
        self, parts: Iterable[int], start: Callable[[int], Any], failed: Failed
    ) -> Iterator[tuple[int, Any]]:
        """Give each part with what its task found, as they end.

        Args:
            start: Starts the task of a part.

        Raises:
            Exception: What ``failed`` gives for a part that keeps killing its workers, or never
                ends; or what a part raises.
        """
        most = self._workers or int(self._ray.cluster_resources().get("CPU", 1))
        waiting, deaths = deque(sorted(parts)), Counter[int]()
        running: dict[Any, tuple[int, float]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    part = waiting.popleft()
                    running[start(part)] = part, time.monotonic()
                ended, _ = self._ray.wait(list(running), timeout=_LOOK_S)
                for reference in ended:
                    part, _ = running.pop(reference)
                    found, reason = self._found(reference)
                    if not reason:
                        yield part, found
                        continue
                    deaths[part] += 1
                    if deaths[part] >= self._attempts:
                        left = len(waiting) + len(running) + 1
                        raise failed(part, deaths[part], reason, left)
                    waiting.append(part)
                for reference in self._late(running):
                    self._ray.cancel(reference, force=True)
        finally:
            for reference in running:
                self._ray.cancel(reference, force=True)

    def _found(self, reference: Any) -> tuple[Any, str]:
        """Give what a task found, or how it ended when it found nothing."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference), ""
        except errors.RayTaskError as error:
            if isinstance(error.cause, Exception):
                raise error.cause from error
            raise
        except errors.OutOfMemoryError:
            return None, "the cluster ended its worker for want of memory"
        except errors.TaskCancelledError:
            return None, f"it was not done after {self._limit_s:g} s and was ended"
        except errors.WorkerCrashedError:
            return None, "its worker died"

    def _late(self, running: dict[Any, tuple[int, float]]) -> list[Any]:
        now = time.monotonic()
        return [each for each, (_, since) in running.items() if now - since > self._limit_s]
