"""Run a small walk forward when it is asked for, and keep what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NewType, Protocol
from uuid import UUID

from algotrendy.backtest.admission import admit_walk
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.sweeps import LIST_LIMIT, check_key
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from algotrendy.kernel.ids import CorrelationId, Ids, TenantId, UserId
from algotrendy.market_data.ports import BarStore

if TYPE_CHECKING:
    from algotrendy.backtest.validation.walk_plan import WalkPlan

WalkForwardId = NewType("WalkForwardId", UUID)

# A request waits 29 seconds at most; an interpreted run takes some 300,000 bars a second there.
WORK_LIMIT = 1_500_000
"""Bars, times combinations, that a request may run over in sample."""
BARS_LIMIT = 10_000
"""Bars of a request: its curve has to fit into a row of the database."""


@dataclass(frozen=True, slots=True)
class DoneWalk:
    """A walk forward that is done.

    Attributes:
        summary: What came of it, without the curve; see ``WalkForwardOutcome.to_json``.
        idempotency_key: The caller's; a second request with it is the same walk.
    """

    id: WalkForwardId
    tenant: TenantId
    requested_by: UserId
    idempotency_key: str
    correlation_id: CorrelationId
    made_at: datetime
    spec: WalkForwardSpec
    summary: Mapping[str, Any]


Curve = Mapping[str, Any]
"""``time``, nanoseconds UTC, and ``wealth``, what 1 became by then, out of sample."""


class WalkForwardStore(Protocol):
    """Keeps walk-forwards; what is kept is never changed."""

    def find(self, tenant: TenantId, idempotency_key: str) -> DoneWalk | None:
        """Read the tenant's walk of a key; None when there is none."""
        ...

    def add(self, walk: DoneWalk, curve: Curve) -> DoneWalk:
        """Store a walk, or give the tenant's walk of the same key: also when two callers race."""
        ...

    def get(self, walk_id: WalkForwardId) -> DoneWalk:
        """Read a walk, or raise NotFound."""
        ...

    def curve(self, walk_id: WalkForwardId) -> Curve:
        """Read the curve of a walk, or raise NotFound."""
        ...

    def newest(
        self, tenant: TenantId, limit: int, before: WalkForwardId | None = None
    ) -> list[DoneWalk]:
        """List a tenant's walks, newest id first, at most ``limit``, all older than ``before``."""
        ...


@dataclass(frozen=True, slots=True)
class WalkPage:
    """Some walks, newest first; ``next_before`` asks for the next page, None on the last."""

    walks: list[DoneWalk]
    next_before: WalkForwardId | None


@dataclass(frozen=True, slots=True)
class WalkForwards:
    """The use cases of walk-forwards that are asked for over a wire."""

    store: WalkForwardStore
    clock: Clock
    ids: Ids
    trials: TrialLedger

    def request(
        self,
        spec: WalkForwardSpec,
        bars: BarStore,
        *,
        tenant: TenantId,
        requested_by: UserId,
        idempotency_key: str,
        correlation_id: CorrelationId,
    ) -> DoneWalk:
        """Run a walk forward, count its trials and keep it; the same key again runs nothing.

        Raises:
            Invalid: For what does not fit, or is more work than a request may ask for.
            Conflict: If the key was used for another request.
        """
        check_key(idempotency_key)
        found = self.store.find(tenant, idempotency_key)
        if found is None:
            admit_walk(spec, bars.symbols())
            recorder = Recorder(self.trials, tenant, requested_by, correlation_id)
            summary, curve = _run(spec, bars, recorder)
            walk = DoneWalk(
                id=WalkForwardId(self.ids.next()),
                tenant=tenant,
                requested_by=requested_by,
                idempotency_key=idempotency_key,
                correlation_id=correlation_id,
                made_at=self.clock.now(),
                spec=spec,
                summary=summary,
            )
            found = self.store.add(walk, curve)
        if found.spec != spec:
            raise Conflict(
                f"idempotency key {idempotency_key!r} was used for another request",
                idempotency_key=idempotency_key,
                walk_forward_id=str(found.id),
            )
        return found

    def get(self, tenant: TenantId, walk_id: WalkForwardId) -> DoneWalk:
        """Read a tenant's walk; another tenant's is NotFound too."""
        walk = self.store.get(walk_id)
        if walk.tenant != tenant:
            raise NotFound("walk-forward", walk_id)
        return walk

    def curve(self, tenant: TenantId, walk_id: WalkForwardId) -> Curve:
        """Read the curve of a tenant's walk."""
        return self.store.curve(self.get(tenant, walk_id).id)

    def newest(
        self, tenant: TenantId, limit: int = 20, before: WalkForwardId | None = None
    ) -> WalkPage:
        """List a tenant's walks, newest first."""
        if not 1 <= limit <= LIST_LIMIT:
            raise Invalid("limit", f"between 1 and {LIST_LIMIT}", limit)
        found = self.store.newest(tenant, limit + 1, before)
        more = len(found) > limit
        return WalkPage(found[:limit], found[limit - 1].id if more else None)


def _run(
    spec: WalkForwardSpec, bars: BarStore, recorder: Recorder
) -> tuple[dict[str, Any], dict[str, Any]]:
    # Load numpy: not before there is something to compute.
    from algotrendy.backtest.validation.running import run_walk_forward
    from algotrendy.backtest.validation.walk_plan import plan_walk

    # A kernel that is compiled first would take longer than the run.
    plan = plan_walk(spec, bars, "interpreted")
    _require_little_work(plan)
    found = run_walk_forward(plan, recorder).to_json()
    curve = found.pop("curve")
    return found, curve


def _require_little_work(plan: WalkPlan) -> None:
    if len(plan.dataset) > BARS_LIMIT:
        expected = f"such that there are at most {BARS_LIMIT:,} bars over this wire"
        raise Invalid("start", expected, f"{plan.spec.start}: {len(plan.dataset):,} bars")
    tried = min(plan.space.size, plan.spec.max_runs)
    work = tried * sum(len(window.in_sample) for window in plan.windows)
    if work > WORK_LIMIT:
        expected = (
            f"such that all runs in sample see at most {WORK_LIMIT:,} bars over this wire; "
            "`algotrendy backtest walk-forward` takes any number"
        )
        raise Invalid("max_runs", expected, f"{tried:,}: {work:,} bars")
