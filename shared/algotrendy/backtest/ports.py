"""What backtesting needs from the world: objects by key, stores, a workflow runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from algotrendy.backtest.lifecycle import Curve, Study, Sweep, WalkStudy
from algotrendy.backtest.trials import Batch, BatchId, Counted
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import TenantId, WalkForwardId
from algotrendy.kernel.instrument import Symbol

StudyT = TypeVar("StudyT", bound=Study[Any])

Change = Callable[[StudyT], tuple[StudyT, Sequence[Event]]]


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


class StudyStore(Protocol[StudyT]):
    """Keeps studies of one kind, and hands their events to the outbox in the same transaction."""

    def add(self, study: StudyT, events: Sequence[Event]) -> StudyT:
        """Store a new study and its events.

        When the tenant has a study of that idempotency key, nothing is stored, no event leaves,
        and that study is given back: also when two callers race.
        """
        ...

    def get(self, study_id: UUID) -> StudyT:
        """Read a study, or raise NotFound, which names its kind."""
        ...

    def newest(self, tenant: TenantId, limit: int, before: UUID | None = None) -> list[StudyT]:
        """List a tenant's studies, newest id first, at most ``limit``, all older than
        ``before``."""
        ...

    def update(self, study_id: UUID, change: Change[StudyT]) -> StudyT:
        """Read a study, change it, store it and its events, in one transaction.

        ``change`` is pure; it may be called again when the transaction is. A study that it gives
        back equal is not written. Raises NotFound like ``get``, and what ``change`` raises, with
        nothing stored.
        """
        ...

    def unfinished(
        self, unchanged_since: datetime, limit: int, after: StudyT | None = None
    ) -> list[StudyT]:
        """List studies of all tenants that are requested or running and whose ``updated_at`` is
        at or before a time; the longest unchanged first, at most ``limit``, behind ``after``."""
        ...


class SweepStore(StudyStore[Sweep], Protocol):
    """Keeps sweeps."""

    def newest_small(self, tenant: TenantId, limit: int, before: UUID | None = None) -> list[Sweep]:
        """List those of ``newest`` that have one run in their plan, or no plan yet."""
        ...


class WalkForwardStore(StudyStore[WalkStudy], Protocol):
    """Keeps walk-forwards, with their curves."""

    def curve(self, walk_id: WalkForwardId) -> Curve | None:
        """Read the curve of a walk, None where there is none yet, or raise NotFound."""
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
        self,
        tenant: TenantId,
        symbols: Sequence[Symbol],
        first: date,
        last: date,
        besides: str = "",
    ) -> list[Counted]:
        """List a tenant's tallies on any of the symbols at dates that overlap, each once.

        Those of the batch whose hash is ``besides`` are left out.

        In the order of the batches' hashes, then of the data: whoever adds them up rounds alike.
        """
        ...

    def newest(self, tenant: TenantId, limit: int, before: BatchId | None = None) -> list[Batch]:
        """List a tenant's batches, newest id first, at most ``limit``, older than ``before``."""
        ...


class RunState(StrEnum):
    """What became of one attempt to run a study's workflow."""

    MISSING = "missing"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class StudyRunner(Protocol):
    """Runs the workflow of studies of one kind; one attempt runs at most once."""

    def start(self, study: Study[Any]) -> None:
        """Start attempt ``study.attempt``, unless it was started before."""
        ...

    def stop(self, study: Study[Any]) -> None:
        """Stop attempt ``study.attempt``; one that ended, or never was, is left as it is."""
        ...

    def state(self, study: Study[Any]) -> RunState:
        """Tell what became of attempt ``study.attempt``; an aborted or timed-out one failed."""
        ...
