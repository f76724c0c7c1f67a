"""What every WalkForwardStore promises: the fake in memory, and the real one in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from algotrendy.backtest.adapters.postgres_walks import PostgresWalks
from algotrendy.backtest.lifecycle import StudyStatus, WalkStudy
from algotrendy.backtest.ports import WalkForwardStore
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import CorrelationId, UserId, WalkForwardId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from fakes.engine_walks import REQUEST
from fakes.some_trials import ACME, NOW, RIVAL, sha
from fakes.study_store import MemoryWalkStore

CURVE: dict[str, Any] = {"time": [978_307_200_000_000_000], "wealth": [0.1 + 0.2]}


@pytest.fixture
def memory() -> WalkForwardStore:
    return MemoryWalkStore()


@pytest.fixture
def postgres(database: Database) -> WalkForwardStore:
    return PostgresWalks(database, Outbox())


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> WalkForwardStore:
    """Give an empty store; another one joins by a fixture whose name is added to the parameters."""
    found: WalkForwardStore = request.getfixturevalue(request.param)
    return found


def some_walk(number: int = 1, **changes: Any) -> WalkStudy:
    """Give a walk that was run elsewhere, and kept."""
    walk = WalkStudy(
        id=WalkForwardId(UUID(f"01936b1e-0000-7000-8000-{number:012d}")),
        tenant=ACME,
        requested_by=UserId("ada"),
        idempotency_key=f"kept-{sha(number)}",
        correlation_id=CorrelationId("request-1"),
        spec=parse_walk_forward(REQUEST),
        status=StudyStatus.SUCCEEDED,
        requested_at=NOW,
        updated_at=NOW,
        attempt=0,
        windows=1,
        summary={"efficiency": 1 / 3, "windows": [{"parameters": None}], "verdict": {"text": "é"}},
        curve=CURVE,
    )
    return replace(walk, **changes)


def asked_walk(number: int = 1, **changes: Any) -> WalkStudy:
    """Give a walk that was asked for."""
    asked = {
        "idempotency_key": f"key-{number}",
        "status": StudyStatus.REQUESTED,
        "attempt": 1,
        "windows": None,
        "summary": None,
        "curve": None,
    }
    return some_walk(number, **{**asked, **changes})


def test_a_walk_is_read_as_it_was_stored(store: WalkForwardStore) -> None:
    walk = some_walk()
    assert store.add(walk, []) == walk
    assert store.get(walk.id) == walk
    assert store.curve(walk.id) == CURVE
    assert store.newest(ACME, 10) == [walk]


def test_a_walk_that_was_asked_for_gets_its_curve_with_its_success(
    store: WalkForwardStore,
) -> None:
    asked = store.add(asked_walk(), [])
    assert store.curve(asked.id) is None
    running = store.update(asked.id, lambda found: (found.planned(4, NOW), ()))
    assert (running.status, running.windows) == (StudyStatus.RUNNING, 4)
    summary: dict[str, Any] = {"windows": [1, 2, 3, 4], "curve": CURVE}
    ended = store.update(asked.id, lambda found: (found.succeeded(summary, NOW), ()))
    assert store.get(asked.id) == ended
    assert (ended.summary, store.curve(asked.id)) == ({"windows": [1, 2, 3, 4]}, CURVE)


def test_a_change_without_a_curve_leaves_the_one_that_is_stored(store: WalkForwardStore) -> None:
    walk = store.add(some_walk(), [])
    later = NOW + timedelta(seconds=1)
    store.update(walk.id, lambda found: (replace(found, updated_at=later), ()))
    assert store.get(walk.id).updated_at == later
    assert store.curve(walk.id) == CURVE


def test_why_a_walk_failed_is_kept(store: WalkForwardStore) -> None:
    asked = store.add(asked_walk(), [])
    failed = store.update(asked.id, lambda found: (found.failed("no bars", NOW), ()))
    assert store.get(asked.id) == failed
    assert (failed.status, failed.error) == (StudyStatus.FAILED, "no bars")


def test_walks_that_did_not_end_are_found_and_those_kept_are_not(store: WalkForwardStore) -> None:
    store.add(some_walk(1), [])
    lost = store.add(asked_walk(2), [])
    assert store.unfinished(NOW, 10) == [lost]


def test_what_is_not_there_is_not_found(store: WalkForwardStore) -> None:
    walk = some_walk()
    for read in (store.get, store.curve):
        with pytest.raises(NotFound, match="walk-forward"):
            read(walk.id)


@pytest.mark.parametrize("make", [some_walk, asked_walk])
def test_a_request_stored_again_gives_the_first_and_stores_nothing(
    store: WalkForwardStore, make: Callable[..., WalkStudy]
) -> None:
    first = make()
    store.add(first, [])
    again = make(2, idempotency_key=first.idempotency_key, summary={}, curve={})
    assert store.add(again, []) == first
    assert store.newest(ACME, 10) == [first]
    assert store.curve(first.id) == first.curve


def test_two_tenants_may_keep_the_same(store: WalkForwardStore) -> None:
    mine = some_walk()
    theirs = some_walk(2, idempotency_key=mine.idempotency_key, tenant=RIVAL)
    assert store.add(mine, []) == mine
    assert store.add(theirs, []) == theirs
    assert store.newest(RIVAL, 10) == [theirs]


def test_a_tenants_walks_are_listed_newest_first_in_pages(store: WalkForwardStore) -> None:
    for number in (2, 1, 3):
        store.add(some_walk(number), [])
    store.add(some_walk(9, tenant=RIVAL), [])
    newest = store.newest(ACME, 2)
    assert newest == [some_walk(3), some_walk(2)]
    assert store.newest(ACME, 2, before=newest[-1].id) == [some_walk(1)]


def test_of_many_that_store_the_same_at_once_one_stays(postgres: WalkForwardStore) -> None:
    at_once = Barrier(4)

    def write(number: int) -> WalkStudy:
        at_once.wait()
        return postgres.add(some_walk(number, idempotency_key=f"kept-{sha('same')}"), [])

    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(write, range(1, 5)))
    assert len({walk.id for walk in stored}) == 1
    assert len(postgres.newest(ACME, 10)) == 1
