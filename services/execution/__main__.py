"""Speak to brokers for every traded account: the one process that sends orders.

``python -m services.execution`` serves until SIGTERM, then hands over; with ``health`` behind it,
it asks a running one how it is, and ends with 0 if it is well.
"""

import asyncio
import os
import socket
import sys
from uuid import uuid4

from algotrendy.kernel.clock import seconds_passed
from algotrendy.platform.metric_table import Writer
from algotrendy.platform.service_metrics import service_metrics
from algotrendy.platform.settings import settings
from algotrendy.trading import wiring
from algotrendy.trading.adapters.execution_process import Execution, run_until
from services.execution.health import serve_health
from services.process import made, run


async def serve(stopping: asyncio.Event) -> int:
    """Serve until asked to stop; give the exit code, which is 0 only then."""
    execution: Execution | None = None
    measured = service_metrics(Writer.EXECUTION, "trading")
    measured.before_each(lambda: execution.measure() if execution else None)
    port = settings().execution_port
    async with await serve_health(lambda: execution, measured, port), measured.running():
        execution = await made(_make, stopping)
        if execution is None or await run_until(execution, stopping):
            return 0
    # Whoever supervises the process starts another one.
    return 1


async def _make() -> Execution:
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4()}"
    return wiring.execution(holder, seconds_passed)


if __name__ == "__main__":
    chatty = ("alpaca", "botocore", "urllib3")
    sys.exit(run(serve, lambda chosen: chosen.execution_port, chatty))
