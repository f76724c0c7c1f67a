"""Build what operations run on, from the settings, on first use."""

from __future__ import annotations

from datetime import timedelta

from algotrendy.platform.settings import settings

KEEP_PUBLISHED = timedelta(days=30)


def relay_committed() -> int:
    """Publish events that were committed and not yet sent, and say how many went out."""
    from algotrendy.platform.bus import EventBridgePublisher, relay
    from algotrendy.platform.database import database

    return relay(database(), EventBridgePublisher(settings().need("event_bus")))


def purge_published() -> int:
    """Delete events that were published long enough ago, and say how many."""
    from algotrendy.kernel.clock import SystemClock
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import database

    before = SystemClock().now() - KEEP_PUBLISHED
    return database().run(lambda tx: Outbox.purge(tx, before))


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()
