"""Build what operations run on, from the settings, on first use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.operations.key_rotation import KeyRotation
    from algotrendy.operations.status.board import Board
    from algotrendy.operations.status.ports import Pages
    from algotrendy.operations.status.watching import Watch
    from algotrendy.operations.traces.finding import Runs
    from algotrendy.operations.traces.lines import Log
    from algotrendy.platform.data_age import DataAge

KEEP_PUBLISHED = timedelta(days=30)


def relay_committed() -> int:
    """Publish events that were committed and not yet sent, and say how many went out."""
    from algotrendy.platform.bus import EventBridgePublisher, relay
    from algotrendy.platform.database import database

    return relay(database(), EventBridgePublisher(settings().need("event_bus")))


def note_relayed() -> None:
    """Note that the relay came to its end, by which others see that it runs."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.operations.adapters.ages import note_relay
    from algotrendy.platform.database import database

    note_relay(database(), SystemClock().now())


def purge_published() -> int:
    """Delete events that were published long enough ago, and say how many."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database

    before = SystemClock().now() - KEEP_PUBLISHED
    return database().run(lambda tx: Outbox.purge(tx, before))


def deployed_log(stage: str) -> Log:
    """Give all that the functions and services of a stage wrote, in CloudWatch Logs."""
    from algotrendy.operations.adapters.cloudwatch_lines import CloudWatchLines
    from algotrendy.platform import aws

    prefixes = [f"/aws/{kind}/algotrendy-{stage}-" for kind in ("lambda", "ecs")]
    return CloudWatchLines(aws.client("logs"), prefixes, lambda: aws.translated("logs"))


def deployed_runs() -> Runs:
    """Give what Step Functions remembers of workflows."""
    from algotrendy.operations.adapters.workflow_runs import WorkflowRuns
    from algotrendy.platform import aws

    return WorkflowRuns(aws.client("stepfunctions"), lambda: aws.translated("workflows"))


def key_rotation() -> KeyRotation:
    """Rotate the keys of this stage's brokers."""
    from algotrendy.operations.adapters.broker_keys import AccountOfKey, VersionsInSecretsManager
    from algotrendy.operations.key_rotation import KeyRotation
    from algotrendy.platform import aws

    chosen = settings()
    return KeyRotation(
        VersionsInSecretsManager(aws.client("secretsmanager")),
        offered=f"algotrendy/{chosen.stage}/broker-accounts-next",
        identify=AccountOfKey(stage_live=chosen.live_trading),
        restart=_restart_execution,
    )


def _restart_execution() -> None:
    from algotrendy.platform import aws

    # On a laptop the supervisor's process is begun anew by hand.
    if (place := settings().execution_service) is not None:
        cluster, service = place.split("/")
        with aws.translated("ECS"):
            aws.client("ecs").update_service(
                cluster=cluster, service=service, forceNewDeployment=True
            )


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()


def oldest_event() -> DataAge:
    """Give since when the oldest event waits to be published."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.operations.adapters.ages import oldest_waiting
    from algotrendy.platform.database import database

    return oldest_waiting(database(), SystemClock().now())


def last_relay() -> DataAge:
    """Give when the scheduled relay was last done."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.operations.adapters.ages import last_relay as last
    from algotrendy.platform.database import database

    return last(database(), SystemClock().now())


def read_status() -> Board:
    """Give what the status page knows, from where the setting ``status_url`` says."""
    from algotrendy.operations.adapters.board_stores import board_store_at

    return board_store_at(settings().need("status_url")).load().board


def change_status(work: Callable[[Board], Board]) -> Board:
    """Change what the status page says, and show it at once; gives what it became."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.operations.adapters.board_stores import board_store_at
    from algotrendy.operations.status.page import pages_of
    from algotrendy.operations.status.watching import change

    url = settings().need("status_url")
    board = change(board_store_at(url), work)
    _public_pages(url).publish(pages_of(board, SystemClock().now()))
    return board


def look_at_status() -> Board:
    """Look at every component once, keep what was seen, and show it."""
    return status_watch().look()


@cache
def status_watch() -> Watch:
    """Give what looks at the components: from outside, at the setting ``api_url``."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.operations.adapters.board_stores import board_store_at
    from algotrendy.operations.adapters.deployed_doors import DeployedDoors
    from algotrendy.operations.adapters.http_prober import HttpProber
    from algotrendy.operations.status.watching import Watch
    from algotrendy.platform.blobs import blobs_at

    url = settings().need("status_url")
    prober = HttpProber(DeployedDoors(settings().need, blobs_at(url)))
    return Watch(board_store_at(url), _public_pages(url), prober, SystemClock())


def _public_pages(url: str) -> Pages:
    from algotrendy.operations.adapters.public_pages import BlobPages, NoPages
    from algotrendy.platform.blobs import blobs_at

    # On a laptop the service draws each page anew from what is kept.
    return NoPages() if url.startswith("file:") else BlobPages(blobs_at(url))
