"""A store of the lists of those who get at accounts, that lives in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from algotrendy.identity.account_access import AccessBook, AccessList, Lists, Member
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Role
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import AccountId, TenantId

T = TypeVar("T")


class AccessInMemory:
    """An AccountAccess; it can be made unreachable."""

    def __init__(self) -> None:
        self.lists: dict[tuple[TenantId, AccountId], AccessList] = {}
        self.entries: list[AuditEntry] = []
        self.is_reachable = True

    def close(self, tenant: str, account: str, **members: str) -> None:
        """Let only these get at an account, each in one role."""
        key = TenantId(tenant), AccountId(account)
        listed = tuple(Member(name, frozenset({Role(role)})) for name, role in members.items())
        self.lists[key] = AccessList(*key, version=1, members=listed)

    def of_tenant(self, tenant: TenantId) -> Lists:
        """Give all lists of a tenant that have members."""
        if not self.is_reachable:
            raise Unavailable("database", "as the test wishes")
        return {
            account: {member.user: member.roles for member in found.members}
            for (owner, account), found in self.lists.items()
            if owner == tenant and found.members
        }

    def run(self, work: Callable[[AccessBook], T]) -> T:
        """Do something, whole or not at all."""
        book = _Book(dict(self.lists), list(self.entries))
        result = work(book)
        self.lists, self.entries = book.lists, book.entries
        return result


class _Book:
    def __init__(
        self, lists: dict[tuple[TenantId, AccountId], AccessList], entries: list[AuditEntry]
    ) -> None:
        self.lists, self.entries = lists, entries

    def read(self, tenant: TenantId, account: AccountId) -> AccessList:
        return self.lists.get((tenant, account), AccessList(tenant, account))

    def write(self, changed: AccessList) -> None:
        self.lists[changed.tenant, changed.account] = changed

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)
