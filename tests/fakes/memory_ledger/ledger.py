"""A ledger in memory: whole transactions, and commits that go wrong when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TypeVar

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId
from algotrendy.trading.accounts import root_of
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.verification import Evidence
from fakes.memory_ledger.evidence import MemoryEvidence
from fakes.memory_ledger.tables import Undo
from fakes.memory_ledger.transaction import MemoryTransaction

T = TypeVar("T")


class Fate(Enum):
    """How a commit ends."""

    COMMITS = auto()
    CONFLICTS = auto()  # undone, and the work runs again within the same call
    FAILS = auto()  # undone: Unavailable
    IS_LOST = auto()  # undone: Unknown
    IS_UNSEEN = auto()  # done: Unknown


class MemoryLedger:
    """Is a ``Ledger`` in dictionaries; one transaction at a time.

    Args:
        fate: Says how each commit ends, called once for each, after the work was done.
    """

    def __init__(self, fate: Callable[[], Fate] = lambda: Fate.COMMITS) -> None:
        self.fate = fate
        self.commits = 0
        self.undo = Undo()
        self._tables = MemoryTransaction(self.undo)
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
                self.undo.back()
                self._is_running = False

    def roots(self) -> Sequence[AccountId]:
        orders, books = self._tables.orders, self._tables.books
        accounts = {
            *self._tables.accounts.table.rows,
            *(order.account for order in orders.folded.rows.values()),
            *(entry.account for entry in books.journal.rows.values()),
        }
        return sorted({root_of(account) for account in accounts})

    def examine(self, root: AccountId, work: Callable[[Evidence], T]) -> T:
        with self._lock:
            return work(MemoryEvidence(self._tables, root))

    def _run(self, work: Callable[[LedgerTransaction], T]) -> T:
        while True:
            result = work(self._tables)
            fate = self.fate()
            if fate in (Fate.COMMITS, Fate.IS_UNSEEN):
                self.undo.forget()
                self.commits += 1
            else:
                self.undo.back()
            match fate:
                case Fate.COMMITS:
                    return result
                case Fate.FAILS:
                    raise Unavailable("ledger", "the commit failed")
                case Fate.IS_LOST | Fate.IS_UNSEEN:
                    raise Unknown("commit", "the connection broke")
