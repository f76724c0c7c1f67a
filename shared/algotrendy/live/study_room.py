"""Look studies up where backtesting keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.kernel.ids import TenantId
from algotrendy.live.studied import Studied, StudyKind, of_sweep, of_walk


@dataclass(frozen=True, slots=True)
class BacktestStudies:
    """Is the ``StudyRoom`` over the use cases of backtesting."""

    sweeps: Sweeps
    walks: WalkForwards

    def studied(self, tenant: TenantId, kind: StudyKind, study_id: UUID) -> Studied:
        """Read what a study of the tenant proves."""
        if kind == "sweep":
            return of_sweep(self.sweeps.get(tenant, study_id))
        return of_walk(self.walks.get(tenant, study_id))

    def trials(self, tenant: TenantId, symbols: Sequence[str], first: date, last: date) -> int:
        """Count all trials on these symbols at dates that overlap."""
        return self.sweeps.trials.tried_on(tenant, symbols, first, last).trials
