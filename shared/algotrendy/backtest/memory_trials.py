"""Count trials in this process alone: for a notebook, without a platform."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date

from algotrendy.backtest.trials import Batch, BatchId, Counted
from algotrendy.kernel.ids import TenantId
from algotrendy.kernel.instrument import Symbol


class MemoryTrials:
    """Is a ``TrialStore`` that forgets everything with its process."""

    def __init__(self) -> None:
        self._batches: dict[tuple[TenantId, str], Batch] = {}
        self._lock = threading.Lock()

    def add(self, batch: Batch) -> Batch:
        """Store a batch, or give the tenant's batch of the same hash."""
        with self._lock:
            return self._batches.setdefault((batch.tenant, batch.sha256), batch)

    def overlapping(
        self,
        tenant: TenantId,
        symbols: Sequence[Symbol],
        first: date,
        last: date,
        besides: str = "",
    ) -> list[Counted]:
        """List the tallies on any of the symbols at dates that overlap, in a fixed order."""
        with self._lock:
            batches = [batch for _, batch in sorted(self._batches.items())]
        return [
            (batch.strategy, tally)
            for batch in batches
            for tally in batch.tallies
            if batch.tenant == tenant
            and batch.sha256 != besides
            and set(symbols) & set(tally.symbols)
            and tally.first <= last
            and tally.last >= first
        ]

    def newest(self, tenant: TenantId, limit: int, before: BatchId | None = None) -> list[Batch]:
        """List a tenant's batches, newest first."""
        with self._lock:
            found = [
                batch
                for batch in self._batches.values()
                if batch.tenant == tenant and (before is None or batch.id < before)
            ]
        return sorted(found, key=lambda batch: batch.id, reverse=True)[:limit]
