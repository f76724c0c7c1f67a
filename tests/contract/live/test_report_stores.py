"""Reports of parity are kept alike by the fake in memory and by PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from algotrendy.kernel.ids import TenantId
from algotrendy.live.adapters.postgres_reports import PostgresPaperRecords, PostgresReports
from algotrendy.live.parity.kept import KeptReport, Reports
from algotrendy.live.registry_ports import PaperRecord, PaperRecords
from algotrendy.platform.bus import Outbox
from fakes.kept_reports import a_report
from fakes.memory_reports import MemoryReports

DEMO = TenantId("demo")
OTHER = UUID("019b0000-0000-7000-8000-000000000002")


@dataclass(frozen=True, slots=True)
class Stores:
    """Where reports are kept, and what reads them for the gate."""

    reports: Reports
    paper: PaperRecords


@pytest.fixture(params=["memory", "postgres"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        memory = MemoryReports()
        return Stores(memory, memory)
    database = request.getfixturevalue("database")
    return Stores(PostgresReports(database, Outbox()), PostgresPaperRecords(database))


@pytest.fixture(scope="module")
def report() -> KeptReport:
    return a_report(days=40)


def changed(report: KeptReport, change: Callable[[dict[str, Any]], object]) -> KeptReport:
    document = {**report.document, "days": [dict(day) for day in report.document["days"]]}
    change(document)
    return replace(report, document=document)


def test_a_report_is_read_as_it_was_kept(stores: Stores, report: KeptReport) -> None:
    stores.reports.put(report, ())

    assert stores.reports.find(report.run.run_id) == report
    assert stores.reports.find(OTHER) is None


def test_a_new_report_takes_the_place_of_the_one_before(stores: Stores, report: KeptReport) -> None:
    later = changed(report, lambda document: document.update(unexplained=2))

    stores.reports.put(report, ())
    stores.reports.put(later, ())

    assert stores.reports.find(report.run.run_id) == later


def test_paper_counts_sessions_and_decisions(stores: Stores, report: KeptReport) -> None:
    stores.reports.put(report, ())

    found = stores.paper.of(DEMO, "trend", 3, 20)

    assert found == PaperRecord(40, 0, report.document["decisions"])
    assert stores.paper.of(DEMO, "trend", 4, 20) == PaperRecord()
    assert stores.paper.of(TenantId("else"), "trend", 3, 20) == PaperRecord()


def test_unexplained_differences_count_in_the_newest_sessions_alone(
    stores: Stores, report: KeptReport
) -> None:
    def fault(document: dict[str, Any]) -> None:
        document["days"][0]["unexplained"] = 1
        document["days"][-1]["unexplained"] = 2

    stores.reports.put(changed(report, fault), ())

    assert stores.paper.of(DEMO, "trend", 3, 20).unexplained == 2
    assert stores.paper.of(DEMO, "trend", 3, 40).unexplained == 3


def test_a_session_counts_once_however_many_runs_there_were(
    stores: Stores, report: KeptReport
) -> None:
    other = replace(report, run=replace(report.run, run_id=OTHER))

    stores.reports.put(report, ())
    stores.reports.put(other, ())

    found = stores.paper.of(DEMO, "trend", 3, 20)
    assert (found.sessions, found.decisions) == (40, 2 * report.document["decisions"])


def test_live_runs_are_no_paper(stores: Stores, report: KeptReport) -> None:
    stores.reports.put(replace(report, run=replace(report.run, stage="live")), ())

    assert stores.paper.of(DEMO, "trend", 3, 20) == PaperRecord()
