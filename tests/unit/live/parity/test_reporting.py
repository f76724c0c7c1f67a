"""Runs are replayed, their reports kept, and what is unexplained is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import AccountId, CorrelationId, SeededIds
from algotrendy.live.events import ParityReported, ParityUnexplained
from algotrendy.live.parity.kept import RunIdentity
from algotrendy.live.parity.records import RunRecord
from algotrendy.live.parity.reporting import Reporter
from algotrendy.strategy.library import strategy_named
from fakes.live_worlds import RUN, Broker, live_run, wandering
from fakes.memory_reports import MemoryReports

NIGHT = datetime(2024, 6, 8, 2, tzinfo=UTC)
OTHER = UUID("019b0000-0000-7000-8000-000000000002")
SMA = strategy_named("sma_cross")


def record(broker: Broker | None = None) -> RunRecord:
    return live_run(wandering(100), SMA, broker, values={"fast": 3, "slow": 8})


@dataclass
class Histories:
    """Runs as they are."""

    records: dict[UUID, RunRecord] = field(default_factory=dict)

    def identity(self, run_id: UUID) -> RunIdentity:
        found = self.records.get(run_id)
        if found is None:
            raise NotFound("strategy run", run_id)
        account = AccountId(found.account)
        return RunIdentity(
            run_id=run_id,
            tenant=found.tenant,
            account=account,
            name="trend",
            version=3,
            stage="paper",
        )

    def record(self, run_id: UUID) -> RunRecord:
        found = self.records[run_id]
        if not found.steps:
            raise Conflict(f"run {run_id} was told of no bar yet")
        return found

    def running_on(self, day: date) -> Sequence[UUID]:
        return list(self.records) if day == date(2024, 6, 7) else []


@pytest.fixture
def histories() -> Histories:
    return Histories({RUN: record()})


@pytest.fixture
def reports() -> MemoryReports:
    return MemoryReports()


@pytest.fixture
def reporter(histories: Histories, reports: MemoryReports) -> Reporter:
    clock = ManualClock(NIGHT)
    return Reporter(histories, reports, clock, SeededIds(1, clock), lambda: CorrelationId("night"))


def test_a_report_is_kept_with_what_it_came_to(reporter: Reporter) -> None:
    made = reporter.report(RUN)

    assert reporter.newest(RUN) == made
    assert made.document["unexplained"] == 0
    assert made.made_at == NIGHT


def test_a_report_without_a_fault_is_told_as_one(
    reporter: Reporter, reports: MemoryReports
) -> None:
    reporter.report(RUN)

    (event,) = reports.events
    assert isinstance(event, ParityReported)
    assert (event.run_id, event.strategy, event.occurred_at) == (RUN, "trend@3", NIGHT)


def test_an_unexplained_difference_is_told(
    reporter: Reporter, histories: Histories, reports: MemoryReports
) -> None:
    histories.records[RUN] = record(Broker(loses=frozenset({1})))

    reporter.report(RUN)

    (event,) = reports.events
    assert isinstance(event, ParityUnexplained)
    assert event.unexplained == 1
    assert event.last_day == date(2024, 4, 10)


def test_a_night_replays_every_run_and_one_that_cannot_be_stops_no_other(
    reporter: Reporter, histories: Histories
) -> None:
    histories.records = {OTHER: replace(record(), steps=()), RUN: record()}

    night = reporter.report_night(date(2024, 6, 7))

    assert [each.run.run_id for each in night.reports] == [RUN]
    assert night.failed == ((OTHER, f"run {OTHER} was told of no bar yet"),)
    assert night.unexplained == 0


def test_a_night_on_which_nothing_ran_reports_nothing(reporter: Reporter) -> None:
    assert reporter.report_night(date(2024, 6, 9)).reports == ()


def test_a_run_that_there_is_not_has_no_report(reporter: Reporter) -> None:
    assert reporter.newest(OTHER) is None
    with pytest.raises(NotFound):
        reporter.report(OTHER)
