"""The ledger of a deployment: each work is one transaction of PostgreSQL or Aurora DSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Transaction
from algotrendy.platform.metrics import timed
from algotrendy.trading.adapters.followed import follow_transaction
from algotrendy.trading.adapters.measuring import measure_transaction
from algotrendy.trading.adapters.postgres.accounts import PostgresAccounts
from algotrendy.trading.adapters.postgres.books import PostgresBooks
from algotrendy.trading.adapters.postgres.evidence import PostgresEvidence, roots
from algotrendy.trading.adapters.postgres.folds import Folds
from algotrendy.trading.adapters.postgres.market import PostgresMarketFacts
from algotrendy.trading.adapters.postgres.orders import PostgresOrders
from algotrendy.trading.adapters.postgres.records import PostgresAudit, PostgresDocuments
from algotrendy.trading.adapters.postgres.risk import PostgresRiskRecords
from algotrendy.trading.adapters.postgres.turns import Turns
from algotrendy.trading.adapters.postgres.work import PostgresLeases, PostgresWaits
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.verification import Evidence

T = TypeVar("T")


class PostgresTransaction:
    """Is the ``LedgerTransaction`` over one transaction of the database.

    Attributes:
        database: That transaction, for rooms above that keep something in the same commit.
    """

    def __init__(self, tx: Transaction, outbox: Outbox, folds: Folds, turns: Turns) -> None:
        self.accounts = PostgresAccounts(tx, turns)
        self.orders = PostgresOrders(tx, folds, turns)
        self.books = PostgresBooks(tx, turns)
        self.leases = PostgresLeases(tx, turns)
        self.waits = PostgresWaits(tx)
        self.audit = PostgresAudit(tx, turns)
        self.market = PostgresMarketFacts(tx)
        self.documents = PostgresDocuments(tx)
        self.risk = PostgresRiskRecords(tx)
        self.database = tx
        self._outbox = outbox
        self.published: list[Event] = []

    def publish(self, event: Event) -> None:
        """Promise to publish an event if, and only if, the transaction commits."""
        self._outbox.append(self.database, event)
        self.published.append(event)


class PostgresLedger:
    """Is the ``Ledger`` of a deployment; safe to share between threads."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self._folds = Folds()

    def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function in one transaction, commit, and give what it returned.

        Raises:
            Unavailable: If the database does not answer, or other transactions kept coming first;
                nothing was changed.
            Unknown: If the connection broke in the commit, so that it may or may not have happened.
        """
        wanted: set[str] = set()

        def within(tx: Transaction) -> tuple[T, PostgresTransaction]:
            turns = Turns(tx, wanted, is_offered=not self._database.is_dsql)
            ledger = PostgresTransaction(tx, self._outbox, self._folds, turns)
            return work(ledger), ledger

        with timed("TransactionSeconds"):
            result, ledger = self._database.run(within)
        self._folds.keep(ledger.orders.written.values())
        measure_transaction(ledger.orders.stored, ledger.published)
        follow_transaction(ledger.orders.stored)
        return result

    def roots(self) -> Sequence[AccountId]:
        """Name every account of which anything is kept."""
        return self._database.run(roots)

    def examine(self, root: AccountId, work: Callable[[Evidence], T]) -> T:
        """Show all of an account within one transaction; raises as ``run``."""
        return self._database.run(lambda tx: work(PostgresEvidence(tx, root)))
