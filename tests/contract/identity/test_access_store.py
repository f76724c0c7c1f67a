"""What every store of account access promises: the fake in memory, and the real one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from algotrendy.identity.account_access import AccountAccess, AccountGate, Member
from algotrendy.identity.adapters.access_store import AccessInPostgres
from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.permissions import Role
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from algotrendy.platform.database import Database
from fakes.access_in_memory import AccessInMemory
from fakes.identity import NOW
from fakes.keys_in_memory import person

ACME, RIVAL = TenantId("acme"), TenantId("rival")
DESK = AccountId("desk")
ADMIN = person("root", Role.ADMIN)
TWO = [Member("ada", frozenset({Role.TRADER, Role.VIEWER})), Member("b-1", frozenset({Role.ADMIN}))]


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> AccountAccess:
    if request.param == "memory":
        return AccessInMemory()
    return AccessInPostgres(request.getfixturevalue("database"), AuditTrail().add)


def gate(store: AccountAccess, seed: int = 1) -> AccountGate:
    clock = ManualClock(NOW)
    return AccountGate(store, clock, SeededIds(seed, clock))


def test_a_list_is_read_as_it_was_made_by_its_tenant_alone(store: AccountAccess) -> None:
    made = gate(store).change(ADMIN, DESK, TWO, 0, "a desk of two")
    assert gate(store).show(ACME, DESK) == made
    assert gate(store).show(RIVAL, DESK).version == 0
    assert store.of_tenant(ACME) == {DESK: {each.user: each.roles for each in TWO}}
    assert store.of_tenant(RIVAL) == {}


def test_a_change_replaces_the_list_and_none_opens_the_account(store: AccountAccess) -> None:
    keeper = gate(store)
    keeper.change(ADMIN, DESK, TWO, 0, "a desk of two")
    assert keeper.change(ADMIN, DESK, TWO[:1], 1, "one left").members == tuple(TWO[:1])
    assert store.of_tenant(ACME)[DESK].keys() == {"ada"}
    assert keeper.change(ADMIN, DESK, [], 2, "all of us").version == 3
    assert store.of_tenant(ACME) == {}
    assert keeper.show(ACME, DESK).reason == "all of us"


def test_of_two_who_change_a_list_at_once_one_is_told(database: Database) -> None:
    both = Barrier(2)

    def change(number: int) -> str:
        keeper = gate(AccessInPostgres(database, AuditTrail().add), seed=number)
        both.wait()
        members = [Member(f"user-{number}", frozenset({Role.TRADER}))]
        try:
            keeper.change(ADMIN, DESK, members, 0, "mine")
        except Conflict:
            return "conflict"
        return "changed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, (1, 2))) == ["changed", "conflict"]
    store = AccessInPostgres(database, AuditTrail().add)
    assert len(store.of_tenant(ACME)[DESK]) == 1


def test_a_change_is_chained_in_the_audit_with_it(database: Database) -> None:
    store = AccessInPostgres(database, AuditTrail().add)
    gate(store).change(ADMIN, DESK, TWO, 0, "a desk of two")
    [link] = database.run(lambda tx: AuditTrail().newest(tx, ACME, 10))
    assert link.action == "account_access.changed"


def test_a_role_that_is_no_more_allows_nothing(database: Database) -> None:
    database.run(
        lambda tx: tx.execute(
            "INSERT INTO account_access VALUES ('acme', 'desk', 'ada', 'emperor viewer')"
        )
    )
    store = AccessInPostgres(database, AuditTrail().add)
    assert store.of_tenant(ACME) == {DESK: {"ada": frozenset({Role.VIEWER})}}
