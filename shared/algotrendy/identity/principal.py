"""Say who is calling, for which tenant, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from algotrendy.kernel.errors import Forbidden, Invalid, Unauthenticated
from algotrendy.kernel.ids import TenantId, UserId, parse_tenant, parse_user_id

# How the groups of the user pool carry a role and a tenant.
ROLE_GROUP = "role:"
TENANT_GROUP = "tenant:"


class Role(StrEnum):
    """What a person or a service may do."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    TRADER = "trader"
    RISK_MANAGER = "risk_manager"
    ADMIN = "admin"
    SERVICE = "service"

    @property
    def implied(self) -> frozenset[Role]:
        """The roles that come with this one, itself among them."""
        return _IMPLIED[self]


_IMPLIED = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.RESEARCHER: frozenset({Role.RESEARCHER, Role.VIEWER}),
    Role.TRADER: frozenset({Role.TRADER, Role.VIEWER}),
    Role.RISK_MANAGER: frozenset({Role.RISK_MANAGER, Role.VIEWER}),
    Role.ADMIN: frozenset(Role),
    Role.SERVICE: frozenset({Role.SERVICE}),
}


def parse_role(text: str, field: str = "role") -> Role:
    """Read a role such as ``researcher``, or raise Invalid with those there are."""
    try:
        return Role(text)
    except ValueError as error:
        raise Invalid(field, "one of " + ", ".join(Role), text) from error


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who has proved who they are; acts for exactly one tenant."""

    subject: UserId
    username: str
    tenant: TenantId
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Say whether one of the caller's roles is, or implies, the given one."""
        return any(role in held.implied for held in self.roles)

    def require(self, *roles: Role) -> None:
        """Let a caller pass who has any of the roles.

        Raises:
            Forbidden: If they have none; it names the roles needed and those held.
        """
        if not any(self.may(role) for role in roles):
            raise Forbidden(needed=roles, held=self.roles)


def principal_from_groups(subject: str, username: str, groups: Iterable[str]) -> Principal:
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
        )
    except Invalid as error:
        raise Unauthenticated(f"the token's {error.field} is malformed") from error
