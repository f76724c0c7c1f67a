"""The use cases of sweeps."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from algotrendy.backtest.counting import Entry, Recorder
from algotrendy.backtest.events import SweepCancelled, SweepCompleted, SweepFailed, SweepRequested
from algotrendy.backtest.grid import check_grid
from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.ports import SweepStore
from algotrendy.backtest.studies import LIST_LIMIT, Head, Page, Studies, check_limit, page
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.kernel.errors import Conflict, JsonValue
from algotrendy.kernel.ids import SweepId, TenantId, UserId
from algotrendy.strategy.library import strategy_named


@dataclass(frozen=True, slots=True)
class Sweeps(Studies[Sweep]):
    """What can be done with a sweep, and who counts its trials."""

    study_type = Sweep

    store: SweepStore
    trials: TrialLedger

    def backtests(
        self, tenant: TenantId, limit: int = 20, before: UUID | None = None
    ) -> Page[Sweep]:
        """List a tenant's backtests, newest first: its sweeps of a single run."""
        check_limit(limit)
        found: list[Sweep] = []
        while len(found) <= limit:
            # Of a larger grid, too, rules may leave one run; the request alone tells.
            small = self.store.newest_small(tenant, LIST_LIMIT, before)
            found += [sweep for sweep in small if sweep.spec.is_single]
            if len(small) < LIST_LIMIT:
                break
            before = small[-1].id
        return page(found, limit)

    def record_planned(self, sweep_id: SweepId, runs: int, shards: int) -> Sweep:
        """Note that the plan is written and the shards begin."""
        now = self.clock.now()
        return self.store.update(sweep_id, lambda sweep: (sweep.planned(runs, shards, now), ()))

    def _check(self, study: Sweep) -> None:
        check_grid(study.spec, strategy_named(study.spec.strategy))

    def _count(self, study: Sweep, summary: dict[str, JsonValue]) -> None:
        found = summary.get("tried")
        if not isinstance(found, dict):
            return  # of a version that did not count
        recorder = Recorder(self.trials, study.tenant, study.requested_by, study.correlation_id)
        # Recorded with other figures, they are counted all the same: a sweep that is done must
        # not be lost over how its ratios spread.
        with suppress(Conflict):
            recorder.record(Entry.from_json(found))

    def _requested(self, study: Sweep, head: Head) -> SweepRequested:
        return SweepRequested(**head, sweep_id=study.id)

    def _completed(self, study: Sweep, head: Head) -> SweepCompleted:
        runs = (study.summary or {}).get("runs")
        counted = runs if isinstance(runs, int) else study.runs or 0
        return SweepCompleted(**head, sweep_id=study.id, runs=counted)

    def _failed(self, study: Sweep, head: Head, reason: str) -> SweepFailed:
        return SweepFailed(**head, sweep_id=study.id, reason=reason)

    def _cancelled(self, study: Sweep, head: Head, cancelled_by: UserId) -> SweepCancelled:
        return SweepCancelled(**head, sweep_id=study.id, cancelled_by=cancelled_by)
