"""Record the trials of a walk forward in the ledger, a batch a window."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.trials import Kind, Tally
from algotrendy.backtest.validation.ports import WindowTrials
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.kernel.instrument import Symbol


@dataclass(frozen=True, slots=True)
class LedgerSink:
    """Counts what was tried in each window on the data of its in-sample part.

    A walk that goes on after a kill, or is made again, finds its windows recorded.

    Attributes:
        sha256: Of all that decides the results: the request, the data, the code.
        days: Of each bar of the series, as ``Windows.cut`` was given them.
    """

    ledger: TrialLedger
    sha256: str
    strategy: str
    version: str
    symbols: tuple[Symbol, ...]
    timeframe: Timeframe
    days: Sequence[date]
    periods_per_year: float
    tenant: TenantId
    recorded_by: UserId
    correlation_id: CorrelationId

    def record(self, trials: WindowTrials) -> None:
        """Count the trials of a window.

        Raises:
            Conflict: If the same window is recorded with other figures.
        """
        if not trials.count:
            return
        seen = trials.window.in_sample
        tally = Tally(
            symbols=tuple(sorted(self.symbols)),
            timeframe=self.timeframe,
            first=self.days[seen.start],
            last=self.days[seen.stop - 1],
            periods_per_year=self.periods_per_year,
            # The first bar of a run has no return.
            observations=max(1, len(seen) - 1),
            trials=trials.count,
            sharpe=trials.sharpe,
            best=trials.best,
        )
        self.ledger.record(
            hashlib.sha256(f"{self.sha256}:{trials.window.number}".encode()).hexdigest(),
            Kind.WALK_FORWARD,
            self.strategy,
            self.version,
            [tally],
            tenant=self.tenant,
            recorded_by=self.recorded_by,
            correlation_id=self.correlation_id,
        )
