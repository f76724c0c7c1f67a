"""What every ApiKeyStore promises: the fake in memory, and the real one in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.adapters.key_store import KeysInPostgres
from algotrendy.identity.adapters.machine_store import MachinesInPostgres
from algotrendy.identity.api_keys import ApiKeyStore, ApiKeyVerifier, Sealer
from algotrendy.identity.key_ring import KeyRing, KeyWish
from algotrendy.identity.machines import Machines, MachineStore
from algotrendy.identity.permissions import Permission, Role
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from algotrendy.platform.database import Database
from fakes.identity import NOW
from fakes.keys_in_memory import PEPPER, KeysInMemory, person
from fakes.machines_in_memory import MachinePoolInMemory, MachinesInMemory

ADA = person("ada", Role.TRADER)
WISH = KeyWish(
    "desk",
    frozenset({Permission.ORDERS_PLACE, Permission.ORDERS_READ}),
    frozenset({AccountId("paper"), AccountId("paper/trend:1")}),
)
ACME = TenantId("acme")


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> ApiKeyStore:
    if request.param == "memory":
        return KeysInMemory()
    return KeysInPostgres(request.getfixturevalue("database"), AuditTrail().add)


def ring(store: ApiKeyStore, seed: int = 1) -> KeyRing:
    clock = ManualClock(NOW + timedelta(microseconds=123_457))
    return KeyRing(store, Sealer(lambda: PEPPER), clock, SeededIds(seed, clock))


def verifier(store: ApiKeyStore, clock: ManualClock) -> ApiKeyVerifier:
    return ApiKeyVerifier(store, Sealer(lambda: PEPPER), clock)


@pytest.mark.parametrize("accounts", [WISH.accounts, None])
def test_a_key_is_read_as_it_was_stored_and_its_seal_fits(
    store: ApiKeyStore, accounts: frozenset[AccountId] | None
) -> None:
    made = ring(store).issue(ADA, replace(WISH, accounts=accounts), "r-1")
    assert store.run(lambda book: book.find(made.key.id)) == made.key
    assert store.run(lambda book: book.of_request(ACME, ADA.subject, "r-1")) == made.key
    assert store.run(lambda book: book.of_tenant(ACME, None)) == [made.key]
    assert store.run(lambda book: book.of_tenant(TenantId("rival"), None)) == []
    caller = verifier(store, ManualClock(NOW)).verify(made.text)
    assert (caller.accounts, caller.permissions) == (accounts, WISH.permissions)


def test_what_ends_a_key_is_kept(store: ApiKeyStore) -> None:
    keys = ring(store)
    old = keys.issue(ADA, WISH, "r-1").key
    new = keys.rotate(ADA, old.id, timedelta(hours=1), "r-2").key
    ended = keys.revoke(ADA, new.id)
    kept = {key.id: key for key in keys.listed(ADA)}
    assert kept[new.id] == ended
    assert (kept[old.id].replaced_by, kept[old.id].ends_at) == (
        new.id,
        new.created_at + timedelta(hours=1),
    )
    assert [key.id for key in keys.listed(ADA)] == [new.id, old.id], "newest first"


def test_a_use_is_kept_once_a_minute(store: ApiKeyStore) -> None:
    key = ring(store).issue(ADA, WISH, "r-1").key
    for seconds in (0, 30, 59, 60):
        now = NOW + timedelta(seconds=seconds)
        store.note_use(key.id, now, now - timedelta(minutes=1))
    found = store.run(lambda book: book.find(key.id))
    assert found is not None
    assert found.last_used_at == NOW + timedelta(seconds=60)


def test_nothing_is_kept_of_a_transaction_that_fails(store: ApiKeyStore) -> None:
    keys = ring(store)
    first = keys.issue(ADA, WISH, "r-1").key
    keys.rotate(ADA, first.id, timedelta(hours=1), "r-2")
    with pytest.raises(Conflict):
        keys.rotate(ADA, first.id, timedelta(hours=1), "r-3")
    assert len(keys.listed(ADA)) == 2


def test_the_same_request_many_times_at_once_makes_one_key(database: Database) -> None:
    store = KeysInPostgres(database, AuditTrail().add)
    together = Barrier(4)

    def ask(seed: int) -> object:
        together.wait()
        return ring(store, seed).issue(ADA, WISH, "r-1").key.id

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(ask, range(4)))
    assert len(made) == 1
    assert len(ring(store).listed(ADA)) == 1


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_machines_are_kept_with_their_roles(kind: str, request: pytest.FixtureRequest) -> None:
    store: MachineStore = MachinesInMemory()
    if kind == "postgres":
        store = MachinesInPostgres(request.getfixturevalue("database"), AuditTrail().add)
    clock = ManualClock(NOW)
    machines = Machines(store, MachinePoolInMemory(), clock, SeededIds(1, clock), "test")
    roles = frozenset({Role.TRADER, Role.RESEARCHER})
    made = machines.add(ACME, "bot", roles, "root").machine
    assert store.machine(made.client_id) == made
    assert machines.add(ACME, "bot", frozenset({Role.SERVICE}), "root").secret is None
    assert [found.roles for found in machines.listed()] == [{Role.SERVICE}]
    assert machines.listed(TenantId("rival")) == []
    machines.remove(ACME, "bot", "root")
    assert store.machine(made.client_id) is None
