"""One transaction of a ledger in memory."""

from __future__ import annotations

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import EventId
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
