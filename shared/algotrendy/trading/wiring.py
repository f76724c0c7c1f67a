"""Build what the order path runs on, from the settings, on first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.ids import Ids, Uuid7s
from algotrendy.platform.settings import settings
from algotrendy.trading.ledger import Ledger
from algotrendy.trading.ports import Bell, Sagas

if TYPE_CHECKING:
    from algotrendy.platform.data_age import DataAge
    from algotrendy.risk.records import KillSwitch
    from algotrendy.trading.adapters.account_settings import TradedAccount
    from algotrendy.trading.adapters.execution_process import Execution
    from algotrendy.trading.execution.lease import Monotonic
    from algotrendy.trading.intake import Intake
    from algotrendy.trading.parents.intake import ParentIntake
    from algotrendy.trading.risk_control import RiskControl
    from algotrendy.trading.saga import OrderSaga
    from algotrendy.trading.sweeper import Sweeper


@cache
def ledger() -> Ledger:
    """Give the ledger, over the database of the setting ``database_url``."""
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database
    from algotrendy.trading.adapters.postgres.ledger import PostgresLedger

    return PostgresLedger(database(), Outbox())


@cache
def ids() -> Ids:
    """Give what makes ids in this process."""
    return Uuid7s(SystemClock())


@cache
def sagas() -> Sagas:
    """Give the workflows of orders: the setting ``order_state_machine_arn``."""
    from algotrendy.platform.workflows import StepFunctionsWorkflows, TaskTokens
    from algotrendy.trading.adapters.order_workflows import OrderWorkflows

    machine = StepFunctionsWorkflows(settings().need("order_state_machine_arn"))
    return OrderWorkflows(machine, TaskTokens())


@cache
def bell() -> Bell:
    """Give what wakes the execution service: the queue of the setting ``order_queue_url``."""
    from algotrendy.trading.adapters.sqs_bell import SqsBell

    return SqsBell(settings().need("order_queue_url"))


@cache
def intake() -> Intake:
    """Give the door for orders."""
    from algotrendy.trading.adapters.counted_intake import CountedIntake

    return CountedIntake(ledger(), sagas(), bell(), SystemClock(), ids())


@cache
def parent_intake() -> ParentIntake:
    """Give the door for parent orders."""
    from algotrendy.trading.parents.intake import ParentIntake

    return ParentIntake(ledger(), bell(), SystemClock(), ids())


@cache
def risk_control() -> RiskControl:
    """Give the use cases of those who watch over risk."""
    from algotrendy.trading.risk_control import RiskControl

    return RiskControl(ledger(), SystemClock(), ids())


@cache
def saga() -> OrderSaga:
    """Give the steps of an order's workflow."""
    from algotrendy.trading.saga import OrderSaga

    return OrderSaga(ledger(), sagas(), bell(), SystemClock(), ids())


@cache
def sweeper() -> Sweeper:
    """Give what leads lost orders on."""
    from algotrendy.trading.sweeper import Sweeper

    return Sweeper(ledger(), sagas(), SystemClock())


def pull_due_kill_switches() -> tuple[KillSwitch, ...]:
    """Pull every scheduled kill switch whose time has come; give those that were pulled."""
    from algotrendy.trading.risk_control import pull_due

    return pull_due(ledger(), SystemClock(), ids())


def publish_committed() -> None:
    """Publish events that were committed; what fails now, the relay publishes within a minute."""
    from algotrendy.platform.bus import EventBridgePublisher, relay_soon
    from algotrendy.platform.database import database

    relay_soon(database(), EventBridgePublisher(settings().need("event_bus")))


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()


def last_execution() -> DataAge:
    """Give when the execution service last wrote; raise where it is gone."""
    from algotrendy.platform.database import database
    from algotrendy.trading.adapters.ages import last_renewal

    return last_renewal(database(), SystemClock().now())


def last_reconciliation() -> DataAge:
    """Give when the account that was compared the longest ago was compared with its broker."""
    from algotrendy.platform.database import database
    from algotrendy.trading.adapters.ages import oldest_comparison

    return oldest_comparison(database(), SystemClock().now())


@cache
def traded_accounts() -> tuple[TradedAccount, ...]:
    """Give the accounts of the setting ``broker_accounts``, else that of the paper exchange."""
    from algotrendy.trading.adapters.account_settings import read_accounts

    found = settings()
    return read_accounts(
        found.optional("broker_accounts"), found.optional("exchange_url"), SystemClock().now()
    )


def execution(holder: str, monotonic: Monotonic) -> Execution:
    """Make the execution service of this process, on its running loop.

    Args:
        holder: Names this process, and no other one that ever was.
        monotonic: Seconds of a clock that never steps, and counts a sleep of the machine as well.
    """
    from algotrendy.trading.adapters.execution_process import Execution
    from algotrendy.trading.adapters.sqs_bell import SqsRings

    queue_url = settings().need("order_queue_url")
    return Execution(traded_accounts(), ledger(), SqsRings(queue_url), sagas(), holder, monotonic)
