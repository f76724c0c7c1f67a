"""Build what backtesting runs on, from the settings, on first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.ports import StudyRunner
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import CorrelationId, UserId, Uuid7s, WalkForwardId, parse_tenant
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.platform.blobs import Blobs
    from algotrendy.platform.data_age import DataAge


@cache
def sweeps() -> Sweeps:
    """Give the use cases of sweeps, over the database of the setting ``database_url``."""
    from algotrendy.backtest.adapters.postgres_sweeps import PostgresSweeps
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database

    clock = SystemClock()
    return Sweeps(PostgresSweeps(database(), Outbox()), clock, Uuid7s(clock), trials())


@cache
def trials() -> TrialLedger:
    """Give the use cases of trials, over the database of the setting ``database_url``."""
    from algotrendy.backtest.adapters.postgres_trials import PostgresTrials
    from algotrendy.platform.database import database

    clock = SystemClock()
    return TrialLedger(PostgresTrials(database()), clock, Uuid7s(clock))


def recorder() -> Recorder | None:
    """Give who counts the trials of a notebook; None where the settings name no database.

    It counts for the tenant of the setting ``tenant``. The command line counts for whoever is
    signed in: ``algotrendy.cli.backtest_trials.recorder()``, which a notebook can use too.
    """
    if settings().optional("database_url") is None:
        return None
    correlation = CorrelationId(f"notebook-{Uuid7s(SystemClock()).next()}")
    return Recorder(trials(), parse_tenant(settings().tenant), UserId("notebook"), correlation)


@cache
def walk_forwards() -> WalkForwards:
    """Give the use cases of walk-forwards, over the database of ``database_url``."""
    from algotrendy.backtest.adapters.postgres_walks import PostgresWalks
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database

    clock = SystemClock()
    return WalkForwards(PostgresWalks(database(), Outbox()), clock, Uuid7s(clock))


def recorder_of(walk_id: WalkForwardId) -> Recorder:
    """Give who counts the trials of a walk forward: for whoever asked for it."""
    walk = walk_forwards().store.get(walk_id)
    if walk.status.is_final:
        raise Conflict(f"walk-forward {walk_id} is {walk.status}")
    return Recorder(trials(), walk.tenant, walk.requested_by, walk.correlation_id)


@cache
def results() -> Blobs:
    """Give where plans, results and reports lie: the setting ``results_url``."""
    from algotrendy.platform.blobs import blobs_at

    return blobs_at(settings().need("results_url"))


@cache
def runner() -> StudyRunner:
    """Give what runs sweeps: the workflow of the setting ``sweep_state_machine_arn``."""
    return _runner_of("sweep_state_machine_arn")


@cache
def walk_runner() -> StudyRunner:
    """Give what runs walk-forwards: that of ``walk_forward_state_machine_arn``."""
    return _runner_of("walk_forward_state_machine_arn")


def _runner_of(setting: str) -> StudyRunner:
    from algotrendy.backtest.adapters.workflow_runner import WorkflowRunner
    from algotrendy.platform.workflows import StepFunctionsWorkflows

    return WorkflowRunner(StepFunctionsWorkflows(settings().need(setting)))


def publish_committed() -> None:
    """Publish events that were committed; what fails now, the relay publishes within a minute."""
    from algotrendy.platform.bus import EventBridgePublisher, relay_soon
    from algotrendy.platform.database import database

    relay_soon(database(), EventBridgePublisher(settings().need("event_bus")))


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()


def oldest_study() -> DataAge:
    """Give since when the oldest study waits for its workflow to begin."""
    from algotrendy.backtest.adapters.ages import oldest_study as oldest
    from algotrendy.platform.database import database

    return oldest(database(), SystemClock().now())


def check_results() -> None:
    """Raise unless the place of the results answers."""
    results().exists("ready")
