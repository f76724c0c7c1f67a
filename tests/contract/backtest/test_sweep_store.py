"""What every SweepStore promises: the fake in memory, and the real one in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from algotrendy.backtest.adapters.postgres_sweeps import PostgresSweeps
from algotrendy.backtest.events import SweepRequested
from algotrendy.backtest.lifecycle import StudyStatus, Sweep
from algotrendy.backtest.ports import SweepStore
from algotrendy.kernel.errors import NotFound, Rejected
from algotrendy.kernel.events import Event, parse
from algotrendy.kernel.ids import CorrelationId, EventId, SweepId, TenantId, UserId
from algotrendy.platform.bus import Outbox as PostgresOutbox
from algotrendy.platform.database import Database
from fakes.study_store import MemorySweepStore
from fakes.sweep_world import some_spec

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
Outbox = Callable[[], Sequence[Event]]


@pytest.fixture
def memory() -> tuple[SweepStore, Outbox]:
    store = MemorySweepStore()
    return store, lambda: store.outbox


@pytest.fixture
def postgres(database: Database) -> tuple[SweepStore, Outbox]:
    def events() -> Sequence[Event]:
        rows = database.run(
            lambda tx: tx.execute("SELECT payload FROM outbox ORDER BY id").fetchall()
        )
        return [parse(json.loads(row["payload"])) for row in rows]

    return PostgresSweeps(database, PostgresOutbox()), events


@pytest.fixture(params=["memory", "postgres"])
def store_and_outbox(request: pytest.FixtureRequest) -> tuple[SweepStore, Outbox]:
    """Give an empty store, and what reads its outbox in the order of storing.

    A store joins by a fixture of that shape whose name is added to the parameters.
    """
    found: tuple[SweepStore, Outbox] = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def store(store_and_outbox: tuple[SweepStore, Outbox]) -> SweepStore:
    return store_and_outbox[0]


@pytest.fixture
def outbox(store_and_outbox: tuple[SweepStore, Outbox]) -> Outbox:
    return store_and_outbox[1]


def sweep(number: int, tenant: str = "acme", key: str | None = None) -> Sweep:
    return Sweep(
        id=SweepId(UUID(f"01936b1e-0000-7000-8000-{number:012d}")),
        tenant=TenantId(tenant),
        requested_by=UserId("ada"),
        idempotency_key=key or f"key-{number}",
        correlation_id=CorrelationId("request-1"),
        spec=some_spec(),
        status=StudyStatus.REQUESTED,
        requested_at=NOW,
        updated_at=NOW,
    )


def requested(of: Sweep, number: int = 1) -> SweepRequested:
    return SweepRequested(
        id=EventId(UUID(f"01936b1e-0000-7000-9000-{number:012d}")),
        occurred_at=NOW,
        correlation_id=of.correlation_id,
        tenant=of.tenant,
        sweep_id=of.id,
    )


def test_a_sweep_is_read_as_it_was_stored(store: SweepStore) -> None:
    new = sweep(1)
    assert store.add(new, []) == new
    assert store.get(new.id) == new


def test_every_field_survives_an_update(store: SweepStore) -> None:
    new = store.add(sweep(1), [])
    full = replace(
        new,
        status=StudyStatus.FAILED,
        attempt=3,
        runs=16,
        shards=2,
        summary={"best": {"sharpe": 1.25, "calmar": None}, "runs": 16},
        error="it broke: 'quotes' and \u2028 more",
        updated_at=NOW + timedelta(microseconds=1),
    )
    assert store.update(new.id, lambda _: (full, ())) == full
    assert store.get(new.id) == full


def test_an_unknown_sweep_is_not_found(store: SweepStore) -> None:
    with pytest.raises(NotFound, match="sweep"):
        store.get(sweep(1).id)
    with pytest.raises(NotFound, match="sweep"):
        store.update(sweep(1).id, lambda found: (found, ()))


def test_events_leave_with_the_sweep(store: SweepStore, outbox: Outbox) -> None:
    new = sweep(1)
    store.add(new, [requested(new)])
    assert list(outbox()) == [requested(new)]


def test_a_key_used_again_gives_the_first_sweep_and_no_event(
    store: SweepStore, outbox: Outbox
) -> None:
    first, second = sweep(1, key="same"), sweep(2, key="same")
    store.add(first, [requested(first)])
    assert store.add(second, [requested(second, 2)]) == first
    assert list(outbox()) == [requested(first)]
    with pytest.raises(NotFound):
        store.get(second.id)


def test_two_tenants_may_use_one_key(store: SweepStore) -> None:
    mine, theirs = sweep(1, "acme", "same"), sweep(2, "rival", "same")
    assert store.add(mine, []) == mine
    assert store.add(theirs, []) == theirs


def test_a_tenants_sweeps_are_listed_newest_first_in_pages(store: SweepStore) -> None:
    for number in (2, 1, 4, 3):
        store.add(sweep(number), [])
    store.add(sweep(9, "rival"), [])
    acme = TenantId("acme")
    newest = store.newest(acme, 2)
    assert [found.id for found in newest] == [sweep(4).id, sweep(3).id]
    older = store.newest(acme, 2, before=newest[-1].id)
    assert [found.id for found in older] == [sweep(2).id, sweep(1).id]
    assert store.newest(acme, 2, before=older[-1].id) == []


def test_sweeps_of_one_run_or_no_plan_are_listed_newest_first_in_pages(store: SweepStore) -> None:
    for number, runs in ((1, 1), (2, None), (3, 16), (4, 1), (5, 2), (6, None), (7, 1)):
        new = store.add(sweep(number), [])
        if runs is not None:
            planned = new.planned(runs, 1, NOW)
            store.update(new.id, lambda _, planned=planned: (planned, ()))  # type: ignore[misc]
    store.add(sweep(9, "rival"), [])
    acme = TenantId("acme")
    newest = store.newest_small(acme, 3)
    assert [found.id for found in newest] == [sweep(number).id for number in (7, 6, 4)]
    older = store.newest_small(acme, 3, before=newest[-1].id)
    assert [found.id for found in older] == [sweep(number).id for number in (2, 1)]


def test_a_change_and_its_events_are_stored_together(store: SweepStore, outbox: Outbox) -> None:
    new = store.add(sweep(1), [])
    planned = new.planned(16, 2, NOW)
    store.update(new.id, lambda _: (planned, [requested(new)]))
    assert store.get(new.id) == planned
    assert list(outbox()) == [requested(new)]


def test_a_change_that_is_refused_stores_nothing(store: SweepStore, outbox: Outbox) -> None:
    new = store.add(sweep(1), [])

    def refuse(found: Sweep) -> tuple[Sweep, Sequence[Event]]:
        raise Rejected("no")

    with pytest.raises(Rejected, match="no"):
        store.update(new.id, refuse)
    assert store.get(new.id) == new
    assert list(outbox()) == []


def test_a_change_of_nothing_is_allowed(store: SweepStore, outbox: Outbox) -> None:
    new = store.add(sweep(1), [])
    assert store.update(new.id, lambda found: (found, ())) == new
    assert list(outbox()) == []


def test_unfinished_sweeps_are_those_long_unchanged_of_all_tenants(store: SweepStore) -> None:
    for number, (tenant, minutes, status) in enumerate(
        [
            ("acme", 0, StudyStatus.REQUESTED),
            ("rival", -5, StudyStatus.RUNNING),
            ("acme", -5, StudyStatus.SUCCEEDED),
            ("acme", -5, StudyStatus.FAILED),
            ("acme", 1, StudyStatus.RUNNING),
        ],
        start=1,
    ):
        at = NOW + timedelta(minutes=minutes)
        store.add(replace(sweep(number, tenant), status=status, updated_at=at), [])
    found = store.unfinished(NOW, 10)
    assert [lost.id for lost in found] == [sweep(2).id, sweep(1).id]
    assert [lost.id for lost in store.unfinished(NOW, 1)] == [sweep(2).id]
    for place, before in enumerate(found, start=1):
        assert store.unfinished(NOW, 10, before) == found[place:]


def test_two_changes_at_once_are_both_made(
    postgres: tuple[SweepStore, Outbox], database: Database
) -> None:
    store, _ = postgres
    new = store.add(sweep(1), [])

    def count(_: int) -> None:
        store.update(new.id, lambda found: (found.tried_again(NOW), ()))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(12)))
    assert store.get(new.id).attempt == 13


def test_one_key_asked_for_at_once_gives_one_sweep(postgres: tuple[SweepStore, Outbox]) -> None:
    store, outbox = postgres

    def ask(number: int) -> SweepId:
        wanted = sweep(number, key="same")
        return store.add(wanted, [requested(wanted, number)]).id

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(ask, range(1, 9)))
    assert len(ids) == 1
    assert len(outbox()) == 1
