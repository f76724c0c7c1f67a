"""A WalkForwardStore in memory."""

from __future__ import annotations

import threading

from algotrendy.backtest.walk_forwards import Curve, DoneWalk, WalkForwardId
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import TenantId


class MemoryWalkStore:
    """Keeps walks in a dictionary."""

    def __init__(self) -> None:
        self._walks: dict[WalkForwardId, tuple[DoneWalk, Curve]] = {}
        self._lock = threading.RLock()

    def add(self, walk: DoneWalk, curve: Curve) -> DoneWalk:
        with self._lock:
            for stored, _ in self._walks.values():
                if (stored.tenant, stored.sha256) == (walk.tenant, walk.sha256):
                    return stored
            self._walks[walk.id] = walk, curve
            return walk

    def get(self, walk_id: WalkForwardId) -> DoneWalk:
        return self._of(walk_id)[0]

    def curve(self, walk_id: WalkForwardId) -> Curve:
        return self._of(walk_id)[1]

    def newest(
        self, tenant: TenantId, limit: int, before: WalkForwardId | None = None
    ) -> list[DoneWalk]:
        with self._lock:
            found = [
                walk
                for walk, _ in self._walks.values()
                if walk.tenant == tenant and (before is None or walk.id < before)
            ]
        return sorted(found, key=lambda walk: walk.id, reverse=True)[:limit]

    def _of(self, walk_id: WalkForwardId) -> tuple[DoneWalk, Curve]:
        with self._lock:
            if walk_id not in self._walks:
                raise NotFound("walk-forward", walk_id)
            return self._walks[walk_id]
