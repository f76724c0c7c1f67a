"""Build what live strategies stand on, from the settings, on first use."""

from __future__ import annotations

from functools import cache

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import Uuid7s
from algotrendy.live.parity.reporting import Reports
from algotrendy.live.registry import Registry
from algotrendy.live.registry_ports import LiveSwitches, PaperRecords
from algotrendy.platform.settings import settings


@cache
def registry() -> Registry:
    """Give the use cases of registered strategies, over the database of ``database_url``."""
    from algotrendy.backtest import wiring as backtest
    from algotrendy.identity.adapters.audit_trail import AuditTrail
    from algotrendy.live.adapters.postgres_registry import PostgresRegistry, RunsInPostgres
    from algotrendy.live.study_room import BacktestStudies
    from algotrendy.platform.database import database
    from algotrendy.platform.telemetry import correlation_id

    clock = SystemClock()
    return Registry(
        store=PostgresRegistry(database(), AuditTrail().add),
        studies=BacktestStudies(backtest.sweeps(), backtest.walk_forwards()),
        paper=paper_records(),
        switches=live_switches,
        runs=RunsInPostgres(database()),
        clock=clock,
        ids=Uuid7s(clock),
        correlation_id=correlation_id,
    )


def paper_records() -> PaperRecords:
    """Give what knows how versions did on paper, by the reports of parity."""
    from algotrendy.live.adapters.postgres_reports import PostgresPaperRecords
    from algotrendy.platform.database import database

    return PostgresPaperRecords(database())


@cache
def reports() -> Reports:
    """Give the reports of parity that are kept."""
    from algotrendy.live.adapters.postgres_reports import PostgresReports
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database

    return PostgresReports(database(), Outbox())


def live_switches() -> LiveSwitches:
    """Read the setting of the stage, and the flag as it is now."""
    from algotrendy.platform.flags import known_flags

    try:
        flag = known_flags().live_trading
    except Unavailable:
        flag = None
    return LiveSwitches(stage=settings().live_trading, flag=flag)


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()
