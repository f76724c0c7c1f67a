"""Say who is calling, for which tenant, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from algotrendy.identity.permissions import (
    Permission,
    Role,
    granted,
    parse_role,
    roles_with,
)
from algotrendy.kernel.errors import (
    Forbidden,
    FreshSignInNeeded,
    Invalid,
    Unauthenticated,
)
from algotrendy.kernel.ids import AccountId, TenantId, UserId, parse_tenant, parse_user_id

__all__ = [
    "FRESH_FOR",
    "MACHINE_MARK",
    "ROLE_GROUP",
    "TENANT_GROUP",
    "Principal",
    "PrincipalKind",
    "Role",
    "parse_role",
    "principal_from_groups",
]

# How the groups of the user pool carry a role and a tenant.
ROLE_GROUP = "role:"
TENANT_GROUP = "tenant:"
# What a machine is called: nobody of the user pool can have such a name.
MACHINE_MARK = "machine:"
# What is hard to take back is done by somebody who has typed a password this short a while ago.
FRESH_FOR = timedelta(minutes=5)


class PrincipalKind(StrEnum):
    """How a caller has proved who they are."""

    USER = "user"
    MACHINE = "machine"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who has proved who they are; acts for exactly one tenant.

    Args:
        scope: All that it may do at most, whatever its roles allow; None narrows nothing.
        accounts: The only accounts that it gets at; None narrows nothing.
        signed_in_at: When a password was typed; None for machines and keys, which type none.
        key_id: Of the API key that was shown; None for any other kind.
    """

    subject: UserId
    username: str
    tenant: TenantId
    roles: frozenset[Role]
    kind: PrincipalKind = PrincipalKind.USER
    scope: frozenset[Permission] | None = None
    accounts: frozenset[AccountId] | None = None
    signed_in_at: datetime | None = None
    key_id: str | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that the caller may do: what the roles allow, within the scope."""
        allowed = granted(self.roles)
        return allowed if self.scope is None else allowed & self.scope

    def may(self, permission: Permission) -> bool:
        """Say whether the caller has a permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Let a caller pass who has a permission.

        Raises:
            Forbidden: If not; it names the permission, the roles that have it and those held.
        """
        if not self.may(permission):
            raise Forbidden(roles_with(permission), self.roles, permission)

    def require_fresh(self, now: datetime) -> None:
        """Let a person pass who signed in a short while ago.

        Raises:
            FreshSignInNeeded: If it was longer ago, or is a machine or a key.
        """
        at = self.signed_in_at
        if self.kind is not PrincipalKind.USER or at is None or now - at > FRESH_FOR:
            raise FreshSignInNeeded(self.kind.value, at, FRESH_FOR.total_seconds())


def principal_from_groups(
    subject: str,
    username: str,
    groups: Iterable[str],
    signed_in_at: datetime | None = None,
) -> Principal:
    """Read tenant and roles from the groups that a user is in.

    A group of neither kind, or of a role that is not known here, grants nothing.

    Raises:
        Unauthenticated: If the groups do not name exactly one tenant, or a name is malformed.
    """
    names = frozenset(groups)
    tenants = [name.removeprefix(TENANT_GROUP) for name in names if name.startswith(TENANT_GROUP)]
    if len(tenants) != 1:
        count = "no tenant" if not tenants else f"{len(tenants)} tenants"
        raise Unauthenticated(f"the user belongs to {count}, and must belong to exactly one")
    try:
        return Principal(
            subject=parse_user_id(subject),
            username=username,
            tenant=parse_tenant(tenants[0]),
            roles=frozenset(role for role in Role if ROLE_GROUP + role in names),
            signed_in_at=signed_in_at,
        )
    except Invalid as error:
        raise Unauthenticated(f"the token's {error.field} is malformed") from error
