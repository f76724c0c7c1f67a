"""Let transactions that want the same account come one after the other, and not into conflict.

Repeatable read lets one of two writers commit and makes the other start anew. Of many that want one
account most would only ever start anew. So whoever knows at its beginning what it wants, from its
first statement or from a conflict before, waits there for its turn, first come, first served. That
is courtesy and nothing more: what keeps the ledger right are the rows that they all write.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg.pq import TransactionStatus

from algotrendy.platform.database import Transaction

_LOCK = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"
_LOCK_UNTIL_THE_END = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


class Turns:
    """Waits for the turn of one transaction.

    Args:
        wanted: Names of what this work is known to want, which later runs of it begin with.
        is_offered: Whether the database has such locks; Aurora DSQL has none.
    """

    def __init__(self, tx: Transaction, wanted: set[str], *, is_offered: bool) -> None:
        self._tx = tx
        self._wanted = wanted
        self._is_offered = is_offered
        self._wait(wanted)

    def take(self, name: str) -> None:
        """Wait for a turn, if nothing was read yet; else remember it for the next run."""
        if name not in self._wanted:
            self._wanted.add(name)
            if self._tx.info.transaction_status is TransactionStatus.IDLE:
                self._wait({name})

    def remember(self, name: str) -> None:
        """Wait for this turn too if the work must run again."""
        self._wanted.add(name)

    def _wait(self, names: Iterable[str]) -> None:
        # In one order, so that nobody waits for who waits for him.
        keys = [f"ledger {name}" for name in sorted(names)]
        if not keys or not self._is_offered:
            return
        try:
            for key in keys:
                self._tx.execute(_LOCK, [key])
            # A transaction sees what was there before its first statement, here before the wait:
            # it ends, and the next one holds the locks as well until its own end.
            self._tx.commit()
            with self._tx.pipeline():
                for key in keys:
                    self._tx.execute(_LOCK_UNTIL_THE_END, [key])
                for key in keys:
                    self._tx.execute(_UNLOCK, [key])
        except BaseException:
            # What a session locked it keeps: nobody may get this connection with it.
            self._tx.close()
            raise
