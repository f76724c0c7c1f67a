"""A store of API keys that lives in memory, and people who ask for keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from algotrendy.identity.api_keys import ApiKey, KeyBook
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Role
from algotrendy.identity.principal import Principal
from algotrendy.kernel.ids import TenantId, UserId
from fakes.identity import NOW

T = TypeVar("T")
PEPPER = "a pepper of the tests, 32 characters or more"


def person(name: str, *roles: Role, tenant: str = "acme") -> Principal:
    """Give somebody who has just signed in."""
    return Principal(
        UserId(f"sub-of-{name}"), name, TenantId(tenant), frozenset(roles), signed_in_at=NOW
    )


class _Book:
    def __init__(self, keys: dict[UUID, ApiKey], entries: list[AuditEntry]) -> None:
        self.keys, self.entries = keys, entries

    def find(self, key_id: UUID) -> ApiKey | None:
        return self.keys.get(key_id)

    def of_request(self, tenant: TenantId, owner: UserId, request: str) -> ApiKey | None:
        wanted = (tenant, owner, request)
        found = (k for k in self.keys.values() if (k.tenant, k.owner, k.request) == wanted)
        return next(found, None)

    def of_tenant(self, tenant: TenantId, owner: UserId | None) -> Sequence[ApiKey]:
        found = [
            key
            for key in self.keys.values()
            if key.tenant == tenant and (owner is None or key.owner == owner)
        ]
        return sorted(found, key=lambda key: key.id, reverse=True)

    def add(self, key: ApiKey) -> None:
        self.keys[key.id] = key

    def change(self, key: ApiKey) -> None:
        self.keys[key.id] = replace(key, last_used_at=self.keys[key.id].last_used_at)

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


class KeysInMemory:
    """An ApiKeyStore whose transactions are whole or not at all."""

    def __init__(self) -> None:
        self.keys: dict[UUID, ApiKey] = {}
        self.entries: list[AuditEntry] = []
        self.uses_noted = 0

    def run(self, work: Callable[[KeyBook], T]) -> T:
        """Do something on copies, and keep these if it ends well."""
        book = _Book(copy(self.keys), copy(self.entries))
        result = work(book)
        self.keys, self.entries = book.keys, book.entries
        return result

    def note_use(self, key_id: UUID, at: datetime, unless_since: datetime) -> None:
        """Note a use, unless one is noted already."""
        key = self.keys[key_id]
        if key.last_used_at is None or key.last_used_at <= unless_since:
            self.keys[key_id] = replace(key, last_used_at=at)
            self.uses_noted += 1
