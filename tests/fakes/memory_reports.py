"""Reports of parity in memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import TenantId
from algotrendy.live.parity.kept import KeptReport
from algotrendy.live.registry_ports import PaperRecord


class MemoryReports:
    """Is the ``Reports``, and the ``PaperRecords``, of a test."""

    def __init__(self) -> None:
        self.kept: dict[UUID, KeptReport] = {}
        self.events: list[Event] = []

    def put(self, report: KeptReport, events: Sequence[Event]) -> None:
        self.kept[report.run.run_id] = report
        self.events += events

    def find(self, run_id: UUID) -> KeptReport | None:
        return self.kept.get(run_id)

    def of(self, tenant: TenantId, name: str, version: int, sessions: int) -> PaperRecord:
        days: dict[str, list[int]] = {}
        for report in self.kept.values():
            run = report.run
            if (run.tenant, run.name, run.version, run.stage) != (tenant, name, version, "paper"):
                continue
            for day in report.document["days"]:
                found = days.setdefault(day["day"], [0, 0])
                found[0] += day["decisions"]
                found[1] += day["unexplained"]
        newest = sorted(days, reverse=True)[:sessions]
        return PaperRecord(
            sessions=len(days),
            unexplained=sum(days[day][1] for day in newest),
            decisions=sum(decisions for decisions, _ in days.values()),
        )
