"""Report of runs whether they did what their backtest does: one run, or every night all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, EventId, Ids
from algotrendy.live.events import ParityReported, ParityUnexplained
from algotrendy.live.parity.kept import KeptReport, Reports, RunIdentity
from algotrendy.live.parity.records import RunRecord
from algotrendy.live.parity.replay import replay
from algotrendy.live.parity.report import described


class Histories(Protocol):
    """Knows what runs did."""

    def identity(self, run_id: UUID) -> RunIdentity:
        """Say which run this is; NotFound when there is none."""
        ...

    def record(self, run_id: UUID) -> RunRecord:
        """Read a run whole.

        Raises:
            NotFound: If there is no such run.
            Conflict: If it was told of no bar yet.
        """
        ...

    def running_on(self, day: date) -> Sequence[UUID]:
        """Give the runs that were told of bars on a day or later."""
        ...


@dataclass(frozen=True, slots=True)
class NightOfReports:
    """What one night came to.

    Attributes:
        failed: Runs that could not be replayed, with the reason.
    """

    reports: tuple[KeptReport, ...]
    failed: tuple[tuple[UUID, str], ...]

    @property
    def unexplained(self) -> int:
        """Count the differences of all reports of which nobody knows why."""
        return sum(int(each.document["unexplained"]) for each in self.reports)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Replays runs, and keeps what came of it.

    Attributes:
        correlation_id: Gives the one of the request, or a new one.
    """

    histories: Histories
    reports: Reports
    clock: Clock
    ids: Ids
    correlation_id: Callable[[], CorrelationId]

    def report(self, run_id: UUID) -> KeptReport:
        """Replay a run from its first step to its last, and keep the report.

        What a day's decisions stand on goes back to the run's first bar, and so does each replay;
        the report counts every day by itself.
        """
        run = self.histories.identity(run_id)
        document = described(replay(self.histories.record(run_id)))
        kept = KeptReport(run=run, made_at=self.clock.now(), document=document)
        self.reports.put(kept, [self._event(kept)])
        return kept

    def report_night(self, day: date) -> NightOfReports:
        """Replay every run told of bars on a day or later; one that cannot be stops no other."""
        made, failed = [], []
        for run_id in self.histories.running_on(day):
            try:
                made.append(self.report(run_id))
            except AlgoTrendyError as error:
                failed.append((run_id, str(error)))
        return NightOfReports(tuple(made), tuple(failed))

    def newest(self, run_id: UUID) -> KeptReport | None:
        """Read the newest report of a run; None where it has none yet."""
        return self.reports.find(run_id)

    def _event(self, kept: KeptReport) -> Event:
        found = kept.document
        told: dict[str, Any] = {
            "id": EventId(self.ids.next()),
            "tenant": kept.run.tenant,
            "occurred_at": kept.made_at,
            "correlation_id": self.correlation_id(),
            "run_id": kept.run.run_id,
            "account": kept.run.account,
            "strategy": found["version"],
            "decisions": found["decisions"],
            "orders": found["orders"],
        }
        if not found["unexplained"]:
            return ParityReported(**told)
        last = date.fromisoformat(found["last"][:10])
        return ParityUnexplained(**told, unexplained=found["unexplained"], last_day=last)
