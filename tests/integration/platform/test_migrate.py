"""Migrations on a real PostgreSQL: again, at once, half-way, changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.platform.database import Database, Transaction
from algotrendy.platform.migrate import FOLDER, LEASE, migrate, pending, read_migrations

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def fresh(empty_database_url: str) -> Iterator[Database]:
    """Give an empty database: whatever an earlier test left behind is dropped."""
    database = Database(empty_database_url, max_connections=4)

    def drop(tx: Transaction) -> None:
        for table in tables_of(tx):
            tx.execute(f'DROP TABLE "{table}"'.encode())

    database.run(drop)
    yield database
    database.close()


def tables_of(tx: Transaction) -> set[str]:
    rows = tx.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


def folder_with(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name[1:]}.sql").write_text(text)
    return path


ONE = "CREATE TABLE IF NOT EXISTS a (id uuid PRIMARY KEY, n integer NOT NULL);"
ROW = "INSERT INTO a (id, n) VALUES ('018f0000-0000-7000-8000-000000000001', 1);"
COUNT_UP = "UPDATE a SET n = n + 1;"


def test_the_shipped_migrations_apply_once_and_then_have_nothing_left_to_do(
    fresh: Database,
) -> None:
    names = [migration.name for migration in read_migrations()]
    assert pending(fresh) == names
    assert migrate(fresh) == names
    assert migrate(fresh) == []
    assert pending(fresh) == []
    assert {"outbox", "sweeps"} <= fresh.run(tables_of)


def test_four_runs_at_once_apply_every_statement_exactly_once(
    fresh: Database, tmp_path: Path, empty_database_url: str
) -> None:
    folder = folder_with(tmp_path, _0001_a=ONE + ROW + COUNT_UP, _0002_b=COUNT_UP + COUNT_UP)
    together = threading.Barrier(4)
    taken: list[list[str]] = []

    def run() -> None:
        database = Database(empty_database_url)
        together.wait()
        taken.append(migrate(database, folder))
        database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(len, taken)) == [0, 0, 0, 2]
    assert fresh.run(lambda tx: tx.execute("SELECT n FROM a").fetchall()) == [{"n": 4}]


def test_a_changed_applied_file_is_refused_and_nothing_runs(
    fresh: Database, tmp_path: Path
) -> None:
    migrate(fresh, folder_with(tmp_path, _0001_a=ONE))
    folder_with(tmp_path, _0001_a=ONE.replace("integer", "bigint"), _0002_b=ROW)
    with pytest.raises(Conflict, match=r"0001_a\.sql has changed since it was applied"):
        migrate(fresh, tmp_path)
    assert fresh.run(lambda tx: tx.execute("SELECT n FROM a").fetchall()) == []


def test_a_statement_added_to_an_applied_file_is_refused(fresh: Database, tmp_path: Path) -> None:
    migrate(fresh, folder_with(tmp_path, _0001_a=ONE))
    folder_with(tmp_path, _0001_a=ONE + ROW)
    with pytest.raises(Conflict, match="write a new one"):
        migrate(fresh, tmp_path)


def test_a_comment_may_change_in_an_applied_file(fresh: Database, tmp_path: Path) -> None:
    migrate(fresh, folder_with(tmp_path, _0001_a=ONE))
    folder_with(tmp_path, _0001_a="-- Better said.\n" + ONE)
    assert migrate(fresh, tmp_path) == []


def test_a_file_that_failed_half_way_goes_on_from_there_once_it_is_mended(
    fresh: Database, tmp_path: Path
) -> None:
    folder_with(tmp_path, _0001_a=ONE + ROW + "UPDATE a SET nope = 1;")
    with pytest.raises(Exception, match="nope"):
        migrate(fresh, tmp_path)
    folder_with(tmp_path, _0001_a=ONE + ROW + COUNT_UP)
    assert migrate(fresh, tmp_path) == ["0001_a.sql"]
    assert fresh.run(lambda tx: tx.execute("SELECT n FROM a").fetchall()) == [{"n": 2}]


def test_a_schema_statement_whose_note_was_lost_in_a_crash_runs_again_without_harm(
    fresh: Database, tmp_path: Path
) -> None:
    migrate(fresh, folder_with(tmp_path, _0001_a=ONE))
    fresh.run(lambda tx: tx.execute("DELETE FROM schema_migrations"))
    assert migrate(fresh, tmp_path) == ["0001_a.sql"]


def test_the_lease_of_a_killed_run_holds_the_next_one_up_only_until_it_expires(
    fresh: Database, tmp_path: Path
) -> None:
    clock = ManualClock(NOON)
    folder = folder_with(tmp_path, _0001_a=ONE)
    migrate(fresh, folder, clock)
    leave_a_lease(fresh, clock.now() + LEASE)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(timedelta(seconds=5))

    assert migrate(fresh, folder, clock, sleep) == []
    assert len(waits) == 3


def test_a_run_gives_up_when_another_never_ends(fresh: Database, tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    folder = folder_with(tmp_path, _0001_a=ONE)
    migrate(fresh, folder, clock)
    leave_a_lease(fresh, clock.now() + LEASE)
    with pytest.raises(Unavailable, match="another run has held them"):
        migrate(fresh, folder, clock, lambda _: None)


def leave_a_lease(database: Database, until: datetime) -> None:
    database.run(
        lambda tx: tx.execute("INSERT INTO schema_lease VALUES (1, 'killed', %s)", [until])
    )


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"_0000_b": ONE}, "0001_<what_it_does>.sql"),
        ({"_first": ONE}, "0001_<what_it_does>.sql"),
        ({"_0001_a": ONE, "_0001_b": ONE}, "0002_<what_it_does>.sql"),
        ({"_0001_a": "CREATE TABLE b (id serial);"}, "serial columns"),
        ({"_0001_a": "SELECT 'unfinished;"}, "cannot read SQL"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_runs(
    fresh: Database,
    tmp_path: Path,
    files: dict[str, str],
    complaint: str,
) -> None:
    with pytest.raises(Invalid, match=complaint):
        migrate(fresh, folder_with(tmp_path, **files))
    assert fresh.run(tables_of) == set()


def test_on_dsql_an_index_is_built_asynchronously() -> None:
    indexes = [
        statement.for_dsql()
        for migration in read_migrations(FOLDER)
        for statement in migration.statements
        if "INDEX" in statement.tokens[:3]
    ]
    assert indexes
    assert all(index.startswith("CREATE INDEX ASYNC IF NOT EXISTS ") for index in indexes)
