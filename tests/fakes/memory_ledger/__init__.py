"""A ledger of money in memory, for tests and simulations."""

from fakes.memory_ledger.ledger import Fate, MemoryLedger
from fakes.memory_ledger.transaction import MemoryTransaction

__all__ = ["Fate", "MemoryLedger", "MemoryTransaction"]
