"""What every service's process does: end when told to, wait for what it needs, say how it is."""

import asyncio
import logging
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from algotrendy.kernel.errors import AlgoTrendyError, Invalid
from algotrendy.platform.settings import Settings, settings

_ASK_TIMEOUT_S = 3.0
_RETRY_S = 2.0

_logger = logging.getLogger(__name__)

Made = TypeVar("Made")
Serve = Callable[[asyncio.Event], Coroutine[Any, Any, int]]
"""Serves until the event, and gives the exit code."""


def run(serve: Serve, port: Callable[[Settings], int], chatty: tuple[str, ...]) -> int:
    """Do what the command line says: serve, or ask the one that runs on this machine.

    A setting that cannot be right is told in one line, and the exit code is 2.

    Args:
        port: Of the settings, where ``/health`` is answered.
        chatty: Loggers of whose lines only warnings are of use.
    """
    try:
        chosen = settings()
        if sys.argv[1:] == ["health"]:
            return _ask(port(chosen))
        # Whoever only asks need not wait for it.
        from algotrendy.platform.log_lines import log_as_json

        log_as_json(_name(), chosen.log_level)
        for name in chatty:
            logging.getLogger(name).setLevel(logging.WARNING)
        return asyncio.run(_until_a_signal(serve))
    except Invalid as error:
        sys.stderr.write(f"{error.message}\n")
        return 2


def _name() -> str:
    """Give the service's name: that of its package, as ``python -m services.<name>`` has it."""
    spec = sys.modules["__main__"].__spec__
    return "service" if spec is None else spec.name.removeprefix("services.").partition(".")[0]


async def made(make: Callable[[], Awaitable[Made]], stopping: asyncio.Event) -> Made | None:
    """Make a service, once what it needs is deployed; None when asked to stop before."""
    while not stopping.is_set():
        try:
            return await make()
        except AlgoTrendyError as error:
            _logger.warning("%s", error.message)
        with suppress(TimeoutError):
            async with asyncio.timeout(_RETRY_S):
                await stopping.wait()
    return None


async def _until_a_signal(serve: Serve) -> int:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    return await serve(stopping)


def _ask(port: int) -> int:
    """Ask the one that runs on this machine; 0 if it is well."""
    try:
        url = f"http://127.0.0.1:{port}/health"
        with urllib.request.urlopen(url, timeout=_ASK_TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError):
        return 1
