"""A sweep as the ledger knows it, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from algotrendy.backtest.sweep import SweepSpec
from algotrendy.kernel.errors import Conflict, JsonValue
from algotrendy.kernel.ids import CorrelationId, SweepId, TenantId, UserId


class SweepStatus(StrEnum):
    """Where a sweep stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing follows."""
        return not _FOLLOWS[self]


_FOLLOWS: dict[SweepStatus, frozenset[SweepStatus]] = {
    # Straight to success: the plan was written, but telling so was lost.
    SweepStatus.REQUESTED: frozenset(
        {SweepStatus.RUNNING, SweepStatus.SUCCEEDED, SweepStatus.FAILED, SweepStatus.CANCELLED}
    ),
    SweepStatus.RUNNING: frozenset(
        {SweepStatus.SUCCEEDED, SweepStatus.FAILED, SweepStatus.CANCELLED}
    ),
    SweepStatus.SUCCEEDED: frozenset(),
    SweepStatus.FAILED: frozenset(),
    SweepStatus.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """One requested sweep.

    Attributes:
        idempotency_key: The caller's; a second request with it is the same sweep.
        correlation_id: Of the request, carried through the workflow.
        attempt: Which run of the workflow this is, from 1.
        runs: Backtests in the plan, None before it is planned; likewise ``shards``.
        summary: What ``summary.json`` says, once succeeded.
        error: Why it failed.
    """

    id: SweepId
    tenant: TenantId
    requested_by: UserId
    idempotency_key: str
    correlation_id: CorrelationId
    spec: SweepSpec
    status: SweepStatus
    requested_at: datetime
    updated_at: datetime
    attempt: int = 1
    runs: int | None = None
    shards: int | None = None
    summary: dict[str, JsonValue] | None = None
    error: str | None = None

    def planned(self, runs: int, shards: int, now: datetime) -> Sweep:
        """Note the plan; the same plan noted twice changes nothing."""
        if self.status.is_final:
            return self
        if self.status is SweepStatus.RUNNING and (self.runs, self.shards) == (runs, shards):
            return self
        return replace(self, status=SweepStatus.RUNNING, runs=runs, shards=shards, updated_at=now)

    def succeeded(self, summary: dict[str, JsonValue], now: datetime) -> Sweep:
        """Note the success."""
        return self._ended(SweepStatus.SUCCEEDED, now, summary=summary)

    def failed(self, error: str, now: datetime) -> Sweep:
        """Note the failure."""
        return self._ended(SweepStatus.FAILED, now, error=error)

    def cancelled(self, now: datetime) -> Sweep:
        """Note that somebody wants it no more; finished shards stay where they are."""
        return self._ended(SweepStatus.CANCELLED, now)

    def tried_again(self, now: datetime) -> Sweep:
        """Count one more attempt at the workflow."""
        return replace(self, attempt=self.attempt + 1, updated_at=now)

    def _ended(
        self,
        status: SweepStatus,
        now: datetime,
        summary: dict[str, JsonValue] | None = None,
        error: str | None = None,
    ) -> Sweep:
        if self.status is status:
            return self
        if status not in _FOLLOWS[self.status]:
            raise Conflict(
                f"sweep {self.id} is {self.status}, so it cannot become {status}",
                status=self.status.value,
                wanted=status.value,
            )
        return replace(self, status=status, summary=summary, error=error, updated_at=now)
