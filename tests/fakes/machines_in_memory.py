"""A store of machines, and a user pool for them, that live in memory."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.machines import Machine, MachineSecret
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import TenantId


class MachinesInMemory:
    """A MachineStore; it can be made to fail once."""

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.entries: list[AuditEntry] = []
        self.fails_once = False

    def machine(self, client_id: str) -> Machine | None:
        """Find a machine by its client."""
        return self.machines.get(client_id)

    def named(self, tenant: TenantId, name: str) -> Machine | None:
        """Find a machine by its name."""
        found = (m for m in self.machines.values() if (m.tenant, m.name) == (tenant, name))
        return next(found, None)

    def of_tenant(self, tenant: TenantId | None) -> Sequence[Machine]:
        """List machines by tenant and name."""
        found = [m for m in self.machines.values() if tenant in (None, m.tenant)]
        return sorted(found, key=lambda machine: (machine.tenant, machine.name))

    def put(self, machine: Machine, entry: AuditEntry) -> None:
        """Keep a machine."""
        self._fail()
        self.machines[machine.client_id] = machine
        self.entries.append(entry)

    def remove(self, machine: Machine, entry: AuditEntry) -> None:
        """Forget a machine."""
        self._fail()
        self.machines.pop(machine.client_id, None)
        self.entries.append(entry)

    def _fail(self) -> None:
        if self.fails_once:
            self.fails_once = False
            raise Unavailable("database", "as the test wishes")


class MachinePoolInMemory:
    """A MachinePool."""

    def __init__(self) -> None:
        self.clients: dict[str, MachineSecret] = {}
        self.made = 0

    def ensure_client(self, label: str) -> MachineSecret:
        """Give the client of a label."""
        if label not in self.clients:
            self.made += 1
            self.clients[label] = MachineSecret(f"client-{self.made}", f"secret-{self.made}")
        return self.clients[label]

    def drop_client(self, client_id: str) -> None:
        """Delete a client."""
        self.clients = {k: v for k, v in self.clients.items() if v.client_id != client_id}
