"""What can be done with a sweep: request, look, note what became of it, pick up what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from algotrendy.backtest.counting import Entry, Recorder
from algotrendy.backtest.events import SweepCancelled, SweepCompleted, SweepFailed, SweepRequested
from algotrendy.backtest.grid import check_grid
from algotrendy.backtest.lifecycle import Sweep, SweepStatus
from algotrendy.backtest.plan import Keys
from algotrendy.backtest.ports import Blobs, Change, RunState, SweepRunner, SweepStore
from algotrendy.backtest.reduce import read_summary
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, JsonValue, NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, EventId, Ids, SweepId, TenantId, UserId
from algotrendy.strategy.library import strategy_named

ATTEMPTS_LIMIT = 3
LIST_LIMIT = 100
_KEY_LIMIT = 128
_ERROR_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """Some sweeps, newest first; ``next_before`` asks for the next page, None on the last."""

    sweeps: list[Sweep]
    next_before: SweepId | None


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The use cases of sweeps, over a store, a clock, a source of ids, and who counts trials."""

    store: SweepStore
    clock: Clock
    ids: Ids
    trials: TrialLedger

    def request(
        self,
        spec: SweepSpec,
        *,
        tenant: TenantId,
        requested_by: UserId,
        idempotency_key: str,
        correlation_id: CorrelationId,
    ) -> Sweep:
        """Store a new sweep and say that it was requested; the same key again gives the same sweep.

        Raises:
            NotFound: For an unknown strategy.
            Invalid: For a parameter that does not fit the strategy.
            Conflict: If the key was used for another request.
        """
        check_key(idempotency_key)
        check_grid(spec, strategy_named(spec.strategy))
        now = self.clock.now()
        sweep = Sweep(
            id=SweepId(self.ids.next()),
            tenant=tenant,
            requested_by=requested_by,
            idempotency_key=idempotency_key,
            correlation_id=correlation_id,
            spec=spec,
            status=SweepStatus.REQUESTED,
            requested_at=now,
            updated_at=now,
        )
        stored = self.store.add(sweep, [self._requested(sweep)])
        if stored.spec != spec:
            raise Conflict(
                f"idempotency key {idempotency_key!r} was used for another request",
                idempotency_key=idempotency_key,
                sweep_id=str(stored.id),
            )
        return stored

    def get(self, tenant: TenantId, sweep_id: SweepId) -> Sweep:
        """Read a tenant's sweep; another tenant's is NotFound too."""
        sweep = self.store.get(sweep_id)
        if sweep.tenant != tenant:
            raise NotFound("sweep", sweep_id)
        return sweep

    def newest(self, tenant: TenantId, limit: int = 20, before: SweepId | None = None) -> Page:
        """List a tenant's sweeps, newest first."""
        if not 1 <= limit <= LIST_LIMIT:
            raise Invalid("limit", f"between 1 and {LIST_LIMIT}", limit)
        found = self.store.newest(tenant, limit + 1, before)
        more = len(found) > limit
        return Page(found[:limit], found[limit - 1].id if more else None)

    def record_planned(self, sweep_id: SweepId, runs: int, shards: int) -> Sweep:
        """Note that the plan is written and the shards begin."""
        now = self.clock.now()
        return self.store.update(sweep_id, lambda sweep: (sweep.planned(runs, shards, now), ()))

    def record_success(self, sweep_id: SweepId, summary: dict[str, JsonValue]) -> Sweep:
        """Count its trials, note the end, and say so once.

        Raises:
            Conflict: If it had failed.
        """
        self._count(self.store.get(sweep_id), summary)
        return self.store.update(sweep_id, self._success(summary))

    def record_failure(self, sweep_id: SweepId, reason: str) -> Sweep:
        """Note the failure, and say so once; a sweep that had succeeded stays so (Conflict)."""
        return self.store.update(sweep_id, self._failure(reason))

    def cancel(
        self, tenant: TenantId, sweep_id: SweepId, runner: SweepRunner, cancelled_by: UserId
    ) -> Sweep:
        """Call a tenant's sweep off, say so once, and stop its workflow; again, nothing changes.

        Where it ends at the same moment, one of the two is stored and the other is refused.

        Raises:
            NotFound: If the tenant has no such sweep.
            Conflict: If it had succeeded or failed.
        """
        self.get(tenant, sweep_id)
        cancelled = self.store.update(sweep_id, self._cancellation(cancelled_by))
        # After the commit: a workflow that is not stopped ends by itself, and changes nothing.
        runner.stop(cancelled)
        return cancelled

    def restart_lost(
        self, runner: SweepRunner, blobs: Blobs, quiet: timedelta, limit: int = LIST_LIMIT
    ) -> list[Sweep]:
        """Pick up sweeps that nothing was heard of for a time; give those that were acted on.

        One whose workflow was never started, or was lost with what ran it, is started. One whose
        workflow ended without a word is given its outcome, or another attempt. The store is read
        ``limit`` at a time.
        """
        acted = []
        for sweep in self._unfinished(self.clock.now() - quiet, limit):
            match runner.state(sweep):
                case RunState.RUNNING:
                    continue
                case RunState.MISSING:
                    runner.start(sweep)
                    acted.append(sweep)
                case RunState.SUCCEEDED | RunState.FAILED:
                    acted.append(self._settle(sweep, runner, blobs))
        return acted

    def _unfinished(self, since: datetime, limit: int) -> Iterator[Sweep]:
        # All of them: those that run, however many and long, must not hide one that was lost.
        page = self.store.unfinished(since, limit)
        while page:
            yield from page
            page = self.store.unfinished(since, limit, page[-1])

    def _count(self, sweep: Sweep, summary: dict[str, JsonValue]) -> None:
        found = summary.get("tried")
        if not isinstance(found, dict):
            return  # of a version that did not count
        recorder = Recorder(self.trials, sweep.tenant, sweep.requested_by, sweep.correlation_id)
        # Recorded with other figures, they are counted all the same: a sweep that is done must
        # not be lost over how its ratios spread.
        with suppress(Conflict):
            recorder.record(Entry.from_json(found))

    def _settle(self, sweep: Sweep, runner: SweepRunner, blobs: Blobs) -> Sweep:
        try:
            return self.record_success(sweep.id, read_summary(sweep.id, blobs))
        except NotFound:
            pass
        except Conflict:
            # Between the look and this, somebody else noted an end.
            return self.store.get(sweep.id)
        if sweep.attempt >= ATTEMPTS_LIMIT:
            reason = f"the workflow ended without a result {sweep.attempt} times"
            return self.record_failure(sweep.id, reason)
        now = self.clock.now()

        def try_again(found: Sweep) -> tuple[Sweep, tuple[Event, ...]]:
            # Between the look and this, another restarter may have done it.
            return (found.tried_again(now) if found == sweep else found), ()

        updated = self.store.update(sweep.id, try_again)
        if not updated.status.is_final:
            runner.start(updated)
        return updated

    def _success(self, summary: dict[str, JsonValue]) -> Change:
        now, event_id = self.clock.now(), EventId(self.ids.next())

        def change(sweep: Sweep) -> tuple[Sweep, tuple[Event, ...]]:
            ended = sweep.succeeded(summary, now)
            if ended is sweep:
                return sweep, ()
            runs = summary.get("runs")
            event = SweepCompleted(
                id=event_id,
                occurred_at=now,
                correlation_id=sweep.correlation_id,
                tenant=sweep.tenant,
                sweep_id=sweep.id,
                runs=runs if isinstance(runs, int) else sweep.runs or 0,
            )
            return ended, (event,)

        return change

    def _failure(self, reason: str) -> Change:
        now, event_id = self.clock.now(), EventId(self.ids.next())
        reason = reason[:_ERROR_LIMIT]

        def change(sweep: Sweep) -> tuple[Sweep, tuple[Event, ...]]:
            ended = sweep.failed(reason, now)
            if ended is sweep:
                return sweep, ()
            event = SweepFailed(
                id=event_id,
                occurred_at=now,
                correlation_id=sweep.correlation_id,
                tenant=sweep.tenant,
                sweep_id=sweep.id,
                reason=reason,
            )
            return ended, (event,)

        return change

    def _cancellation(self, cancelled_by: UserId) -> Change:
        now, event_id = self.clock.now(), EventId(self.ids.next())

        def change(sweep: Sweep) -> tuple[Sweep, tuple[Event, ...]]:
            ended = sweep.cancelled(now)
            if ended is sweep:
                return sweep, ()
            event = SweepCancelled(
                id=event_id,
                occurred_at=now,
                correlation_id=sweep.correlation_id,
                tenant=sweep.tenant,
                sweep_id=sweep.id,
                cancelled_by=cancelled_by,
            )
            return ended, (event,)

        return change

    def _requested(self, sweep: Sweep) -> SweepRequested:
        return SweepRequested(
            id=EventId(self.ids.next()),
            occurred_at=sweep.requested_at,
            correlation_id=sweep.correlation_id,
            tenant=sweep.tenant,
            sweep_id=sweep.id,
        )


def check_key(idempotency_key: str) -> None:
    """Refuse an idempotency key that cannot be kept."""
    if not 1 <= len(idempotency_key) <= _KEY_LIMIT or not idempotency_key.isprintable():
        expected = f"1 to {_KEY_LIMIT} printable characters"
        raise Invalid("idempotency_key", expected, idempotency_key)


def shards_done(sweep_id: SweepId, blobs: Blobs) -> int:
    """Count the shards that have a result: how far a running sweep is."""
    return len(blobs.list(Keys(sweep_id).results))
