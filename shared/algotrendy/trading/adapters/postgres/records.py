"""The audit, and records that are read as a whole, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.kernel.ids import AccountId
from algotrendy.platform.database import Transaction
from algotrendy.trading.accounts import root_of
from algotrendy.trading.adapters.postgres.texts import read, scope_of, written
from algotrendy.trading.adapters.postgres.turns import Turns
from algotrendy.trading.ledger import AuditRecord, Document
from algotrendy.trading.sensitive import chained

_ADD_RECORD = (
    "INSERT INTO ledger_audit (id, root, account, document) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (id) DO NOTHING"
)
_PUT_DOCUMENT = (
    "INSERT INTO ledger_documents (kind, id, root, is_open, document) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT (kind, id) DO UPDATE SET "
    "is_open = EXCLUDED.is_open, document = EXCLUDED.document"
)


class PostgresAudit:
    """Is the ``Audit`` of one transaction; what is sensitive it also chains."""

    def __init__(self, tx: Transaction, turns: Turns) -> None:
        self._tx = tx
        self._turns = turns
        self._trail = AuditTrail()

    def add(self, record: AuditRecord) -> None:
        """Add a record; the same id again changes nothing."""
        values = [record.id, root_of(record.account), record.account, written(record)]
        self._tx.execute(_ADD_RECORD, values)
        entry = chained(record)
        if entry is not None:
            self._turns.remember(f"audit of {entry.tenant}")
            self._trail.add(self._tx, entry)

    def select(
        self, account: AccountId, limit: int, before: UUID | None = None
    ) -> Sequence[AuditRecord]:
        """List an account's records, newest first."""
        older = "AND id < %(before)s" if before else ""
        rows = self._tx.execute(
            f"SELECT document FROM ledger_audit WHERE {scope_of(account)} = %(account)s "  # noqa: S608 - constants
            f"{older} ORDER BY id DESC LIMIT %(limit)s",
            {"account": account, "before": before, "limit": limit},
        ).fetchall()
        return [read(AuditRecord, row["document"]) for row in rows]


class PostgresDocuments:
    """Is the ``Documents`` of one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def find(self, kind: str, document_id: UUID) -> Document | None:
        """Read one, or None."""
        row = self._tx.execute(
            "SELECT document FROM ledger_documents WHERE kind = %s AND id = %s", [kind, document_id]
        ).fetchone()
        return None if row is None else read(Document, row["document"])

    def put(self, document: Document) -> None:
        """Keep a new one, or a known one as it is now."""
        root = root_of(document.account)
        values = [document.kind, document.id, root, document.is_open, written(document)]
        self._tx.execute(_PUT_DOCUMENT, values)

    def select(
        self,
        kind: str,
        root: AccountId,
        limit: int,
        *,
        before: UUID | None = None,
        only_open: bool = False,
    ) -> Sequence[Document]:
        """List those of an account and its parts, newest first."""
        older = "AND id < %(before)s" if before else ""
        still_open = "AND is_open" if only_open else ""
        rows = self._tx.execute(
            "SELECT document FROM ledger_documents "  # noqa: S608 - constants
            f"WHERE kind = %(kind)s AND root = %(root)s {older} {still_open} "
            "ORDER BY id DESC LIMIT %(limit)s",
            {"kind": kind, "root": root, "before": before, "limit": limit},
        ).fetchall()
        return [read(Document, row["document"]) for row in rows]
