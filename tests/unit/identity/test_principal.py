"""Roles: what each lets its holder do."""

from __future__ import annotations

import pytest

from algotrendy.identity.principal import (
    Principal,
    Role,
    parse_role,
    principal_from_groups,
)
from algotrendy.kernel.errors import Forbidden, Invalid
from algotrendy.kernel.ids import TenantId, UserId


def someone(*roles: Role) -> Principal:
    return Principal(UserId("u-1"), "ada", TenantId("acme"), frozenset(roles))


@pytest.mark.parametrize("needed", list(Role))
def test_an_admin_may_do_everything(needed: Role) -> None:
    someone(Role.ADMIN).require(needed)


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.TRADER, Role.RISK_MANAGER])
def test_who_works_may_also_look(role: Role) -> None:
    someone(role).require(Role.VIEWER)


@pytest.mark.parametrize(
    ("held", "needed"),
    [
        (Role.VIEWER, Role.RESEARCHER),
        (Role.RESEARCHER, Role.TRADER),
        (Role.TRADER, Role.RISK_MANAGER),
        (Role.RISK_MANAGER, Role.ADMIN),
        (Role.SERVICE, Role.VIEWER),
    ],
)
def test_a_role_does_not_reach_beyond_itself(held: Role, needed: Role) -> None:
    with pytest.raises(Forbidden) as caught:
        someone(held).require(needed)
    assert caught.value.needed == (needed,)
    assert caught.value.held == (held,)


def test_any_of_several_roles_is_enough() -> None:
    someone(Role.TRADER).require(Role.RESEARCHER, Role.TRADER)


def test_who_has_no_role_may_do_nothing() -> None:
    with pytest.raises(Forbidden, match="you have no role"):
        someone().require(*Role)


def test_requiring_nothing_lets_nobody_pass() -> None:
    with pytest.raises(Forbidden):
        someone(Role.ADMIN).require()


def test_groups_of_neither_kind_and_unknown_roles_grant_nothing() -> None:
    groups = ["tenant:acme", "role:emperor", "admin", "Role:admin", "us-east-1_pool_Google"]
    assert principal_from_groups("u-1", "ada", groups).roles == frozenset()


def test_an_unknown_role_is_refused_with_those_there_are() -> None:
    assert parse_role("trader") is Role.TRADER
    with pytest.raises(Invalid, match="role must be one of viewer, researcher"):
        parse_role("emperor")
