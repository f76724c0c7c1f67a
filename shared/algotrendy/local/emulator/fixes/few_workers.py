"""Let a call wait for a worker that is at work rather than start one more at once.

Stock: each call that finds every worker of its function at work starts another process. The first
requests of twenty clients start twenty processes of each function that they need: on a laptop's
processors each then takes a minute to start, calls time out, and others find the account's limit
of concurrent executions used up.

AWS: starts as many environments, each with processors of its own.

Fix: once a function has a worker for each processor, its next call waits for one of them, for some
seconds. Then one more is started after all: functions may wait for each other, or for themselves.
"""

import os
import threading
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_PATIENCE_S = 10.0
_ENOUGH = max(2, os.cpu_count() or 1)

_freed = threading.Condition()


def _are_all_at_work(key: str) -> bool:
    with lambda_runtime._lock:
        workers = lambda_runtime._workers.get(key, [])
        return len(workers) >= _ENOUGH and all(worker.in_use for worker in workers)


def apply() -> None:
    """Wrap how a worker is leased, and given back."""
    stock_acquire, stock_release = lambda_runtime.acquire_worker, lambda_runtime.release_worker

    def acquire(
        func_name: str, config: dict[str, Any], code_zip: bytes, qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> Any:  # fmt: skip
        key = lambda_runtime._worker_key(func_name, config, qualifier)
        deadline = time.monotonic() + _PATIENCE_S
        # Leased before another one that waited may look: else two take the same for free.
        with _freed:
            while _are_all_at_work(key) and (left := deadline - time.monotonic()) > 0:
                _freed.wait(left)
            return stock_acquire(func_name, config, code_zip, qualifier, max_concurrency)

    def release(worker: Any) -> None:
        stock_release(worker)
        with _freed:
            _freed.notify_all()

    for module in (lambda_runtime, lambda_svc):
        module.acquire_worker, module.release_worker = acquire, release
