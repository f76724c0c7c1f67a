"""What every WalkForwardStore promises: the fake in memory, and the real one in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from algotrendy.backtest.adapters.postgres_walks import PostgresWalks
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.backtest.walk_forwards import DoneWalk, WalkForwardId, WalkForwardStore
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import CorrelationId, UserId
from algotrendy.platform.database import Database
from fakes.engine_walks import REQUEST
from fakes.some_trials import ACME, NOW, RIVAL, sha
from fakes.walk_store import MemoryWalkStore

CURVE: dict[str, Any] = {"time": [978_307_200_000_000_000], "wealth": [0.1 + 0.2]}


@pytest.fixture
def memory() -> WalkForwardStore:
    return MemoryWalkStore()


@pytest.fixture
def postgres(database: Database) -> WalkForwardStore:
    return PostgresWalks(database)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> WalkForwardStore:
    """Give an empty store; another one joins by a fixture whose name is added to the parameters."""
    found: WalkForwardStore = request.getfixturevalue(request.param)
    return found


def some_walk(number: int = 1, **changes: Any) -> DoneWalk:
    walk = DoneWalk(
        id=WalkForwardId(UUID(f"01936b1e-0000-7000-8000-{number:012d}")),
        tenant=ACME,
        requested_by=UserId("ada"),
        sha256=sha(number),
        correlation_id=CorrelationId("request-1"),
        made_at=NOW,
        spec=parse_walk_forward(REQUEST),
        summary={"efficiency": 1 / 3, "windows": [{"parameters": None}], "verdict": {"text": "é"}},
    )
    return replace(walk, **changes)


def test_a_walk_is_read_as_it_was_stored(store: WalkForwardStore) -> None:
    walk = some_walk()
    assert store.add(walk, CURVE) == walk
    assert store.get(walk.id) == walk
    assert store.curve(walk.id) == CURVE
    assert store.newest(ACME, 10) == [walk]


def test_what_is_not_there_is_not_found(store: WalkForwardStore) -> None:
    walk = some_walk()
    for read in (store.get, store.curve):
        with pytest.raises(NotFound, match="walk-forward"):
            read(walk.id)


def test_a_hash_stored_again_gives_the_first_and_stores_nothing(
    store: WalkForwardStore,
) -> None:
    first = some_walk()
    store.add(first, CURVE)
    again = some_walk(2, sha256=first.sha256, summary={})
    assert store.add(again, {}) == first
    assert store.newest(ACME, 10) == [first]
    assert store.curve(first.id) == CURVE


def test_two_tenants_may_keep_the_same(store: WalkForwardStore) -> None:
    mine = some_walk()
    theirs = some_walk(2, sha256=mine.sha256, tenant=RIVAL)
    assert store.add(mine, CURVE) == mine
    assert store.add(theirs, CURVE) == theirs
    assert store.newest(RIVAL, 10) == [theirs]


def test_a_tenants_walks_are_listed_newest_first_in_pages(store: WalkForwardStore) -> None:
    for number in (2, 1, 3):
        store.add(some_walk(number), CURVE)
    store.add(some_walk(9, tenant=RIVAL), CURVE)
    newest = store.newest(ACME, 2)
    assert newest == [some_walk(3), some_walk(2)]
    assert store.newest(ACME, 2, before=newest[-1].id) == [some_walk(1)]


def test_of_many_that_store_the_same_at_once_one_stays(postgres: WalkForwardStore) -> None:
    at_once = Barrier(4)

    def write(number: int) -> DoneWalk:
        at_once.wait()
        return postgres.add(some_walk(number, sha256=sha("same")), CURVE)

    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(write, range(1, 5)))
    assert len({walk.id for walk in stored}) == 1
    assert len(postgres.newest(ACME, 10)) == 1
