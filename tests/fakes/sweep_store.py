"""A SweepStore in memory, with its outbox."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.ports import Change
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import SweepId, TenantId


class MemorySweepStore:
    """Keeps sweeps in a dictionary; ``outbox`` has the events in the order they were stored."""

    def __init__(self) -> None:
        self.outbox: list[Event] = []
        self.writes = 0
        self._sweeps: dict[SweepId, Sweep] = {}
        self._lock = threading.RLock()

    def add(self, sweep: Sweep, events: Sequence[Event]) -> Sweep:
        with self._lock:
            for stored in self._sweeps.values():
                if (stored.tenant, stored.idempotency_key) == (sweep.tenant, sweep.idempotency_key):
                    return stored
            self._sweeps[sweep.id] = sweep
            self.outbox += events
            self.writes += 1
            return sweep

    def get(self, sweep_id: SweepId) -> Sweep:
        with self._lock:
            if sweep_id not in self._sweeps:
                raise NotFound("sweep", sweep_id)
            return self._sweeps[sweep_id]

    def newest(self, tenant: TenantId, limit: int, before: SweepId | None = None) -> list[Sweep]:
        with self._lock:
            found = [
                sweep
                for sweep in self._sweeps.values()
                if sweep.tenant == tenant and (before is None or sweep.id < before)
            ]
        return sorted(found, key=lambda sweep: sweep.id, reverse=True)[:limit]

    def update(self, sweep_id: SweepId, change: Change) -> Sweep:
        with self._lock:
            found = self.get(sweep_id)
            changed, events = change(found)
            if changed != found:
                self._sweeps[sweep_id] = changed
                self.writes += 1
            self.outbox += events
            return changed

    def unfinished(
        self, unchanged_since: datetime, limit: int, after: Sweep | None = None
    ) -> list[Sweep]:
        with self._lock:
            found = [
                sweep
                for sweep in self._sweeps.values()
                if not sweep.status.is_final
                and sweep.updated_at <= unchanged_since
                and (after is None or (sweep.updated_at, sweep.id) > (after.updated_at, after.id))
            ]
        return sorted(found, key=lambda sweep: (sweep.updated_at, sweep.id))[:limit]
