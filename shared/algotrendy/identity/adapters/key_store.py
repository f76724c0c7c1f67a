"""Keep API keys in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from psycopg.errors import UniqueViolation

from algotrendy.identity.api_keys import ApiKey, KeyBook
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Permission, Role
from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.ids import AccountId, TenantId, UserId
from algotrendy.platform.database import Database, Row, Transaction

T = TypeVar("T")
Record = Callable[[Transaction, AuditEntry], None]

_COLUMNS = (
    "id, tenant, owner, owner_name, name, roles, permissions, accounts, request, created_at,"
    " expires_at, ends_at, revoked_at, replaced_by, last_used_at, seal"
)
# More than anybody looks through; people have few, and ended ones are kept.
MOST_LISTED = 1_000


class KeysInPostgres:
    """Is the ApiKeyStore over a database.

    Args:
        database: With the tables of migration 0010.
        record: Writes an act into the audit, in the transaction of the act.
    """

    def __init__(self, database: Database, record: Record) -> None:
        self._database = database
        self._record = record

    def run(self, work: Callable[[KeyBook], T]) -> T:
        """Do something in one transaction; see ApiKeyStore."""
        try:
            return self._once(work)
        except UniqueViolation:
            # The same request came twice at once, and the other one was first: now it is seen.
            return self._once(work)

    def _once(self, work: Callable[[KeyBook], T]) -> T:
        return self._database.run(lambda tx: work(_Book(tx, self._record)))

    def note_use(self, key_id: UUID, at: datetime, unless_since: datetime) -> None:
        """Note a use; of many at once, one writes."""
        self._database.run(
            lambda tx: tx.execute(
                "UPDATE api_keys SET last_used_at = %s"
                " WHERE id = %s AND (last_used_at IS NULL OR last_used_at <= %s)",
                (at, key_id, unless_since),
            )
        )


class _Book:
    def __init__(self, tx: Transaction, record: Record) -> None:
        self._tx = tx
        self._record = record

    def find(self, key_id: UUID) -> ApiKey | None:
        rows = self._rows("WHERE id = %s", key_id)
        return rows[0] if rows else None

    def of_request(self, tenant: TenantId, owner: UserId, request: str) -> ApiKey | None:
        where = "WHERE tenant = %s AND owner = %s AND request = %s"
        rows = self._rows(where, tenant, owner, request)
        return rows[0] if rows else None

    def of_tenant(self, tenant: TenantId, owner: UserId | None) -> Sequence[ApiKey]:
        if owner is None:
            return self._rows("WHERE tenant = %s ORDER BY id DESC LIMIT %s", tenant, MOST_LISTED)
        where = "WHERE tenant = %s AND owner = %s ORDER BY id DESC LIMIT %s"
        return self._rows(where, tenant, owner, MOST_LISTED)

    def add(self, key: ApiKey) -> None:
        self._tx.execute(
            f"INSERT INTO api_keys ({_COLUMNS}) VALUES"  # noqa: S608 - columns of our own
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                key.id,
                key.tenant,
                key.owner,
                key.owner_name,
                key.name,
                _joined(key.roles),
                _joined(key.permissions),
                None if key.accounts is None else _joined(key.accounts),
                key.request,
                key.created_at,
                key.expires_at,
                key.ends_at,
                key.revoked_at,
                key.replaced_by,
                key.last_used_at,
                key.seal,
            ),
        )

    def change(self, key: ApiKey) -> None:
        self._tx.execute(
            "UPDATE api_keys SET ends_at = %s, revoked_at = %s, replaced_by = %s, seal = %s"
            " WHERE id = %s",
            (key.ends_at, key.revoked_at, key.replaced_by, key.seal, key.id),
        )

    def record(self, entry: AuditEntry) -> None:
        self._record(self._tx, entry)

    def _rows(self, where: str, *values: object) -> list[ApiKey]:
        query = f"SELECT {_COLUMNS} FROM api_keys {where}"  # noqa: S608 - written above
        return [_key(row) for row in self._tx.execute(query, values).fetchall()]


def _key(row: Row) -> ApiKey:
    accounts = row["accounts"]
    return ApiKey(
        id=row["id"],
        tenant=TenantId(row["tenant"]),
        owner=UserId(row["owner"]),
        owner_name=row["owner_name"],
        name=row["name"],
        # A role or permission that is no more allows nothing; and such a row fits no seal.
        roles=frozenset(Role(name) for name in row["roles"].split() if name in set(Role)),
        permissions=frozenset(
            Permission(name) for name in row["permissions"].split() if name in set(Permission)
        ),
        accounts=None if accounts is None else frozenset(map(AccountId, accounts.split())),
        request=row["request"],
        created_at=as_utc(row["created_at"]),
        expires_at=as_utc(row["expires_at"]),
        ends_at=_utc(row["ends_at"]),
        revoked_at=_utc(row["revoked_at"]),
        replaced_by=row["replaced_by"],
        last_used_at=_utc(row["last_used_at"]),
        seal=row["seal"],
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else as_utc(moment)


def _joined(names: frozenset[Role] | frozenset[Permission] | frozenset[AccountId]) -> str:
    return " ".join(sorted(names))
