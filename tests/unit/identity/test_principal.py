"""Roles and permissions: what each lets its holder do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from algotrendy.identity.permissions import GRANTS, Permission, parse_permission, roles_with
from algotrendy.identity.principal import (
    FRESH_FOR,
    Principal,
    PrincipalKind,
    Role,
    parse_role,
    principal_from_groups,
)
from algotrendy.kernel.errors import Forbidden, FreshSignInNeeded, Invalid
from algotrendy.kernel.ids import TenantId, UserId

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def someone(*roles: Role, **facts: Any) -> Principal:
    return Principal(UserId("u-1"), "ada", TenantId("acme"), frozenset(roles), **facts)


@pytest.mark.parametrize("needed", list(Permission))
def test_an_admin_may_do_everything(needed: Permission) -> None:
    someone(Role.ADMIN).require(needed)


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.TRADER, Role.RISK_MANAGER])
def test_who_works_may_also_look(role: Role) -> None:
    assert GRANTS[Role.VIEWER] <= someone(role).permissions


def test_every_role_has_a_row_and_every_permission_somebody() -> None:
    assert set(GRANTS) == set(Role)
    for permission in Permission:
        assert roles_with(permission)


@pytest.mark.parametrize(
    ("held", "needed", "with_it"),
    [
        (Role.VIEWER, Permission.RESEARCH_RUN, [Role.RESEARCHER]),
        (Role.RESEARCHER, Permission.ORDERS_PLACE, [Role.TRADER]),
        (Role.TRADER, Permission.LIMITS_CHANGE, [Role.RISK_MANAGER]),
        (Role.TRADER, Permission.ORDERS_APPROVE, [Role.RISK_MANAGER]),
        (Role.RISK_MANAGER, Permission.ORDERS_PLACE, [Role.TRADER]),
        (Role.RISK_MANAGER, Permission.ACCESS_CHANGE, [Role.ADMIN]),
        (Role.SERVICE, Permission.ACCOUNTS_READ, [Role.VIEWER]),
    ],
)
def test_a_role_does_not_reach_beyond_itself(
    held: Role, needed: Permission, with_it: list[Role]
) -> None:
    with pytest.raises(Forbidden) as caught:
        someone(held).require(needed)
    assert caught.value.permission == needed
    assert list(caught.value.needed) == with_it
    assert caught.value.held == (held,)


def test_who_trades_does_not_set_the_limits_of_it_and_the_other_way_round() -> None:
    trader, manager = GRANTS[Role.TRADER], GRANTS[Role.RISK_MANAGER]
    assert Permission.ORDERS_PLACE in trader - manager
    assert {Permission.LIMITS_CHANGE, Permission.KILL_SWITCH} <= manager - trader


def test_a_service_sees_prices_and_nobodys_money() -> None:
    assert GRANTS[Role.SERVICE] == {Permission.BARS_READ, Permission.QUOTES_READ}


def test_who_has_no_role_may_do_nothing() -> None:
    assert someone().permissions == frozenset()
    with pytest.raises(Forbidden, match="you have no role"):
        someone().require(Permission.BARS_READ)


def test_a_scope_narrows_and_never_widens() -> None:
    scope = frozenset({Permission.BARS_READ, Permission.KILL_SWITCH})
    key = someone(Role.TRADER, kind=PrincipalKind.API_KEY, scope=scope)
    assert key.permissions == {Permission.BARS_READ}


def test_a_sign_in_is_fresh_for_five_minutes() -> None:
    person = someone(Role.ADMIN, signed_in_at=NOW)
    person.require_fresh(NOW + FRESH_FOR)
    with pytest.raises(FreshSignInNeeded, match="run `algotrendy login` again") as caught:
        person.require_fresh(NOW + FRESH_FOR + timedelta(seconds=1))
    assert caught.value.fields()["within_s"] == 300


@pytest.mark.parametrize("kind", [PrincipalKind.MACHINE, PrincipalKind.API_KEY])
def test_what_is_no_person_never_has_a_fresh_sign_in(kind: PrincipalKind) -> None:
    with pytest.raises(FreshSignInNeeded, match="a machine or a key"):
        someone(Role.ADMIN, kind=kind, signed_in_at=NOW).require_fresh(NOW)


def test_a_token_that_does_not_say_when_somebody_signed_in_is_not_fresh() -> None:
    with pytest.raises(FreshSignInNeeded):
        someone(Role.ADMIN).require_fresh(NOW)


def test_groups_of_neither_kind_and_unknown_roles_grant_nothing() -> None:
    groups = ["tenant:acme", "role:emperor", "admin", "Role:admin", "us-east-1_pool_Google"]
    assert principal_from_groups("u-1", "ada", groups).roles == frozenset()


def test_an_unknown_role_is_refused_with_those_there_are() -> None:
    assert parse_role("trader") is Role.TRADER
    with pytest.raises(Invalid, match="role must be one of viewer, researcher"):
        parse_role("emperor")


def test_an_unknown_permission_is_refused_with_those_there_are() -> None:
    assert parse_permission("orders:place") is Permission.ORDERS_PLACE
    with pytest.raises(Invalid, match="permission must be one of bars:read"):
        parse_permission("orders:*")
