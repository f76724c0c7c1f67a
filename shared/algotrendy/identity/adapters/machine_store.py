"""Keep machines in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.machines import Machine
from algotrendy.identity.permissions import Role
from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.ids import TenantId
from algotrendy.platform.database import Database, Row, Transaction

_COLUMNS = "client_id, tenant, name, roles, created_at, created_by"


class MachinesInPostgres:
    """Is the MachineStore over a database.

    Args:
        database: With the tables of migration 0010.
        record: Writes an act into the audit, in the transaction of the act.
    """

    def __init__(
        self, database: Database, record: Callable[[Transaction, AuditEntry], None]
    ) -> None:
        self._database = database
        self._record = record

    def machine(self, client_id: str) -> Machine | None:
        """Find a machine by its client."""
        rows = self._rows("WHERE client_id = %s", client_id)
        return rows[0] if rows else None

    def named(self, tenant: TenantId, name: str) -> Machine | None:
        """Find a machine by its name."""
        rows = self._rows("WHERE tenant = %s AND name = %s", tenant, name)
        return rows[0] if rows else None

    def of_tenant(self, tenant: TenantId | None) -> Sequence[Machine]:
        """List the machines of a tenant, or of all."""
        if tenant is None:
            return self._rows("ORDER BY tenant, name")
        return self._rows("WHERE tenant = %s ORDER BY name", tenant)

    def put(self, machine: Machine, entry: AuditEntry) -> None:
        """Keep a machine with its entry."""

        def work(tx: Transaction) -> None:
            tx.execute(
                f"INSERT INTO machine_clients ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608
                " ON CONFLICT (client_id) DO UPDATE SET roles = EXCLUDED.roles",
                (
                    machine.client_id,
                    machine.tenant,
                    machine.name,
                    " ".join(sorted(machine.roles)),
                    machine.created_at,
                    machine.created_by,
                ),
            )
            self._record(tx, entry)

        self._database.run(work)

    def remove(self, machine: Machine, entry: AuditEntry) -> None:
        """Forget a machine, and write that down."""

        def work(tx: Transaction) -> None:
            tx.execute("DELETE FROM machine_clients WHERE client_id = %s", (machine.client_id,))
            self._record(tx, entry)

        self._database.run(work)

    def _rows(self, where: str, *values: object) -> list[Machine]:
        query = f"SELECT {_COLUMNS} FROM machine_clients {where}"  # noqa: S608 - written above
        return self._database.run(
            lambda tx: [_machine(row) for row in tx.execute(query, values).fetchall()]
        )


def _machine(row: Row) -> Machine:
    return Machine(
        client_id=row["client_id"],
        tenant=TenantId(row["tenant"]),
        name=row["name"],
        roles=frozenset(Role(name) for name in row["roles"].split() if name in set(Role)),
        created_at=as_utc(row["created_at"]),
        created_by=row["created_by"],
    )
