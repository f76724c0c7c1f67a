"""Keep what came of walk-forwards, so that whoever may look can read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NewType, Protocol
from uuid import UUID

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.plan import digest
from algotrendy.backtest.sweeps import LIST_LIMIT
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.ids import CorrelationId, Ids, TenantId, UserId

if TYPE_CHECKING:
    from algotrendy.backtest.validation.outcome import WalkForwardOutcome

WalkForwardId = NewType("WalkForwardId", UUID)

BARS_LIMIT = 20_000
"""Bars out of sample: the curve has to fit into a column of Aurora DSQL, 1 MiB."""


@dataclass(frozen=True, slots=True)
class DoneWalk:
    """A walk forward that is done.

    Attributes:
        sha256: Of what came of it: the same again is the same walk.
        summary: What came of it, without the curve; see ``WalkForwardOutcome.to_json``.
    """

    id: WalkForwardId
    tenant: TenantId
    requested_by: UserId
    sha256: str
    correlation_id: CorrelationId
    made_at: datetime
    spec: WalkForwardSpec
    summary: Mapping[str, Any]


Curve = Mapping[str, Any]
"""``time``, nanoseconds UTC, and ``wealth``, what 1 became by then, out of sample."""


class WalkForwardStore(Protocol):
    """Keeps walk-forwards; what is kept is never changed."""

    def add(self, walk: DoneWalk, curve: Curve) -> DoneWalk:
        """Store a walk, or give the tenant's walk of the same hash: also when two callers race."""
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
    """The use cases of walk-forwards that are done."""

    store: WalkForwardStore
    clock: Clock
    ids: Ids

    def keep(self, outcome: WalkForwardOutcome, recorder: Recorder) -> DoneWalk:
        """Keep what came of a walk, for whom its trials were counted for; the same again is one.

        Raises:
            Invalid: For more bars out of sample than a row can hold.
        """
        if len(outcome.returns) > BARS_LIMIT:
            expected = f"such that at most {BARS_LIMIT:,} bars are out of sample, to be kept"
            raise Invalid("windows", expected, len(outcome.returns))
        # Loads numpy: not before there is an outcome, which loaded it anyhow.
        from algotrendy.backtest.outputs.json_form import plain

        summary: dict[str, Any] = plain(outcome.to_json())
        curve = summary.pop("curve")
        walk = DoneWalk(
            id=WalkForwardId(self.ids.next()),
            tenant=recorder.tenant,
            requested_by=recorder.recorded_by,
            sha256=digest({"summary": summary, "curve": curve}),
            correlation_id=recorder.correlation_id,
            made_at=self.clock.now(),
            spec=outcome.plan.spec,
            summary=summary,
        )
        return self.store.add(walk, curve)

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
