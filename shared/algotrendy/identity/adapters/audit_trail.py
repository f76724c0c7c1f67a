"""The audit's chains in PostgreSQL: an entry is added in the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from algotrendy.identity.audit import AuditEntry, Head, KeptHead, Link, Verification, link, verify
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import TenantId

if TYPE_CHECKING:
    # Here, so that an API names what it asks for without the database's driver.
    from algotrendy.platform.database import Row, Transaction

_COLUMNS = "tenant, seq, id, action, at, previous, hash, document"
_AT_ONCE = 500
_BEFORE_ALL = -(2**63)


class AuditTrail:
    """Adds to the chains and reads them; holds nothing, and works in the caller's transaction."""

    def add(self, tx: Transaction, entry: AuditEntry) -> None:
        """Add an entry to the chain of its tenant; the same id again changes nothing.

        Two transactions that add to one chain come into conflict, and ``Database.run`` runs one of
        them again: so the chain has one order. It is no place for what happens many times a second.

        Raises:
            Invalid: If the entry cannot be written as JSON, or is too large.
        """
        known = tx.execute(
            "SELECT seq FROM audit_entries WHERE tenant = %s AND id = %s", [entry.tenant, entry.id]
        ).fetchone()
        if known is not None:
            return
        before = self.head(tx, entry.tenant)
        if before.seq == 0:
            tx.execute(
                "INSERT INTO audit_heads (tenant, seq, hash) VALUES (%s, %s, %s) "
                "ON CONFLICT (tenant) DO NOTHING",
                [before.tenant, before.seq, before.hash],
            )
        added = link(entry, before)
        # First the head: whoever comes at the same time waits here, and starts anew.
        tx.execute(
            "UPDATE audit_heads SET seq = %s, hash = %s WHERE tenant = %s",
            [added.seq, added.hash, added.tenant],
        )
        tx.execute(
            f"INSERT INTO audit_entries ({_COLUMNS}) "  # noqa: S608 - constants
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                added.tenant,
                added.seq,
                added.id,
                added.action,
                added.at,
                added.previous,
                added.hash,
                added.document,
            ],
        )

    def head(self, tx: Transaction, tenant: TenantId) -> Head:
        """Give the head of a tenant's chain as it is stored; number 0 where there is none."""
        row = tx.execute("SELECT seq, hash FROM audit_heads WHERE tenant = %s", [tenant]).fetchone()
        return Head(tenant) if row is None else Head(tenant, row["seq"], row["hash"])

    def heads(self, tx: Transaction) -> Sequence[Head]:
        """Give the head of every chain."""
        rows = tx.execute("SELECT tenant, seq, hash FROM audit_heads ORDER BY tenant").fetchall()
        return [Head(TenantId(row["tenant"]), row["seq"], row["hash"]) for row in rows]

    def tenants(self, tx: Transaction) -> Sequence[TenantId]:
        """Name every tenant that has an entry."""
        rows = tx.execute("SELECT DISTINCT tenant FROM audit_entries ORDER BY tenant").fetchall()
        return [TenantId(row["tenant"]) for row in rows]

    def get(self, tx: Transaction, tenant: TenantId, seq: int) -> Link:
        """Read one link, or raise NotFound."""
        row = tx.execute(
            f"SELECT {_COLUMNS} FROM audit_entries WHERE tenant = %s AND seq = %s",  # noqa: S608
            [tenant, seq],
        ).fetchone()
        if row is None:
            raise NotFound("entry", seq)
        return _link(row)

    def newest(
        self,
        tx: Transaction,
        tenant: TenantId,
        limit: int,
        *,
        before: int | None = None,
        action: str | None = None,
    ) -> Sequence[Link]:
        """List a tenant's links, newest first: those before a number, of one action only."""
        older = "AND seq < %(before)s" if before is not None else ""
        of_action = "AND action = %(action)s" if action is not None else ""
        rows = tx.execute(
            f"SELECT {_COLUMNS} FROM audit_entries WHERE tenant = %(tenant)s "  # noqa: S608
            f"{older} {of_action} ORDER BY seq DESC LIMIT %(limit)s",
            {"tenant": tenant, "before": before, "action": action, "limit": limit},
        ).fetchall()
        return [_link(row) for row in rows]

    def links(self, tx: Transaction, tenant: TenantId, after: int | None = None) -> Iterator[Link]:
        """Read a chain, oldest first, some at a time: all of it, or what is after a number."""
        # A row of number 0 or below is none of ours, and is seen too.
        after = _BEFORE_ALL if after is None else after
        while True:
            rows = tx.execute(
                f"SELECT {_COLUMNS} FROM audit_entries WHERE tenant = %s AND seq > %s "  # noqa: S608
                "ORDER BY seq LIMIT %s",
                [tenant, after, _AT_ONCE],
            ).fetchall()
            yield from map(_link, rows)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1]["seq"]

    def verify(
        self,
        tx: Transaction,
        tenant: TenantId,
        kept: Sequence[KeptHead] = (),
        since: Head | None = None,
    ) -> Verification:
        """Look at a tenant's chain as this one transaction sees it.

        Args:
            kept: Read before the transaction began: a head of later would be ahead of it.
            since: Where to begin; None for the whole chain.
        """
        after = None if since is None else since.seq
        return verify(self.links(tx, tenant, after), self.head(tx, tenant), kept, since)


def _link(row: Row) -> Link:
    return Link(
        TenantId(row["tenant"]),
        row["seq"],
        row["id"],
        row["action"],
        row["at"],
        row["previous"],
        row["hash"],
        row["document"],
    )
