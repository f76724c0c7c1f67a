"""A ledger in memory: whole transactions, and commits that go wrong when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import TypeVar

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import EventId
from algotrendy.trading.ledger import LedgerTransaction
from fakes.memory_ledger.books import MemoryBooks
from fakes.memory_ledger.orders import MemoryOrders
from fakes.memory_ledger.records import (
    MemoryAccounts,
    MemoryAudit,
    MemoryDocuments,
    MemoryLeases,
    MemoryMarketFacts,
    MemoryWaits,
)
from fakes.memory_ledger.risk import MemoryRiskRecords
from fakes.memory_ledger.tables import Table, Undo

T = TypeVar("T")


class Fate(Enum):
    """How a commit ends."""

    COMMITS = auto()
    CONFLICTS = auto()  # undone, and the work runs again within the same call
    FAILS = auto()  # undone: Unavailable
    IS_LOST = auto()  # undone: Unknown
    IS_UNSEEN = auto()  # done: Unknown


class MemoryTransaction:
    """Is the ``LedgerTransaction`` of a memory ledger; all transactions share its tables."""

    def __init__(self, undo: Undo) -> None:
        self.accounts = MemoryAccounts(undo)
        self.orders = MemoryOrders(undo)
        self.books = MemoryBooks(undo)
        self.leases = MemoryLeases(undo)
        self.waits = MemoryWaits(undo, self.orders)
        self.audit = MemoryAudit(undo)
        self.market = MemoryMarketFacts(undo)
        self.documents = MemoryDocuments(undo)
        self.risk = MemoryRiskRecords(undo)
        self.outbox: Table[EventId, Event] = Table(undo)

    def publish(self, event: Event) -> None:
        if self.outbox.get(event.id) is None:
            self.outbox.put(event.id, event)


class MemoryLedger:
    """Is a ``Ledger`` in dictionaries; one transaction at a time.

    Args:
        fate: Says how each commit ends, called once for each, after the work was done.
    """

    def __init__(self, fate: Callable[[], Fate] = lambda: Fate.COMMITS) -> None:
        self.fate = fate
        self.commits = 0
        self._undo = Undo()
        self._tables = MemoryTransaction(self._undo)
        self._lock = threading.RLock()
        self._is_running = False

    @property
    def published(self) -> list[Event]:
        """Give the events of committed changes in the order in which they were promised."""
        return list(self._tables.outbox.rows.values())

    @property
    def tables(self) -> MemoryTransaction:
        """Show what is committed, to be looked at and not to be changed."""
        return self._tables

    def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        with self._lock:
            if self._is_running:
                raise AssertionError("a transaction begins within another one")
            self._is_running = True
            try:
                return self._run(work)
            finally:
                self._undo.back()
                self._is_running = False

    def _run(self, work: Callable[[LedgerTransaction], T]) -> T:
        while True:
            result = work(self._tables)
            fate = self.fate()
            if fate in (Fate.COMMITS, Fate.IS_UNSEEN):
                self._undo.forget()
                self.commits += 1
            else:
                self._undo.back()
            match fate:
                case Fate.COMMITS:
                    return result
                case Fate.FAILS:
                    raise Unavailable("ledger", "the commit failed")
                case Fate.IS_LOST | Fate.IS_UNSEEN:
                    raise Unknown("commit", "the connection broke")
