"""A Store of the paper exchange in memory, which keeps documents as the real one does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from algotrendy.exchange.venue.documents import Entity, from_document, to_document
from algotrendy.exchange.venue.model import (
    Account,
    Activity,
    Changes,
    EquityPoint,
    Order,
    Position,
    Snapshot,
)


class MemoryStore:
    """Keeps an exchange in dictionaries; ``saves`` counts the calls.

    Set ``fails_with`` to let the next save raise that and keep nothing.
    """

    def __init__(self) -> None:
        self.saves = 0
        self.fails_with: Exception | None = None
        self._lock = threading.RLock()
        self._last_event_ns: int | None = None
        self._clear()

    def take_over(self) -> None:
        """Do nothing: it lives in one process, which has one exchange at a time."""

    def load(self) -> Snapshot:
        """Give what was saved."""
        with self._lock:
            return Snapshot(
                accounts=tuple(
                    sorted(_read(Account, self._accounts), key=lambda a: (a.created_at, a.id))
                ),
                orders=tuple(sorted(_read(Order, self._orders), key=lambda each: each.sequence)),
                positions=tuple(
                    sorted(_read(Position, self._positions), key=lambda p: (p.account_id, p.symbol))
                ),
                activities=tuple(
                    sorted(_read(Activity, self._activities), key=lambda each: each.id)
                ),
                equity=tuple(
                    sorted(_read(EquityPoint, self._equity), key=lambda e: (e.account_id, e.at))
                ),
                last_event_ns=self._last_event_ns,
            )

    def save(self, changes: Sequence[Changes], last_event_ns: int | None) -> None:
        """Keep changes and the clock, all or none."""
        with self._lock:
            if self.fails_with is not None:
                error, self.fails_with = self.fails_with, None
                raise error
            self.saves += 1
            for each in changes:
                self._keep(each)
            if last_event_ns is not None:
                self._last_event_ns = last_event_ns

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._accounts: dict[str, str] = {}
        self._orders: dict[str, str] = {}
        self._positions: dict[tuple[str, str], str] = {}
        self._activities: dict[str, str] = {}
        self._equity: dict[tuple[str, datetime], str] = {}
        self._last_event_ns = None

    def _keep(self, changes: Changes) -> None:
        for key in changes.closed_positions:
            self._positions.pop(key, None)
        self._accounts |= {key: _write(each) for key, each in changes.accounts.items()}
        self._orders |= {key: _write(each) for key, each in changes.orders.items()}
        self._positions |= {key: _write(each) for key, each in changes.positions.items()}
        for activity in changes.activities:
            self._activities.setdefault(activity.id, _write(activity))
        for point in changes.equity:
            self._equity[point.account_id, point.at] = _write(point)


def _write(entity: Entity) -> str:
    return json.dumps(to_document(entity))


def _read(kind: type[Any], kept: Mapping[Any, str]) -> Iterable[Any]:
    return [from_document(kind, json.loads(text)) for text in kept.values()]
