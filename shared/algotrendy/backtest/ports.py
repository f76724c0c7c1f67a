"""What backtesting needs from the world: objects by key, stores, a workflow runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.trials import Batch, BatchId, Counted
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import SweepId, TenantId
from algotrendy.kernel.instrument import Symbol

Change = Callable[[Sweep], tuple[Sweep, Sequence[Event]]]


class BlobInfo(Protocol):
    """Tells of one object."""

    @property
    def key(self) -> str:
        """Give its key."""
        ...


class Blobs(Protocol):
    """Keeps objects by key. A reader sees the old object or the new one, never a part."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Write an object, in place of any that is there."""
        ...

    def get(self, key: str) -> bytes:
        """Read an object, or raise NotFound."""
        ...

    def file(self, key: str) -> Path | None:
        """Give the file of this machine that is the object; None when it is none."""
        ...

    def list(self, prefix: str) -> Sequence[BlobInfo]:
        """List the objects whose key begins with ``prefix``."""
        ...


class SweepStore(Protocol):
    """Keeps sweeps, and hands their events to the outbox in the same transaction."""

    def add(self, sweep: Sweep, events: Sequence[Event]) -> Sweep:
        """Store a new sweep and its events.

        When the tenant has a sweep of that idempotency key, nothing is stored, no event leaves,
        and that sweep is given back: also when two callers race.
        """
        ...

    def get(self, sweep_id: SweepId) -> Sweep:
        """Read a sweep, or raise NotFound("sweep", sweep_id)."""
        ...

    def newest(self, tenant: TenantId, limit: int, before: SweepId | None = None) -> list[Sweep]:
        """List a tenant's sweeps, newest id first, at most ``limit``, all older than ``before``."""
        ...

    def update(self, sweep_id: SweepId, change: Change) -> Sweep:
        """Read a sweep, change it, store it and its events, in one transaction.

        ``change`` is pure; it may be called again when the transaction is. A sweep that it gives
        back equal is not written. Raises NotFound like ``get``, and what ``change`` raises, with
        nothing stored.
        """
        ...

    def unfinished(
        self, unchanged_since: datetime, limit: int, after: Sweep | None = None
    ) -> list[Sweep]:
        """List sweeps of all tenants that are requested or running and whose ``updated_at`` is at
        or before a time; the longest unchanged first, at most ``limit``, behind ``after``."""
        ...


class TrialStore(Protocol):
    """Keeps batches of trials; what is kept is never changed."""

    def add(self, batch: Batch) -> Batch:
        """Store a batch, whole or not at all.

        When the tenant has a batch of that hash, nothing is stored, and that batch is given back:
        also when two callers race.
        """
        ...

    def overlapping(
        self, tenant: TenantId, symbols: Sequence[Symbol], first: date, last: date
    ) -> list[Counted]:
        """List a tenant's tallies on any of the symbols at dates that overlap, each once.

        In the order of the batches' hashes, then of the data: whoever adds them up rounds alike.
        """
        ...

    def newest(self, tenant: TenantId, limit: int, before: BatchId | None = None) -> list[Batch]:
        """List a tenant's batches, newest id first, at most ``limit``, older than ``before``."""
        ...


class RunState(StrEnum):
    """What became of one attempt to run a sweep's workflow."""

    MISSING = "missing"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class SweepRunner(Protocol):
    """Runs the workflow of a sweep; one attempt runs at most once."""

    def start(self, sweep: Sweep) -> None:
        """Start attempt ``sweep.attempt``, unless it was started before."""
        ...

    def stop(self, sweep: Sweep) -> None:
        """Stop attempt ``sweep.attempt``; one that ended, or never was, is left as it is."""
        ...

    def state(self, sweep: Sweep) -> RunState:
        """Tell what became of attempt ``sweep.attempt``; an aborted or timed-out one failed."""
        ...
