"""Use a ledger that waits for its database from an event loop, in a few threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from algotrendy.trading.ledger import Ledger, LedgerTransaction

T = TypeVar("T")


class ThreadDesk:
    """Is the ``Desk`` over a ``Ledger``."""

    def __init__(self, ledger: Ledger, workers: int = 4) -> None:
        self._ledger = ledger
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="ledger")

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function in one transaction, beside the loop; raises as ``Ledger.run``.

        Whoever is cancelled meanwhile does not learn whether it was committed.
        """
        loop = asyncio.get_running_loop()
        # The thread knows whose work it does, as asyncio.to_thread lets it.
        within = copy_context().run
        return await loop.run_in_executor(self._threads, within, self._ledger.run, work)

    def close(self) -> None:
        """End the threads, after what is under way."""
        self._threads.shutdown()
