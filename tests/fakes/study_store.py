"""A StudyStore in memory, with its outbox."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Generic
from uuid import UUID

from algotrendy.backtest.lifecycle import Curve, Sweep, WalkStudy
from algotrendy.backtest.ports import Change, StudyT
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import TenantId, WalkForwardId


class MemoryStudies(Generic[StudyT]):
    """Keeps studies in a dictionary; ``outbox`` has the events in the order they were stored."""

    def __init__(self, kind: str) -> None:
        self.outbox: list[Event] = []
        self.writes = 0
        self._kind = kind
        self._studies: dict[UUID, StudyT] = {}
        self._lock = threading.RLock()

    def add(self, study: StudyT, events: Sequence[Event]) -> StudyT:
        with self._lock:
            for stored in self._studies.values():
                if (stored.tenant, stored.idempotency_key) == (study.tenant, study.idempotency_key):
                    return stored
            self._keep(study)
            self.outbox += events
            return study

    def get(self, study_id: UUID) -> StudyT:
        with self._lock:
            if study_id not in self._studies:
                raise NotFound(self._kind, study_id)
            return self._studies[study_id]

    def newest(self, tenant: TenantId, limit: int, before: UUID | None = None) -> list[StudyT]:
        with self._lock:
            found = [
                study
                for study in self._studies.values()
                if study.tenant == tenant and (before is None or study.id < before)
            ]
        return sorted(found, key=lambda study: study.id, reverse=True)[:limit]

    def update(self, study_id: UUID, change: Change[StudyT]) -> StudyT:
        with self._lock:
            found = self.get(study_id)
            changed, events = change(found)
            if changed != found:
                self._keep(changed)
            self.outbox += events
            return changed

    def unfinished(
        self, unchanged_since: datetime, limit: int, after: StudyT | None = None
    ) -> list[StudyT]:
        with self._lock:
            found = [
                study
                for study in self._studies.values()
                if not study.status.is_final
                and study.updated_at <= unchanged_since
                and (after is None or (study.updated_at, study.id) > (after.updated_at, after.id))
            ]
        return sorted(found, key=lambda study: (study.updated_at, study.id))[:limit]

    def _keep(self, study: StudyT) -> None:
        self._studies[study.id] = study
        self.writes += 1


class MemorySweepStore(MemoryStudies[Sweep]):
    """Is a ``SweepStore``."""

    def __init__(self) -> None:
        super().__init__("sweep")

    def newest_small(self, tenant: TenantId, limit: int, before: UUID | None = None) -> list[Sweep]:
        found = self.newest(tenant, len(self._studies), before)
        return [sweep for sweep in found if sweep.runs in (None, 1)][:limit]


class MemoryWalkStore(MemoryStudies[WalkStudy]):
    """Is a ``WalkForwardStore``."""

    def __init__(self) -> None:
        super().__init__("walk-forward")
        self._curves: dict[UUID, Curve] = {}

    def curve(self, walk_id: WalkForwardId) -> Curve | None:
        self.get(walk_id)
        return self._curves.get(walk_id)

    def _keep(self, study: WalkStudy) -> None:
        super()._keep(study)
        if study.curve is not None:
            self._curves[study.id] = study.curve
