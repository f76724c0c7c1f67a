"""Show the status page on a laptop, and watch what it tells of; up while all else is down.

``python -m services.status`` serves until SIGTERM; with ``health`` behind it, it asks a running
one how it is, and ends with 0 if it is well. It needs a folder and its port, and nothing besides.
"""

import asyncio
import logging
import sys
from contextlib import suppress

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.local.home import current_home
from algotrendy.local.status_doors import LocalDoors
from algotrendy.operations.adapters.board_stores import board_store_at
from algotrendy.operations.adapters.http_prober import HttpProber
from algotrendy.operations.adapters.public_pages import NoPages
from algotrendy.operations.status.watching import Watch
from algotrendy.platform.settings import settings
from services.answers import serve_answers
from services.process import run
from services.status.routes import Shown, routes

_logger = logging.getLogger(__name__)


async def serve(stopping: asyncio.Event) -> int:
    """Serve until asked to stop."""
    chosen, clock = settings(), SystemClock()
    store = board_store_at(chosen.need("status_url"))
    # A laptop that is busy starts functions slowly, and many at once more slowly still: each is
    # waited for before the next one is asked.
    prober = HttpProber(LocalDoors(current_home()), timeout_s=20, at_once=1)
    watch = Watch(store, NoPages(), prober, clock)
    shown = Shown(store)
    async with await serve_answers(routes(shown, clock), chosen.status_port):
        while not stopping.is_set():
            try:
                await asyncio.to_thread(watch.look)
                shown.trouble = ""
            except AlgoTrendyError as error:
                # The page goes on to show what was seen last, and how old that is.
                shown.trouble = error.message
                _logger.warning("%s", error.message)
            with suppress(TimeoutError):
                async with asyncio.timeout(chosen.status_interval_s):
                    await stopping.wait()
    return 0


if __name__ == "__main__":
    sys.exit(run(serve, lambda chosen: chosen.status_port, ()))
