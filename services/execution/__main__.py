"""Speak to brokers for every traded account: the one process that sends orders.

``python -m services.execution`` serves until SIGTERM, then hands over; with ``health`` behind it,
it asks a running one how it is, and ends with 0 if it is well.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from uuid import uuid4

from algotrendy.kernel.clock import seconds_passed
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.platform.settings import settings
from algotrendy.trading import wiring
from algotrendy.trading.adapters.execution_process import Execution, run_until
from services.execution.health import serve_health

_ASK_TIMEOUT_S = 3.0
_RETRY_S = 2.0

_logger = logging.getLogger(__name__)


async def serve() -> int:
    """Serve until asked to stop; give the exit code, which is 0 only then."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    execution: Execution | None = None
    async with await serve_health(lambda: execution, settings().execution_port):
        while execution is None and not stopping.is_set():
            execution = await _made(stopping)
        if execution is None or await run_until(execution, stopping):
            return 0
    # Whoever supervises the process starts another one.
    return 1


async def _made(stopping: asyncio.Event) -> Execution | None:
    """Make the service; None, after a while, when what it needs is not deployed yet."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4()}"
    try:
        return wiring.execution(holder, seconds_passed)
    except AlgoTrendyError as error:
        _logger.warning("%s", error.message)
    with suppress(TimeoutError):
        async with asyncio.timeout(_RETRY_S):
            await stopping.wait()
    return None


def ask() -> int:
    """Ask the one that runs on this machine; 0 if it is well."""
    url = f"http://127.0.0.1:{settings().execution_port}/health"
    try:
        with urllib.request.urlopen(url, timeout=_ASK_TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError):
        return 1


def main() -> int:
    """Do what the command line says."""
    if sys.argv[1:] == ["health"]:
        return ask()
    logging.basicConfig(
        level=settings().log_level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for chatty in ("alpaca", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return asyncio.run(serve())


if __name__ == "__main__":
    sys.exit(main())
