"""Keep the lists of those who get at an account in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from algotrendy.identity.account_access import AccessBook, AccessList, Lists, Member
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Role
from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.platform.database import Database, Transaction

T = TypeVar("T")
Record = Callable[[Transaction, AuditEntry], None]

_KNOWN = frozenset(Role)


class AccessInPostgres:
    """Is the AccountAccess over a database.

    Args:
        database: With the tables of migration 0011.
        record: Writes an act into the audit, in the transaction of the act.
    """

    def __init__(self, database: Database, record: Record) -> None:
        self._database = database
        self._record = record

    def of_tenant(self, tenant: TenantId) -> Lists:
        """Give all lists of a tenant; see AccountAccess."""
        rows = self._database.run(
            lambda tx: tx.execute(
                "SELECT account, user_name, roles FROM account_access WHERE tenant = %s", [tenant]
            ).fetchall()
        )
        found: dict[AccountId, dict[str, frozenset[Role]]] = {}
        for row in rows:
            members = found.setdefault(AccountId(row["account"]), {})
            members[row["user_name"]] = _roles(row["roles"])
        return found

    def run(self, work: Callable[[AccessBook], T]) -> T:
        """Do something in one transaction; see AccountAccess."""
        return self._database.run(lambda tx: work(_Book(tx, self._record)))


class _Book:
    def __init__(self, tx: Transaction, record: Record) -> None:
        self._tx = tx
        self._record = record

    def read(self, tenant: TenantId, account: AccountId) -> AccessList:
        key = (tenant, account)
        head = self._tx.execute(
            "SELECT version, changed_by, changed_at, reason FROM account_access_versions"
            " WHERE tenant = %s AND account = %s",
            key,
        ).fetchone()
        rows = self._tx.execute(
            "SELECT user_name, roles FROM account_access WHERE tenant = %s AND account = %s"
            " ORDER BY user_name",
            key,
        ).fetchall()
        # In the order of code points, which need not be that of the database.
        members = sorted(
            (Member(row["user_name"], _roles(row["roles"])) for row in rows), key=lambda m: m.user
        )
        if head is None:
            return AccessList(tenant, account, members=tuple(members))
        return AccessList(
            tenant,
            account,
            head["version"],
            tuple(members),
            head["changed_by"],
            as_utc(head["changed_at"]),
            head["reason"],
        )

    def write(self, changed: AccessList) -> None:
        key = (changed.tenant, changed.account)
        # First the version: whoever comes at the same time conflicts here, and starts anew.
        self._tx.execute(
            "INSERT INTO account_access_versions"
            " (tenant, account, version, changed_by, changed_at, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (tenant, account) DO UPDATE SET version = EXCLUDED.version,"
            " changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at,"
            " reason = EXCLUDED.reason",
            (*key, changed.version, changed.changed_by, changed.changed_at, changed.reason),
        )
        self._tx.execute("DELETE FROM account_access WHERE tenant = %s AND account = %s", key)
        for member in changed.members:
            self._tx.execute(
                "INSERT INTO account_access (tenant, account, user_name, roles)"
                " VALUES (%s, %s, %s, %s)",
                (*key, member.user, " ".join(sorted(member.roles))),
            )

    def record(self, entry: AuditEntry) -> None:
        self._record(self._tx, entry)


def _roles(text: str) -> frozenset[Role]:
    # A role that is no more allows nothing.
    return frozenset(Role(name) for name in text.split() if name in _KNOWN)
