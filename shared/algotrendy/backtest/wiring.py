"""Build what backtesting runs on, from the settings, on first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from algotrendy.backtest.ports import SweepRunner
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.ids import Uuid7s
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.platform.blobs import Blobs


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


@cache
def walk_forwards() -> WalkForwards:
    """Give the use cases of walk-forwards, over the database of ``database_url``."""
    from algotrendy.backtest.adapters.postgres_walks import PostgresWalks
    from algotrendy.platform.database import database

    clock = SystemClock()
    return WalkForwards(PostgresWalks(database()), clock, Uuid7s(clock))


@cache
def results() -> Blobs:
    """Give where plans, results and reports lie: the setting ``results_url``."""
    from algotrendy.platform.blobs import blobs_at

    return blobs_at(settings().need("results_url"))


@cache
def runner() -> SweepRunner:
    """Give what runs sweeps: the workflow of the setting ``sweep_state_machine_arn``."""
    from algotrendy.backtest.adapters.workflow_runner import WorkflowRunner
    from algotrendy.platform.workflows import StepFunctionsWorkflows

    return WorkflowRunner(StepFunctionsWorkflows(settings().need("sweep_state_machine_arn")))


def publish_committed() -> None:
    """Publish events that were committed; what fails now, the relay publishes within a minute."""
    from algotrendy.platform.bus import EventBridgePublisher, relay_soon
    from algotrendy.platform.database import database

    relay_soon(database(), EventBridgePublisher(settings().need("event_bus")))


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()


def check_results() -> None:
    """Raise unless the place of the results answers."""
    results().exists("ready")
