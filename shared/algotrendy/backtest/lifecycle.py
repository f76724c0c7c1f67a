"""Sweeps and walk-forwards as the ledger knows them: studies, and the states they go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from algotrendy.backtest.request import ResearchSpec, SweepSpec
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.kernel.errors import Conflict, JsonValue
from algotrendy.kernel.ids import CorrelationId, SweepId, TenantId, UserId, WalkForwardId

SpecT = TypeVar("SpecT", bound=ResearchSpec)

Curve = Mapping[str, Any]
"""``time``, nanoseconds UTC, and ``wealth``, what 1 became by then, out of sample."""


class StudyStatus(StrEnum):
    """Where a study stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing follows."""
        return not _FOLLOWS[self]


_FOLLOWS: dict[StudyStatus, frozenset[StudyStatus]] = {
    # Straight to success: the plan was written, but telling so was lost.
    StudyStatus.REQUESTED: frozenset(
        {StudyStatus.RUNNING, StudyStatus.SUCCEEDED, StudyStatus.FAILED, StudyStatus.CANCELLED}
    ),
    StudyStatus.RUNNING: frozenset(
        {StudyStatus.SUCCEEDED, StudyStatus.FAILED, StudyStatus.CANCELLED}
    ),
    StudyStatus.SUCCEEDED: frozenset(),
    StudyStatus.FAILED: frozenset(),
    StudyStatus.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Study(Generic[SpecT]):
    """One requested piece of research, which a workflow runs.

    Attributes:
        kind: What it is called.
        idempotency_key: The caller's; a second request with it is the same study.
        correlation_id: Of the request, carried through the workflow.
        attempt: Which run of the workflow this is, from 1.
        summary: What it came to, once succeeded.
        error: Why it failed.
    """

    kind: ClassVar[str] = "study"

    id: UUID
    tenant: TenantId
    requested_by: UserId
    idempotency_key: str
    correlation_id: CorrelationId
    spec: SpecT
    status: StudyStatus
    requested_at: datetime
    updated_at: datetime
    attempt: int = 1
    summary: dict[str, JsonValue] | None = None
    error: str | None = None

    @property
    def id_name(self) -> str:
        """Give what its id is called where it travels."""
        return f"{self.kind.replace('-', '_')}_id"

    def succeeded(self, summary: dict[str, JsonValue], now: datetime) -> Self:
        """Note the success."""
        return self._ended(StudyStatus.SUCCEEDED, now, summary=summary)

    def failed(self, error: str, now: datetime) -> Self:
        """Note the failure."""
        return self._ended(StudyStatus.FAILED, now, error=error)

    def cancelled(self, now: datetime) -> Self:
        """Note that somebody wants it no more; what is done stays where it is."""
        return self._ended(StudyStatus.CANCELLED, now)

    def tried_again(self, now: datetime) -> Self:
        """Count one more attempt at the workflow."""
        return replace(self, attempt=self.attempt + 1, updated_at=now)

    def _planned(self, now: datetime, **sizes: int) -> Self:
        if self.status.is_final:
            return self
        is_same = all(getattr(self, name) == size for name, size in sizes.items())
        if self.status is StudyStatus.RUNNING and is_same:
            return self
        changes: dict[str, Any] = {"status": StudyStatus.RUNNING, **sizes}
        return replace(self, updated_at=now, **changes)

    def _ended(
        self,
        status: StudyStatus,
        now: datetime,
        summary: dict[str, JsonValue] | None = None,
        error: str | None = None,
    ) -> Self:
        if self.status is status:
            return self
        if status not in _FOLLOWS[self.status]:
            raise Conflict(
                f"{self.kind} {self.id} is {self.status}, so it cannot become {status}",
                status=self.status.value,
                wanted=status.value,
            )
        return replace(self, status=status, summary=summary, error=error, updated_at=now)


@dataclass(frozen=True, slots=True)
class Sweep(Study[SweepSpec]):
    """One requested sweep; ``summary`` is what ``summary.json`` says.

    Attributes:
        runs: Backtests in the plan, None before it is planned; likewise ``shards``.
    """

    kind: ClassVar[str] = "sweep"

    id: SweepId
    runs: int | None = None
    shards: int | None = None

    def planned(self, runs: int, shards: int, now: datetime) -> Sweep:
        """Note the plan; the same plan noted twice changes nothing."""
        return self._planned(now, runs=runs, shards=shards)


@dataclass(frozen=True, slots=True)
class WalkStudy(Study[WalkForwardSpec]):
    """One walk forward: requested, or run elsewhere and kept.

    Attributes:
        attempt: 0 of one that was run elsewhere.
        windows: In the plan; None before it is planned.
        summary: What came of it, without the curve; see ``WalkForwardOutcome.to_json``.
        curve: To be stored; a store gives it back by its own method alone, because it is long.
    """

    kind: ClassVar[str] = "walk-forward"

    id: WalkForwardId
    windows: int | None = None
    curve: Curve | None = field(default=None, compare=False, repr=False)

    @property
    def is_kept(self) -> bool:
        """Tell whether it was run elsewhere, and only its outcome is here."""
        return self.attempt == 0

    def planned(self, windows: int, now: datetime) -> WalkStudy:
        """Note the plan; the same plan noted twice changes nothing."""
        return self._planned(now, windows=windows)

    def succeeded(self, summary: dict[str, JsonValue], now: datetime) -> WalkStudy:
        """Note the success; ``summary`` has the curve in it."""
        rest = {name: value for name, value in summary.items() if name != "curve"}
        ended = self._ended(StudyStatus.SUCCEEDED, now, summary=rest)
        curve: Any = summary.get("curve")
        return ended if ended is self else replace(ended, curve=curve)
