"""Say what there is to be allowed, and which role allows what: the one table of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from algotrendy.kernel.errors import Invalid


class Permission(StrEnum):
    """One kind of act; every route of the API needs one of these, or none at all."""

    BARS_READ = "bars:read"
    QUOTES_READ = "quotes:read"
    RESEARCH_READ = "research:read"
    RESEARCH_RUN = "research:run"
    STRATEGIES_REGISTER = "strategies:register"
    STRATEGIES_PROMOTE = "strategies:promote"
    STRATEGIES_RUN = "strategies:run"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_MANAGE = "accounts:manage"
    TRANSFERS_MAKE = "transfers:make"
    ORDERS_READ = "orders:read"
    ORDERS_PLACE = "orders:place"
    ORDERS_APPROVE = "orders:approve"
    RISK_READ = "risk:read"
    LIMITS_CHANGE = "limits:change"
    TRADING_STATE_CHANGE = "trading-state:change"
    KILL_SWITCH = "kill-switch:pull"
    LIVE_SWITCH = "live-switch:turn"
    AUDIT_READ = "audit:read"
    ACCESS_READ = "access:read"
    ACCESS_CHANGE = "access:change"
    KEYS_OWN = "keys:own"
    KEYS_ALL = "keys:all"
    MACHINES_MANAGE = "machines:manage"
    FLAGS_READ = "flags:read"
    FLAGS_CHANGE = "flags:change"
    STATUS_MANAGE = "status:manage"


class Role(StrEnum):
    """What a person or a service is there for."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    TRADER = "trader"
    RISK_MANAGER = "risk_manager"
    ADMIN = "admin"
    SERVICE = "service"


# What changes nothing.
READING = frozenset(permission for permission in Permission if permission.endswith(":read"))

_LOOK = frozenset(
    {
        Permission.BARS_READ,
        Permission.QUOTES_READ,
        Permission.RESEARCH_READ,
        Permission.ACCOUNTS_READ,
        Permission.ORDERS_READ,
        Permission.RISK_READ,
        Permission.KEYS_OWN,
    }
)

# Who trades does not set the limits of it, who sets them does not trade, and neither lets others
# in. An admin may do everything: a fund of one person has one, and a larger one gives that role to
# nobody who has another.
GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _LOOK,
        Role.RESEARCHER: _LOOK
        | {
            Permission.RESEARCH_RUN,
            Permission.STRATEGIES_REGISTER,
            Permission.STRATEGIES_PROMOTE,
        },
        Role.TRADER: _LOOK
        | {
            Permission.ORDERS_PLACE,
            Permission.FLAGS_READ,
            Permission.STRATEGIES_PROMOTE,
            Permission.STRATEGIES_RUN,
        },
        Role.RISK_MANAGER: _LOOK
        | {
            Permission.ACCOUNTS_MANAGE,
            Permission.TRANSFERS_MAKE,
            Permission.ORDERS_APPROVE,
            Permission.STRATEGIES_PROMOTE,
            Permission.LIMITS_CHANGE,
            Permission.TRADING_STATE_CHANGE,
            Permission.KILL_SWITCH,
            Permission.LIVE_SWITCH,
            Permission.AUDIT_READ,
            Permission.ACCESS_READ,
            Permission.FLAGS_READ,
        },
        Role.ADMIN: frozenset(Permission),
        # Reads prices for a program that has no business with anybody's money.
        Role.SERVICE: frozenset({Permission.BARS_READ, Permission.QUOTES_READ}),
    }
)


def granted(roles: Iterable[Role]) -> frozenset[Permission]:
    """Give all that several roles allow together."""
    return frozenset().union(*(GRANTS[role] for role in roles))


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Name the roles that are there for it: the least of them, and admin where no other is."""
    holders = [role for role in Role if permission in GRANTS[role] and role is not Role.ADMIN]
    if Role.VIEWER in holders:
        return (Role.VIEWER,)
    return tuple(holders) or (Role.ADMIN,)


def parse_role(text: str, field: str = "role") -> Role:
    """Read a role such as ``researcher``, or raise Invalid with those there are."""
    try:
        return Role(text)
    except ValueError as error:
        raise Invalid(field, "one of " + ", ".join(Role), text) from error


def parse_permission(text: str, field: str = "permission") -> Permission:
    """Read a permission such as ``orders:place``, or raise Invalid with those there are."""
    try:
        return Permission(text)
    except ValueError as error:
        raise Invalid(field, "one of " + ", ".join(Permission), text) from error
