"""What every TrialStore promises: the fake in memory, and the real one in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest
from psycopg.errors import UniqueViolation

from algotrendy.backtest.adapters.postgres_trials import PostgresTrials
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.ports import TrialStore
from algotrendy.backtest.trials import Batch, Moments
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.instrument import Symbol
from algotrendy.platform.database import Database
from fakes.some_trials import ACME, RIVAL, ledger_over, record, sha, some_batch, some_tally

AAPL, MSFT, IBM = Symbol("AAPL"), Symbol("MSFT"), Symbol("IBM")
DECADE = (date(2005, 1, 1), date(2014, 12, 31))


@pytest.fixture
def memory() -> TrialStore:
    return MemoryTrials()


@pytest.fixture
def postgres(database: Database) -> TrialStore:
    return PostgresTrials(database)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> TrialStore:
    """Give an empty store; another one joins by a fixture whose name is added to the parameters."""
    found: TrialStore = request.getfixturevalue(request.param)
    return found


def rows(database: Database, table: str) -> int:
    counted = f"SELECT count(*) AS n FROM {table}"
    row = database.run(lambda tx: tx.execute(counted).fetchone())
    return int((row or {})["n"])


def test_a_batch_is_read_as_it_was_stored(store: TrialStore) -> None:
    # Every bit of a float counts: a batch that is recorded again must be found equal.
    odd = replace(
        some_tally("AAPL", "BRK.B", "BTC/USD", sharpes=[0.1 + 0.2, 1 / 3, None, -5e-324]),
        timeframe=Timeframe.MINUTE,
        periods_per_year=252 * 390.0,
    )
    batch = some_batch(1, odd, some_tally("IBM", sharpes=[None]), strategy="o'neil \u2713")
    assert store.add(batch) == batch
    assert store.newest(ACME, 10) == [batch]
    assert store.overlapping(ACME, [MSFT, AAPL], *DECADE) == [("o'neil \u2713", odd)]


def test_the_largest_counts_are_kept(store: TrialStore) -> None:
    many = replace(some_tally(), trials=10**12, sharpe=Moments(10**12, 0.01, 1e300))
    store.add(some_batch(1, many))
    assert store.overlapping(ACME, [AAPL], *DECADE) == [("sma_cross", many)]


def test_a_hash_used_again_gives_the_first_batch_and_stores_nothing(store: TrialStore) -> None:
    first = some_batch(1)
    store.add(first)
    other = some_batch(2, some_tally("MSFT"), sha256=first.sha256)
    assert store.add(other) == first
    assert store.newest(ACME, 10) == [first]
    assert store.overlapping(ACME, [MSFT], *DECADE) == []


def test_two_tenants_may_run_the_same(store: TrialStore) -> None:
    mine, theirs = some_batch(1), some_batch(2, sha256=sha(1), tenant=RIVAL)
    assert store.add(mine) == mine
    assert store.add(theirs) == theirs
    assert store.newest(RIVAL, 10) == [theirs]
    assert len(store.overlapping(RIVAL, [AAPL], *DECADE)) == 1


def test_a_batch_is_left_out_when_it_is_named(store: TrialStore) -> None:
    mine, other = store.add(some_batch(1)), store.add(some_batch(2))
    assert len(store.overlapping(ACME, [AAPL], *DECADE)) == 2
    found = store.overlapping(ACME, [AAPL], *DECADE, mine.sha256)
    assert found == [("sma_cross", other.tallies[0])]


def test_tallies_are_found_by_any_symbol_and_each_once(store: TrialStore) -> None:
    pair, alone = some_tally("AAPL", "MSFT"), some_tally("IBM")
    store.add(some_batch(1, pair, alone))
    assert store.overlapping(ACME, [AAPL, MSFT], *DECADE) == [("sma_cross", pair)]
    assert store.overlapping(ACME, [MSFT, IBM], *DECADE) == [
        ("sma_cross", pair),
        ("sma_cross", alone),
    ]
    assert store.overlapping(ACME, [Symbol("GOOG")], *DECADE) == []


def test_tallies_are_found_by_overlapping_dates_to_the_day(store: TrialStore) -> None:
    early = some_tally(first=date(2009, 1, 1), last=date(2009, 6, 30))
    late = some_tally(first=date(2009, 7, 1), last=date(2009, 12, 31))
    store.add(some_batch(1, early, late))

    def found(first: date, last: date) -> list[date]:
        return [tally.first for _, tally in store.overlapping(ACME, [AAPL], first, last)]

    assert found(date(2009, 6, 30), date(2009, 7, 1)) == [early.first, late.first]
    assert found(date(2009, 6, 30), date(2009, 6, 30)) == [early.first]
    assert found(date(2009, 7, 1), date(2030, 1, 1)) == [late.first]
    assert found(date(2010, 1, 1), date(2030, 1, 1)) == []
    assert found(date(2000, 1, 1), date(2008, 12, 31)) == []


def test_tallies_come_in_one_order_however_they_were_stored(store: TrialStore) -> None:
    for number in (3, 1, 4, 2):
        store.add(some_batch(number, some_tally(sharpes=[number / 100]), strategy=f"s{number}"))
    found = [tally.best for _, tally in store.overlapping(ACME, [AAPL], *DECADE)]
    assert found == [number / 100 for number in sorted((1, 2, 3, 4), key=sha)]


def test_a_tenants_batches_are_listed_newest_first_in_pages(store: TrialStore) -> None:
    for number in (2, 1, 4, 3):
        store.add(some_batch(number))
    store.add(some_batch(9, tenant=RIVAL))
    newest = store.newest(ACME, 2)
    assert newest == [some_batch(4), some_batch(3)]
    older = store.newest(ACME, 2, before=newest[-1].id)
    assert older == [some_batch(2), some_batch(1)]
    assert store.newest(ACME, 2, before=older[-1].id) == []


def test_one_batch_recorded_at_once_by_many_counts_once(
    postgres: TrialStore, database: Database
) -> None:
    at_once = Barrier(4)

    def write(number: int) -> Batch:
        at_once.wait()
        return record(ledger_over(postgres, seed=number), "same")

    with ThreadPoolExecutor(4) as pool:
        batches = set(pool.map(write, range(4)))
    assert len(batches) == 1
    assert [rows(database, f"trial_{table}") for table in ("batches", "tallies", "symbols")] == [
        1,
        1,
        1,
    ]


def test_of_two_that_record_other_figures_at_once_one_is_told(
    postgres: TrialStore, database: Database
) -> None:
    at_once = Barrier(2)

    def write(sharpe: float) -> Batch | Conflict:
        at_once.wait()
        try:
            return record(ledger_over(postgres), "same", some_tally(sharpes=[sharpe]))
        except Conflict as refused:
            return refused

    for _ in range(5):
        database.run(lambda tx: tx.execute("DELETE FROM trial_batches"))
        database.run(lambda tx: tx.execute("DELETE FROM trial_tallies"))
        database.run(lambda tx: tx.execute("DELETE FROM trial_symbols"))
        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(write, [0.1, 0.2]))
        [kept] = [each for each in said if isinstance(each, Batch)]
        assert postgres.newest(ACME, 10) == [kept]
        assert postgres.overlapping(ACME, [AAPL], *DECADE) == [("sma_cross", kept.tallies[0])]


def test_a_batch_that_fails_midway_leaves_nothing(postgres: TrialStore, database: Database) -> None:
    # A symbol that is there without its batch makes the last write of the batch fail.
    database.run(
        lambda tx: tx.execute(
            "INSERT INTO trial_symbols VALUES (%s, 'AAPL', %s, 0, '2010-01-01', '2010-01-02')",
            [ACME, sha(1)],
        )
    )
    with pytest.raises(UniqueViolation):
        postgres.add(some_batch(1))
    assert [rows(database, f"trial_{table}") for table in ("batches", "tallies")] == [0, 0]
    assert postgres.newest(ACME, 10) == []
