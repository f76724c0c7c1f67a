"""Programs that sign in by themselves: who they are, for which tenant, and in which roles.

A machine is a client of the user pool with a secret; it changes id and secret into access tokens
that last an hour (OAuth 2.0 client credentials). Such a token names its client and nobody else:
tenant and roles stand here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Role
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from algotrendy.kernel.ids import Ids, TenantId

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_NAMES = "1 to 32 lower-case letters, digits and inner hyphens"


@dataclass(frozen=True, slots=True)
class Machine:
    """A program that may sign in."""

    client_id: str
    tenant: TenantId
    name: str
    roles: frozenset[Role]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class MachineSecret:
    """What a machine signs in with; the user pool keeps it, nobody else."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddedMachine:
    """A machine as it is now; with its secret when it has just been made."""

    machine: Machine
    secret: str | None = field(repr=False)


class MachineClients(Protocol):
    """Knows the machines by the client that their tokens name."""

    def machine(self, client_id: str) -> Machine | None:
        """Find a machine, or None.

        Raises:
            Unavailable: If the store does not answer.
        """
        ...


class MachineStore(MachineClients, Protocol):
    """Keeps the machines; each change together with its entry in the audit."""

    def named(self, tenant: TenantId, name: str) -> Machine | None:
        """Find a machine by its name."""
        ...

    def of_tenant(self, tenant: TenantId | None) -> Sequence[Machine]:
        """List the machines of a tenant, or of all, by tenant and name."""
        ...

    def put(self, machine: Machine, entry: AuditEntry) -> None:
        """Keep a machine, new or with other roles."""
        ...

    def remove(self, machine: Machine, entry: AuditEntry) -> None:
        """Forget a machine: its tokens count no longer at once."""
        ...


class MachinePool(Protocol):
    """Makes clients of the user pool for machines."""

    def ensure_client(self, label: str) -> MachineSecret:
        """Give the client of that label, made now if there is none."""
        ...

    def drop_client(self, client_id: str) -> None:
        """Delete a client; one that is gone already is as well."""
        ...


class Machines:
    """Adds machines and removes them. Whatever is cut short is mended by doing it again."""

    def __init__(
        self, store: MachineStore, pool: MachinePool, clock: Clock, ids: Ids, prefix: str
    ) -> None:
        self._store = store
        self._pool = pool
        self._clock = clock
        self._ids = ids
        self._prefix = prefix

    def add(self, tenant: TenantId, name: str, roles: frozenset[Role], by: str) -> AddedMachine:
        """Add a machine, or give one that exists exactly these roles.

        Raises:
            Invalid: If the name is malformed, or there is no role.
            Conflict: If it exists for another client.
            Unavailable: If the user pool or the store does not answer.
        """
        if not _NAME.fullmatch(name):
            raise Invalid("name", _NAMES, name)
        if not roles:
            raise Invalid("role", "one or more of " + ", ".join(Role), "none")
        found = self._store.named(tenant, name)
        if found is not None:
            changed = replace(found, roles=roles)
            if changed != found:
                self._store.put(changed, self._entry("machine.changed", changed, by))
            return AddedMachine(changed, None)
        # The client first: a row without a client would be a machine that can never sign in. A
        # client without a row signs in, and gets nowhere.
        client = self._pool.ensure_client(self._label(tenant, name))
        taken = self._store.machine(client.client_id)
        if taken is not None:
            raise Conflict(
                f"the client of {name} belongs to {taken.name} of {taken.tenant}", name=name
            )
        now = self._clock.now()
        made = Machine(client.client_id, tenant, name, roles, now, by)
        self._store.put(made, self._entry("machine.added", made, by))
        return AddedMachine(made, client.secret)

    def remove(self, tenant: TenantId, name: str, by: str) -> Machine:
        """Remove a machine; from then on its tokens prove nothing.

        Raises:
            NotFound: If there is none of that name.
        """
        found = self._store.named(tenant, name)
        if found is None:
            raise NotFound("machine", f"{name} of {tenant}")
        self._pool.drop_client(found.client_id)
        self._store.remove(found, self._entry("machine.removed", found, by))
        return found

    def listed(self, tenant: TenantId | None = None) -> Sequence[Machine]:
        """List the machines of one tenant, or of all."""
        return self._store.of_tenant(tenant)

    def _label(self, tenant: TenantId, name: str) -> str:
        # A tenant may have hyphens in it: the dot keeps a-b.c and a.b-c apart.
        return f"{self._prefix}-machine.{tenant}.{name}"

    def _entry(self, action: str, machine: Machine, by: str) -> AuditEntry:
        entry_id: UUID = self._ids.next()
        return AuditEntry(
            id=entry_id,
            tenant=machine.tenant,
            at=self._clock.now(),
            who=by,
            action=action,
            subject=machine.name,
            facts={"client_id": machine.client_id, "roles": [*map(str, sorted(machine.roles))]},
        )
