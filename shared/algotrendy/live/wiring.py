"""Build what live strategies stand on, from the settings, on first use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import AccountId, Uuid7s
from algotrendy.live.commands import RunDesk
from algotrendy.live.nudging import Called, Nudger
from algotrendy.live.order_waking import OrderWaker
from algotrendy.live.parity.kept import Reports
from algotrendy.live.ports import LiveLedger, Mind, RunBars
from algotrendy.live.registry import Registry
from algotrendy.live.registry_ports import LiveSwitches, PaperRecords
from algotrendy.live.running import Runner
from algotrendy.live.standing import RunSwitches, Switches
from algotrendy.live.watching import Watcher
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.live.parity.reporting import Reporter


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


@cache
def live_ledger() -> LiveLedger:
    """Give the ledger with the runs of strategies in it."""
    from algotrendy.live.adapters.postgres_runs import PostgresLiveLedger
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database
    from algotrendy.trading.adapters.postgres import PostgresLedger

    return PostgresLiveLedger(PostgresLedger(database(), Outbox()))


@cache
def mind() -> Mind:
    """Give what calls strategies, in a child of this process."""
    from algotrendy.live.adapters.child_mind import ChildMind

    return ChildMind()


@cache
def run_bars() -> RunBars:
    """Give the bars of runs, from the lake at the setting ``lake_url``."""
    from algotrendy.live.adapters.lake_bars_of_run import LakeBarsOfRun
    from algotrendy.market_data import wiring as market_data

    return LakeBarsOfRun(market_data.bar_store())


@cache
def order_waker() -> OrderWaker:
    """Give what starts the workflows of orders and wakes the execution service."""
    from algotrendy.trading import wiring as trading

    return OrderWaker(trading.sagas(), trading.saga(), trading.bell())


@cache
def run_desk() -> RunDesk:
    """Give the use cases of those who start, pause and end runs."""
    clock = SystemClock()
    return RunDesk(
        live_ledger(),
        registry().store,
        run_bars(),
        mind(),
        run_switches(),
        order_waker(),
        clock,
        Uuid7s(clock),
    )


@cache
def runner() -> Runner:
    """Give what leads runs on."""
    clock = SystemClock()
    return Runner(live_ledger(), run_bars(), mind(), run_switches(), order_waker(), clock)


def watch() -> Watcher:
    """Give what finds runs whose bars stay away, and leads those that end to their end."""
    return Watcher(live_ledger(), run_bars(), run_desk(), SystemClock())


@cache
def reporter() -> Reporter:
    """Give what replays runs through the backtest engine, and reports how they differ."""
    from algotrendy.live.parity.history import LedgerHistories
    from algotrendy.live.parity.reporting import Reporter
    from algotrendy.platform.telemetry import correlation_id

    clock = SystemClock()
    histories = LedgerHistories(live_ledger(), run_bars())
    return Reporter(histories, reports(), clock, Uuid7s(clock), correlation_id)


def run_switches() -> Switches:
    """Give what says whether orders of a run may cost money now."""
    return RunSwitches(live_switches, _is_live_account)


def _is_live_account(account: AccountId) -> bool:
    """Say whether an account's own switch is on; one that the settings do not name costs nothing.

    Whether an order may leave is asked once more where it is sent, by who knows the broker.
    """
    from algotrendy.trading import wiring as trading

    found = [each for each in trading.traded_accounts() if each.account.id == account]
    return any(each.connection.live for each in found)


def called() -> Sequence[Called]:
    """Give every run that still decides, and when it is called."""
    runs = live_ledger().run(lambda _, live: live.open_runs())
    return [
        Called(run.id, run.content.symbols, run.content.timeframe.value, run.content.schedule)
        for run in runs
        if run.decides
    ]


@cache
def nudger() -> Nudger:
    """Give who nudges runs, over the queue at the setting ``live_queue_url``."""
    from algotrendy.live.adapters.sqs_nudges import SqsNudges

    return Nudger(called, SqsNudges(settings().need("live_queue_url")), SystemClock())


def publish_committed() -> None:
    """Publish events that were committed; what fails now, the relay publishes within a minute."""
    from algotrendy.platform.bus import EventBridgePublisher, relay_soon
    from algotrendy.platform.database import database

    relay_soon(database(), EventBridgePublisher(settings().need("event_bus")))


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()
