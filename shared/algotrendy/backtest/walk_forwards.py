"""The use cases of walk-forwards: those the workflow runs, and those run elsewhere and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.canonical import digest
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.events import (
    WalkForwardCancelled,
    WalkForwardCompleted,
    WalkForwardFailed,
    WalkForwardRequested,
)
from algotrendy.backtest.lifecycle import Curve, StudyStatus, WalkStudy
from algotrendy.backtest.ports import WalkForwardStore
from algotrendy.backtest.studies import Head, Studies
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue
from algotrendy.kernel.ids import TenantId, UserId, WalkForwardId
from algotrendy.strategy.library import strategy_named

if TYPE_CHECKING:
    from algotrendy.backtest.validation.outcome import WalkForwardOutcome

BARS_LIMIT = 20_000
"""Bars out of sample: the curve has to fit into a column of Aurora DSQL, 1 MiB."""


@dataclass(frozen=True, slots=True)
class WalkForwards(Studies[WalkStudy]):
    """What can be done with a walk forward."""

    study_type = WalkStudy

    store: WalkForwardStore

    def record_planned(self, walk_id: WalkForwardId, windows: int) -> WalkStudy:
        """Note that the plan is written and the windows begin."""
        now = self.clock.now()
        return self.store.update(walk_id, lambda walk: (walk.planned(windows, now), ()))

    def keep(self, outcome: WalkForwardOutcome, recorder: Recorder) -> WalkStudy:
        """Keep what came of a walk, for whom its trials were counted for; the same again is one.

        Raises:
            Invalid: For more bars out of sample than a row can hold.
        """
        check_bars(len(outcome.returns))
        # Loads numpy: not before there is an outcome, which loaded it anyhow.
        from algotrendy.backtest.outputs.json_form import plain

        summary: dict[str, Any] = plain(outcome.to_json())
        curve = summary.pop("curve")
        now = self.clock.now()
        walk = WalkStudy(
            id=WalkForwardId(self.ids.next()),
            tenant=recorder.tenant,
            requested_by=recorder.recorded_by,
            idempotency_key=f"kept-{digest({'summary': summary, 'curve': curve})}",
            correlation_id=recorder.correlation_id,
            spec=outcome.plan.spec,
            status=StudyStatus.SUCCEEDED,
            requested_at=now,
            updated_at=now,
            attempt=0,
            windows=len(outcome.plan.windows),
            summary=summary,
            curve=curve,
        )
        return self.store.add(walk, [])

    def curve(self, tenant: TenantId, walk_id: WalkForwardId) -> Curve:
        """Read the curve of a tenant's walk.

        Raises:
            NotFound: If the tenant has no such walk.
            Conflict: If it has not succeeded.
        """
        walk = self.get(tenant, walk_id)
        found = self.store.curve(walk_id)
        if found is None or walk.status is not StudyStatus.SUCCEEDED:
            reason = f"walk-forward {walk_id} is {walk.status}, so it has no curve"
            raise Conflict(reason, status=walk.status.value)
        return found

    def _check(self, study: WalkStudy) -> None:
        study.spec.check_deployed(strategy_named(study.spec.strategy))

    def _count(self, study: WalkStudy, summary: dict[str, JsonValue]) -> None:
        """Count nothing: each window was counted before a bar out of sample was seen."""

    def _requested(self, study: WalkStudy, head: Head) -> WalkForwardRequested:
        return WalkForwardRequested(**head, walk_forward_id=study.id)

    def _completed(self, study: WalkStudy, head: Head) -> WalkForwardCompleted:
        summary: dict[str, Any] = study.summary or {}
        return WalkForwardCompleted(
            **head,
            walk_forward_id=study.id,
            windows=len(summary["windows"]),
            passed=summary["verdict"]["passed"],
        )

    def _failed(self, study: WalkStudy, head: Head, reason: str) -> WalkForwardFailed:
        return WalkForwardFailed(**head, walk_forward_id=study.id, reason=reason)

    def _cancelled(
        self, study: WalkStudy, head: Head, cancelled_by: UserId
    ) -> WalkForwardCancelled:
        return WalkForwardCancelled(**head, walk_forward_id=study.id, cancelled_by=cancelled_by)


def check_bars(out_of_sample: int) -> None:
    """Refuse a walk whose curve no row can hold."""
    if out_of_sample > BARS_LIMIT:
        expected = f"such that at most {BARS_LIMIT:,} bars are out of sample, to be kept"
        raise Invalid("windows", expected, out_of_sample)
