"""Let transactions that want the same account come one after the other, and not into conflict.

Repeatable read lets one of two writers commit and makes the other start anew. Of many that want one
account most would only ever start anew. So whoever knows at its beginning what it wants, from its
first statement or from a conflict before, waits there for its turn, first come, first served.

What keeps the ledger right are the rows that they all write, and no turn. But whoever stands still
with a turn keeps the others waiting: so a turn is held within a transaction at every moment, which
the server ends when nothing is heard in it for a while.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg.pq import TransactionStatus

from algotrendy.platform.database import Transaction

_LOCK = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"
# A transaction sees what was there before its first statement, here before the wait: the next one
# sees more. Nothing comes between the two, in which nobody would end the session.
_BEGIN_ANEW = "COMMIT AND CHAIN"
_LOCK_UNTIL_THE_END = (
    "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)), "
    "pg_advisory_unlock(hashtextextended(key, 0)) FROM unnest(%s::text[]) AS key"
)


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
            self._tx.execute(_BEGIN_ANEW)
            self._tx.execute(_LOCK_UNTIL_THE_END, [keys])
        except BaseException:
            # What a session locked it keeps: nobody may get this connection with it.
            self._tx.close()
            raise
