"""Note when a duty on a schedule came to its end, and ask how long ago that was."""

from __future__ import annotations

from datetime import datetime

from algotrendy.platform.database import Transaction


def beat(tx: Transaction, name: str, now: datetime) -> None:
    """Note that a duty is done; an older word never takes the place of a newer one."""
    tx.execute(
        "INSERT INTO heartbeats (name, at) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE heartbeats.at < excluded.at",
        [name, now],
    )


def last_beat(tx: Transaction, name: str) -> datetime | None:
    """Give when a duty was last done; None: never."""
    row = tx.execute("SELECT at FROM heartbeats WHERE name = %s", [name]).fetchone()
    return None if row is None else row["at"]
