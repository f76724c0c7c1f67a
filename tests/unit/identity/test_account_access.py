"""Lists of those who get at an account: what they close, to whom, and for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algotrendy.identity.account_access import (
    MOST_MEMBERS,
    AccountGate,
    Lists,
    Member,
    Reach,
    reach_of,
)
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.principal import Principal, PrincipalKind
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from fakes.access_in_memory import AccessInMemory
from fakes.identity import NOW
from fakes.keys_in_memory import person

ACME, RIVAL = TenantId("acme"), TenantId("rival")
DESK, FREE, PART = AccountId("desk"), AccountId("free"), AccountId("desk/trend")
ONLY_ADA: Lists = {DESK: {"ada": frozenset({Role.TRADER})}}
PLACE, READ = Permission.ORDERS_PLACE, Permission.ORDERS_READ
ADA, BOB = person("ada", Role.TRADER), person("bob", Role.TRADER)
ADMIN = person("root", Role.ADMIN)


def gets(who: Principal, account: AccountId, needs: Permission, lists: Lists = ONLY_ADA) -> str:
    """Say how a request goes, by the name of what it raises."""
    try:
        reach_of(who, needs, lists).require(account, ACME)
    except (NotFound, Forbidden) as error:
        return type(error).__name__
    return "passes"


@pytest.mark.parametrize("account", [DESK, PART])
def test_a_list_closes_an_account_and_its_parts_to_all_others(account: AccountId) -> None:
    assert gets(ADA, account, PLACE) == "passes"
    assert gets(BOB, account, PLACE) == "NotFound"
    assert gets(BOB, account, READ) == "NotFound"


def test_an_account_without_a_list_is_open_to_its_tenant() -> None:
    assert gets(BOB, FREE, PLACE) == "passes"


def test_an_admin_gets_at_every_account() -> None:
    assert gets(ADMIN, DESK, Permission.KILL_SWITCH) == "passes"


def test_who_is_listed_in_a_lesser_role_is_told_so() -> None:
    lists = {DESK: {"ada": frozenset({Role.VIEWER})}}
    assert gets(ADA, DESK, READ, lists) == "passes"
    with pytest.raises(Forbidden, match="orders:place on account desk") as caught:
        reach_of(ADA, PLACE, lists).require(DESK, ACME)
    assert caught.value.held == ("viewer",)
    assert not reach_of(ADA, PLACE, lists).has(DESK)


def test_a_list_grants_nothing_by_itself() -> None:
    lists = {DESK: {"eve": frozenset({Role.RISK_MANAGER})}}
    eve = person("eve", Role.VIEWER)
    # That her own roles lack it, the guard of the route has found before.
    assert Permission.KILL_SWITCH not in eve.permissions
    assert gets(eve, DESK, READ, lists) == "passes"


def test_names_are_compared_as_the_user_pool_does() -> None:
    assert gets(person("Ada", Role.TRADER), DESK, PLACE) == "passes"


def test_a_machine_is_listed_by_its_own_name() -> None:
    robot = replace(person("machine:robot", Role.TRADER), kind=PrincipalKind.MACHINE)
    lists = {DESK: {"machine:robot": frozenset({Role.TRADER})}, FREE: {"robot": frozenset(Role)}}
    assert gets(robot, DESK, PLACE, lists) == "passes"
    assert gets(robot, FREE, PLACE, lists) == "NotFound"


def test_another_tenants_account_is_not_there_even_for_an_admin() -> None:
    with pytest.raises(NotFound):
        reach_of(ADMIN, READ).require(DESK, RIVAL)


@pytest.mark.parametrize(
    ("named", "account", "passes"),
    [
        (DESK, DESK, True),
        (DESK, PART, True),
        (PART, PART, True),
        (PART, DESK, False),
        (PART, AccountId("desk/other"), False),
        (DESK, AccountId("desk2"), False),
        (DESK, FREE, False),
    ],
)
@pytest.mark.parametrize("owner", [ADMIN, ADA])
def test_a_key_gets_at_the_accounts_that_it_names_and_no_others(
    owner: Principal, named: AccountId, account: AccountId, passes: bool
) -> None:
    key = replace(owner, kind=PrincipalKind.API_KEY, accounts=frozenset({named}))
    assert gets(key, account, READ) == ("passes" if passes else "NotFound")


def test_a_key_that_names_no_account_gets_at_none() -> None:
    key = replace(ADMIN, kind=PrincipalKind.API_KEY, accounts=frozenset())
    assert gets(key, DESK, READ) == "NotFound"


class Desk:
    """A gate over memory, with a clock and ids."""

    def __init__(self) -> None:
        self.store = AccessInMemory()
        clock = ManualClock(NOW)
        self.gate = AccountGate(self.store, clock, SeededIds(1, clock), lambda: "r-1")

    def reach(self, who: Principal, needs: Permission = READ) -> Reach:
        return reach_of(who, needs, self.store.of_tenant(who.tenant))


TRADERS = [Member("Bob", frozenset({Role.TRADER})), Member("ada", frozenset({Role.VIEWER}))]


def test_a_change_counts_at_once_and_is_on_the_record() -> None:
    desk = Desk()
    made = desk.gate.change(ADMIN, DESK, TRADERS, 0, "a desk of two")
    assert made == desk.gate.show(ACME, DESK)
    assert (made.version, made.changed_by, made.is_open) == (1, "root", False)
    assert [member.user for member in made.members] == ["ada", "bob"]
    assert desk.reach(BOB).has(DESK)
    assert not desk.reach(person("carl", Role.TRADER)).has(DESK)
    [entry] = desk.store.entries
    assert (entry.action, entry.subject, entry.who) == ("account_access.changed", "desk", "root")
    assert entry.facts == {"version": 1, "members": {"ada": ["viewer"], "bob": ["trader"]}}


def test_a_list_without_members_opens_the_account_and_keeps_its_version() -> None:
    desk = Desk()
    desk.gate.change(ADMIN, DESK, TRADERS, 0, "a desk of two")
    opened = desk.gate.change(ADMIN, DESK, [], 1, "all of us")
    assert opened.is_open
    assert opened.version == 2
    assert desk.reach(person("carl", Role.TRADER)).has(DESK)
    assert [entry.action for entry in desk.store.entries][-1] == "account_access.opened"


def test_asking_twice_changes_once() -> None:
    desk = Desk()
    for _ in range(2):
        assert desk.gate.change(ADMIN, DESK, TRADERS, 0, "a desk of two").version == 1
    assert len(desk.store.entries) == 1


def test_who_has_not_seen_the_last_change_changes_nothing() -> None:
    desk = Desk()
    desk.gate.change(ADMIN, DESK, TRADERS, 0, "a desk of two")
    with pytest.raises(Conflict, match="has version 1, was 0") as caught:
        desk.gate.change(ADMIN, DESK, TRADERS[:1], 0, "mine alone")
    assert caught.value.facts == {"version": 1, "seen": 0}
    assert desk.gate.show(ACME, DESK).version == 1


def test_each_tenant_has_lists_of_its_own() -> None:
    desk = Desk()
    desk.gate.change(ADMIN, DESK, TRADERS, 0, "a desk of two")
    assert desk.gate.show(RIVAL, DESK).is_open
    assert desk.store.of_tenant(RIVAL) == {}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ([Member("ada", frozenset({Role.VIEWER})), Member("ADA", frozenset({Role.TRADER}))], 1),
        ([Member("ada", frozenset())], 0),
        ([Member("no name", frozenset({Role.VIEWER}))], 0),
        ([Member("tenant:acme", frozenset({Role.VIEWER}))], 0),
    ],
    ids=["twice", "no role", "blank", "colon"],
)
def test_a_list_that_makes_no_sense_is_refused(members: list[Member], field: int) -> None:
    with pytest.raises(Invalid) as caught:
        Desk().gate.change(ADMIN, DESK, members, 0, "why")
    assert caught.value.field.startswith(f"members.{field}.")


def test_a_list_has_an_end() -> None:
    many = [Member(f"u{n}", frozenset({Role.VIEWER})) for n in range(MOST_MEMBERS + 1)]
    with pytest.raises(Invalid, match="at most 100"):
        Desk().gate.change(ADMIN, DESK, many, 0, "why")
