"""The ledger as processes reach it: commits fail or succeed unseen, and kills fall around them.

Reading and writing is that of the memory ledger, which the contract suite holds to PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.trading.ledger import LedgerTransaction
from fakes.memory_ledger import Fate as Commit
from fakes.memory_ledger import MemoryLedger
from simulation.fate import Fate
from simulation.loop import Process

T = TypeVar("T")
REST_AFTER = 0.3  # how often others run between a commit and what its process does next
Effect = Callable[[Process, str], None]


class Store:
    """The one ledger, and what is looked at after each of its commits."""

    def __init__(
        self, fate: Fate, effect: Effect, has_orders: Callable[[], bool], time: Callable[[], float]
    ) -> None:
        self.memory = MemoryLedger(self._commit)
        self.begun: Callable[[], None] = lambda: None
        self.committed: Callable[[Process], None] = lambda _: None
        self.away_until = 0.0
        self._time = time
        self._fate = fate
        self._effect = effect
        self._has_orders = has_orders
        self._repeats = 0

    def run(self, process: Process, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a transaction of a process."""
        process.require_alive()
        self._effect(process, "before a commit")
        if self._time() < max(self.away_until, process.cut_off_until):
            raise Unavailable("ledger", "it is not reached")
        if self._fate.strikes("ledger away", 0.004):
            raise Unavailable("ledger", "no connection")
        self._repeats = 0
        self.begun()
        try:
            result = self.memory.run(work)
        except Unknown:
            self.committed(process)
            self._effect(process, "after an unseen commit")
            raise
        self.committed(process)
        self._effect(process, "after a commit")
        return result

    def _commit(self) -> Commit:
        # Most commits change no order: what goes wrong with those shows little.
        fate, weight = self._fate, 1.0 if self._has_orders() else 0.1
        if fate.strikes("commit conflicts", 0.04 * weight) and self._repeats < 2:
            self._repeats += 1
            return Commit.CONFLICTS
        if fate.strikes("commit fails", 0.03 * weight):
            return Commit.FAILS
        if fate.strikes("commit lost", 0.03 * weight):
            return Commit.IS_LOST
        if fate.strikes("commit unseen", 0.05 * weight):
            return Commit.IS_UNSEEN
        return Commit.COMMITS


class LedgerPort:
    """Is the ``Ledger`` of one process that blocks."""

    def __init__(
        self, store: Store, fate: Fate, process: Process, pause: Callable[[Process, float], None]
    ) -> None:
        self._store = store
        self._fate = fate
        self._process = process
        self._pause = pause

    def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a transaction; others run before and after it."""
        self._pause(self._process, self._fate.between(0.001, 0.02))
        result = self._store.run(self._process, work)
        self._pause(self._process, 0.001)
        self._process.require_alive()
        return result


class DeskPort:
    """Is the ``Desk`` of one process on the loop."""

    def __init__(self, store: Store, fate: Fate, process: Process) -> None:
        self._store = store
        self._fate = fate
        self._process = process

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a transaction; others run before and after it."""
        self._process.require_alive()
        await asyncio.sleep(self._fate.between(0.001, 0.02))
        result = self._store.run(self._process, work)
        if self._fate.between(0, 1) < REST_AFTER:
            await asyncio.sleep(0.001)
        return result
