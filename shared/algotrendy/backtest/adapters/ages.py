"""Tell how long the oldest study waits for its workflow to begin."""

from __future__ import annotations

from datetime import datetime

from algotrendy.backtest.lifecycle import StudyStatus
from algotrendy.platform.data_age import DataAge
from algotrendy.platform.database import Database, Transaction

LATE_S = 300.0
"""What was lost on the way is started again each minute."""
_TABLES = ("sweeps", "walk_forwards")


def oldest_study(database: Database, now: datetime) -> DataAge:
    """Tell since when the oldest study waits that was asked for and has not begun."""

    def read(tx: Transaction) -> datetime | None:
        found = [
            tx.execute(
                f"SELECT min(updated_at) AS at FROM {table} WHERE status = %s".encode(),  # noqa: S608
                [StudyStatus.REQUESTED.value],
            ).fetchone()
            for table in _TABLES
        ]
        return min((row["at"] for row in found if row and row["at"] is not None), default=None)

    return DataAge("oldest study that waits", database.run(read), now, LATE_S)
