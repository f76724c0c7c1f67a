"""Say who gets at which account: a list of people for an account closes it to all others.

An account without a list is open to its tenant: everybody does there what their roles allow. With
one, only those listed and the tenant's admins see that it exists. A list narrows and never widens:
who is listed as a trader and has not that role places no order. Whole accounts have lists; their
parts belong to them, since they net with one another at the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Permission, Role, granted, roles_with
from algotrendy.identity.principal import Principal, PrincipalKind
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Forbidden, Invalid, JsonValue, NotFound
from algotrendy.kernel.ids import AccountId, Ids, TenantId, parse_user_id

MOST_MEMBERS: Final = 100
_PART: Final = "/"
_NOBODY: Mapping[AccountId, Mapping[str, frozenset[Role]]] = MappingProxyType({})

Lists = Mapping[AccountId, Mapping[str, frozenset[Role]]]
"""Of each account that has a list, what each of those on it is there, by name."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the list of an account, and in which roles."""

    user: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class AccessList:
    """The list of an account; without members it is open to its tenant.

    Args:
        version: How often it was changed; 0 where it never was.
    """

    tenant: TenantId
    account: AccountId
    version: int = 0
    members: tuple[Member, ...] = ()
    changed_by: str | None = None
    changed_at: datetime | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Say whether the account is open to everybody of its tenant."""
        return not self.members


class AccessBook(Protocol):
    """The lists, within one transaction."""

    def read(self, tenant: TenantId, account: AccountId) -> AccessList:
        """Read the list of an account; one of version 0 where there is none."""
        ...

    def write(self, changed: AccessList) -> None:
        """Keep the next version of a list, in place of the one before."""
        ...

    def record(self, entry: AuditEntry) -> None:
        """Write into the audit who changed what."""
        ...


class AccountAccess(Protocol):
    """Keeps the lists."""

    def of_tenant(self, tenant: TenantId) -> Lists:
        """Give all lists of a tenant that have members; names in lower case.

        Raises:
            Unavailable: If the store does not answer.
        """
        ...

    def run(self, work: Callable[[AccessBook], T]) -> T:
        """Do something in one transaction, whole or not at all; it may be done several times."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """What of a tenant somebody gets at with one request.

    Args:
        closed: Accounts that they do not see.
        lacking: Accounts that they see, and in which their roles do not allow this, with those.
        only: The only accounts or parts that they get at; None narrows nothing.
        needs: What the request asks for.
    """

    tenant: TenantId
    closed: frozenset[AccountId] = frozenset()
    lacking: Mapping[AccountId, frozenset[Role]] = field(default_factory=dict)
    only: frozenset[AccountId] | None = None
    needs: Permission | None = None

    def sees(self, account: AccountId) -> bool:
        """Say whether they may know that there is an account or part of the tenant."""
        whole = whole_of(account)
        if whole in self.closed:
            return False
        return self.only is None or account in self.only or whole in self.only

    def has(self, account: AccountId) -> bool:
        """Say whether they get at an account or part of the tenant."""
        return self.sees(account) and whole_of(account) not in self.lacking

    def require(self, account: AccountId, tenant: TenantId) -> None:
        """Let somebody get at an account or part of a tenant.

        Raises:
            NotFound: If it is another tenant's, or closed to them.
            Forbidden: If they are listed, in roles that do not allow this.
        """
        if tenant != self.tenant or not self.sees(account):
            raise NotFound("account", account)
        held = self.lacking.get(whole_of(account))
        if held is None or self.needs is None:
            return
        needed = f"{self.needs} on account {whole_of(account)}"
        raise Forbidden(roles_with(self.needs), held, needed)


def reach_of(principal: Principal, needs: Permission | None, lists: Lists = _NOBODY) -> Reach:
    """Work out what somebody gets at; an admin gets at all, and a key at what it names."""
    tenant, only = principal.tenant, principal.accounts
    if Role.ADMIN in principal.roles:
        return Reach(tenant, only=only, needs=needs)
    name = name_on_lists(principal)
    closed = frozenset(account for account, members in lists.items() if name not in members)
    lacking = {
        account: members[name]
        for account, members in lists.items()
        if name in members and needs is not None and needs not in granted(members[name])
    }
    return Reach(tenant, closed, lacking, only, needs)


def name_on_lists(principal: Principal) -> str:
    """Give what somebody is called on lists; a key stands for its owner."""
    # The user pool takes names in any case for the same.
    return principal.username.lower()


def whole_of(account: AccountId) -> AccountId:
    """Give the whole account that a part belongs to."""
    return AccountId(account.partition(_PART)[0])


class AccountGate:
    """Shows lists and changes them, on the record.

    Args:
        correlation_id: Of the request, for the audit.
    """

    def __init__(
        self,
        store: AccountAccess,
        clock: Clock,
        ids: Ids,
        correlation_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._correlation_id = correlation_id

    def show(self, tenant: TenantId, account: AccountId) -> AccessList:
        """Read the list of an account."""
        return self._store.run(lambda book: book.read(tenant, account))

    def change(
        self,
        who: Principal,
        account: AccountId,
        members: Sequence[Member],
        version: int,
        reason: str,
    ) -> AccessList:
        """Put a list in place of the one there is; none opens the account to its tenant.

        What is so already stays as it is, so that it may be asked for twice.

        Args:
            version: Of the list that the caller has seen.

        Raises:
            Invalid: If somebody is on it twice, or in no role, or there are too many.
            Conflict: If somebody else changed it since.
        """
        wanted = _checked(members)
        now, entry_id = self._clock.now(), self._ids.next()

        def work(book: AccessBook) -> AccessList:
            before = book.read(who.tenant, account)
            if before.members == wanted and version in (before.version, before.version - 1):
                return before
            if before.version != version:
                message = f"the list of {account} has version {before.version}, was {version}"
                raise Conflict(message, version=before.version, seen=version)
            after = AccessList(who.tenant, account, version + 1, wanted, who.username, now, reason)
            book.write(after)
            book.record(
                AuditEntry(
                    id=entry_id,
                    tenant=who.tenant,
                    at=now,
                    who=_author(who),
                    action="account_access.opened" if after.is_open else "account_access.changed",
                    subject=account,
                    reason=reason,
                    account=account,
                    correlation_id=self._correlation_id(),
                    facts={"version": after.version, "members": _shown(wanted)},
                )
            )
            return after

        return self._store.run(work)


def _checked(members: Collection[Member]) -> tuple[Member, ...]:
    if len(members) > MOST_MEMBERS:
        raise Invalid("members", f"at most {MOST_MEMBERS}", len(members))
    found: dict[str, Member] = {}
    for at, member in enumerate(members):
        name = parse_user_id(member.user, f"members.{at}.user").lower()
        if name in found:
            raise Invalid(f"members.{at}.user", "on the list once", member.user)
        if not member.roles:
            raise Invalid(f"members.{at}.roles", "one role or more", "none")
        found[name] = Member(name, member.roles)
    return tuple(found[name] for name in sorted(found))


def _author(who: Principal) -> str:
    is_key = who.kind is PrincipalKind.API_KEY
    return f"key {who.key_id} of {who.username}" if is_key else who.username


def _shown(members: Sequence[Member]) -> dict[str, JsonValue]:
    return {member.user: [str(role) for role in sorted(member.roles)] for member in members}
