"""Build what live strategies stand on, from the settings, on first use."""

from __future__ import annotations

from functools import cache

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import TenantId, Uuid7s
from algotrendy.live.registry import Registry
from algotrendy.live.registry_ports import LiveSwitches, PaperRecord, PaperRecords
from algotrendy.platform.settings import settings


@cache
def registry() -> Registry:
    """Give the use cases of registered strategies, over the database of ``database_url``."""
    from algotrendy.backtest import wiring as backtest
    from algotrendy.identity.adapters.audit_trail import AuditTrail
    from algotrendy.live.adapters.postgres_registry import PostgresRegistry
    from algotrendy.live.study_room import BacktestStudies
    from algotrendy.platform.database import database
    from algotrendy.platform.telemetry import correlation_id

    clock = SystemClock()
    return Registry(
        store=PostgresRegistry(database(), AuditTrail().add),
        studies=BacktestStudies(backtest.sweeps(), backtest.walk_forwards()),
        paper=paper_records(),
        switches=live_switches,
        clock=clock,
        ids=Uuid7s(clock),
        correlation_id=correlation_id,
    )


def paper_records() -> PaperRecords:
    """Give what knows how versions did on paper."""
    return NothingOnPaper()


class NothingOnPaper:
    """Is the ``PaperRecords`` of a deployment without reports: nothing comes to live."""

    def of(self, tenant: TenantId, name: str, version: int, sessions: int) -> PaperRecord:  # noqa: ARG002
        """Tell that there is no session with a report."""
        return PaperRecord()


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
