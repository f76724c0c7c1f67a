"""Tell how long ago the execution service wrote, and compared accounts with their brokers."""

from __future__ import annotations

from datetime import datetime, timedelta

from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import time_of
from algotrendy.platform.data_age import DataAge
from algotrendy.platform.database import Database, Transaction
from algotrendy.trading.execution.lease import TTL_S, lease_name
from algotrendy.trading.execution.reports import RECONCILIATION

GONE_S = 60.0
"""A service that has renewed no lease for so long is not there: a restart takes less."""
LATE_S = 2 * 3600.0
"""A comparison that finds nothing is told once an hour."""


def last_renewal(database: Database, now: datetime) -> DataAge:
    """Tell when the execution service last renewed the lease of any account.

    Raises:
        Unavailable: If that is so long ago that nobody sends orders.
    """

    def read(tx: Transaction) -> datetime | None:
        row = tx.execute("SELECT max(expires_at) AS at FROM ledger_leases").fetchone()
        return None if row is None else row["at"]

    until = database.run(read)
    at = None if until is None else min(until - timedelta(seconds=TTL_S), now)
    age = DataAge("last word of the execution service", at, now, GONE_S)
    if age.is_late:
        raise Unavailable("execution service", f"it wrote nothing for {age.age_s:.0f} s")
    return age


def oldest_comparison(database: Database, now: datetime) -> DataAge:
    """Tell when the account that was compared with its broker the longest ago was.

    Of the accounts that are served now; none has a name here, for anybody may ask.
    """

    def read(tx: Transaction) -> list[datetime]:
        leases = tx.execute("SELECT name FROM ledger_leases WHERE expires_at > %s", [now])
        served = {lease["name"] for lease in leases.fetchall()}
        roots = tx.execute("SELECT id FROM ledger_accounts WHERE id = root").fetchall()
        found = []
        for account in roots:
            if lease_name(account["id"]) not in served:
                continue
            row = tx.execute(
                "SELECT id FROM ledger_documents WHERE kind = %s AND root = %s"
                " ORDER BY id DESC LIMIT 1",
                [RECONCILIATION, account["id"]],
            ).fetchone()
            if row is not None:
                found.append(time_of(row["id"]))
        return found

    times = database.run(read)
    at = min(times, default=None)
    return DataAge("oldest report of a comparison with a broker", at, now, LATE_S)
