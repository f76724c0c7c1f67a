"""Tell how old what the platform as a whole depends on is."""

from __future__ import annotations

from datetime import datetime

from algotrendy.platform.data_age import DataAge
from algotrendy.platform.database import Database, Transaction
from algotrendy.platform.heartbeats import beat, last_beat

RELAY = "relay_outbox"
LATE_S = 180.0
"""The relay comes each minute: what has waited for longer was passed over twice."""


def oldest_waiting(database: Database, now: datetime) -> DataAge:
    """Tell since when the oldest event of the outbox waits."""

    def read(tx: Transaction) -> datetime | None:
        row = tx.execute(
            "SELECT occurred_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1"
        ).fetchone()
        return None if row is None else row["occurred_at"]

    return DataAge("oldest event that waits", database.run(read), now, LATE_S)


def last_relay(database: Database, now: datetime) -> DataAge:
    """Tell when the scheduled relay was last done."""
    at = database.run(lambda tx: last_beat(tx, RELAY))
    return DataAge("last run of the relay", at, now, LATE_S)


def note_relay(database: Database, now: datetime) -> None:
    """Note that the scheduled relay is done."""
    database.run(lambda tx: beat(tx, RELAY, now))
