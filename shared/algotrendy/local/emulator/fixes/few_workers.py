"""Let a call wait for a worker that is at work rather than start one more at once.

Stock: each call that finds every worker of its function at work starts another process. The first
requests of twenty clients start twenty processes of each function that they need: on a laptop's
processors each then takes a minute to start, calls time out, and others find the account's limit
of concurrent executions used up.

AWS: starts as many environments, each with processors of its own.

Fix: once a function has a worker for each processor, its next call waits for one of them. Where
none came free for some seconds, one more is started, and only one: functions may wait for each
other, or for themselves. As processes are few, as many calls may be under way as at AWS.
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
_started: dict[str, float] = {}


def _must_wait_s(key: str) -> float:
    """Tell how long a call waits at most before it may start one more worker."""
    with lambda_runtime._lock:
        workers = lambda_runtime._workers.get(key, [])
        if len(workers) < _ENOUGH or not all(worker.in_use for worker in workers):
            return 0.0
    return _started.get(key, 0.0) + _PATIENCE_S - time.monotonic()


def apply() -> None:
    """Wrap how a worker is leased, and given back."""
    stock_acquire, stock_release = lambda_runtime.acquire_worker, lambda_runtime.release_worker

    def acquire(
        func_name: str, config: dict[str, Any], code_zip: bytes, qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> Any:  # fmt: skip
        key = lambda_runtime._worker_key(func_name, config, qualifier)
        # Leased before another one that waited may look: else two start where one may.
        with _freed:
            while (wait_s := _must_wait_s(key)) > 0:
                _freed.wait(wait_s)
            worker, how = stock_acquire(func_name, config, code_zip, qualifier, max_concurrency)
            if how == "spawn":
                _started[key] = time.monotonic()
            return worker, how

    def release(worker: Any) -> None:
        stock_release(worker)
        with _freed:
            _freed.notify_all()

    for module in (lambda_runtime, lambda_svc):
        module.acquire_worker, module.release_worker = acquire, release
