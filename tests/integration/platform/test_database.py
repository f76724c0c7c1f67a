"""Transactions on a real PostgreSQL: conflicts, faults, and what a caller is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from algotrendy.kernel.errors import Conflict, Invalid, Unavailable, Unknown
from algotrendy.platform.database import (
    ATTEMPTS,
    MAX_AGE_S,
    TRUSTED_IDLE_S,
    Database,
    Transaction,
    dsql_conninfo,
)


@pytest.fixture(scope="module")
def counters_url(empty_database_url: str) -> str:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE TABLE counters (id integer PRIMARY KEY, n integer NOT NULL)")
    return empty_database_url


@pytest.fixture
def counters(counters_url: str) -> Iterator[Database]:
    database = Database(counters_url, max_connections=2)
    database.run(lambda tx: tx.execute("DELETE FROM counters"))
    database.run(lambda tx: tx.execute("INSERT INTO counters VALUES (1, 0)"))
    yield database
    database.close()


def read(tx: Transaction) -> int:
    row = tx.execute("SELECT n FROM counters WHERE id = 1").fetchone()
    assert row is not None
    return int(row["n"])


def write(tx: Transaction, n: int) -> None:
    tx.execute("UPDATE counters SET n = %s WHERE id = 1", [n])


def backend_of(tx: Transaction) -> int:
    row = tx.execute("SELECT pg_backend_pid() AS pid").fetchone()
    assert row is not None
    return int(row["pid"])


def test_two_transactions_that_read_the_same_row_both_count(counters: Database) -> None:
    both_have_read = threading.Barrier(2)
    runs: list[int] = []

    def count_up(tx: Transaction) -> None:
        n = read(tx)
        runs.append(n)
        if len(runs) <= 2:  # the first run of each; a retry does not wait for anybody
            both_have_read.wait(timeout=10)
        write(tx, n + 1)

    threads = [threading.Thread(target=counters.run, args=(count_up,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counters.run(read) == 2
    assert runs == [0, 0, 1]  # one of them was refused with 40001 and ran again


def test_a_snapshot_does_not_move_while_others_commit(counters: Database) -> None:
    def look_twice(tx: Transaction) -> tuple[int, int]:
        before = read(tx)
        counters.run(lambda other: write(other, 7))
        return before, read(tx)

    assert counters.run(look_twice) == (0, 0)
    assert counters.run(read) == 7


def test_a_transaction_that_conflicts_every_time_is_given_up_with_nothing_changed(
    counters_url: str, counters: Database
) -> None:
    pauses: list[float] = []
    unlucky = Database(counters_url, sleep=pauses.append)

    def lose(tx: Transaction) -> None:
        n = read(tx)
        counters.run(lambda other: write(other, n + 1))
        write(tx, -100)

    with pytest.raises(Unavailable, match=f"conflicted with others {ATTEMPTS} times") as caught:
        unlucky.run(lose)
    unlucky.close()
    assert caught.value.retry_after_s == 1
    assert isinstance(caught.value.__cause__, errors.SerializationFailure)
    assert len(pauses) == ATTEMPTS - 1
    assert all(0 <= pause <= 0.5 for pause in pauses)
    assert counters.run(read) == ATTEMPTS


def test_what_the_function_raises_undoes_the_transaction_and_comes_through(
    counters: Database,
) -> None:
    def refuse(tx: Transaction) -> None:
        write(tx, 5)
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"):
        counters.run(refuse)
    assert counters.run(read) == 0


def test_a_wrong_statement_comes_through_as_it_is(counters: Database) -> None:
    with pytest.raises(errors.UniqueViolation):
        counters.run(lambda tx: tx.execute("INSERT INTO counters VALUES (1, 1)"))
    assert counters.run(read) == 0


def test_a_connection_that_breaks_before_the_commit_means_nothing_happened(
    counters: Database, counters_url: str
) -> None:
    def break_off(tx: Transaction) -> None:
        write(tx, 5)
        end_backend(counters_url, backend_of(tx))
        write(tx, 6)

    with pytest.raises(Unavailable, match="terminating connection"):
        counters.run(break_off)
    assert counters.run(read) == 0


def test_a_connection_that_breaks_in_the_commit_means_nobody_knows(
    counters: Database, counters_url: str
) -> None:
    def break_off(tx: Transaction) -> None:
        write(tx, 5)
        end_backend(counters_url, backend_of(tx))

    with pytest.raises(Unknown, match="outcome of commit is unknown"):
        counters.run(break_off)
    assert counters.run(read) in (0, 5)


@pytest.mark.parametrize("is_at_commit", [False, True])
def test_a_transaction_that_the_server_gave_up_is_told_as_a_lost_connection(
    counters_url: str, counters: Database, is_at_commit: bool
) -> None:
    database = Database(f"{counters_url}&options=-c%20idle_in_transaction_session_timeout%3D100")

    def stand_still(tx: Transaction) -> None:
        write(tx, 5)
        time.sleep(0.4)
        if not is_at_commit:
            read(tx)

    with pytest.raises(Unknown if is_at_commit else Unavailable, match="idle-in-transaction"):
        database.run(stand_still)
    assert database.run(read) == 0
    database.close()


def test_a_server_that_became_a_reader_is_left_with_every_connection(
    counters_url: str, counters: Database
) -> None:
    def say(default: str) -> None:
        writer = f"{counters_url}&options=-c%20default_transaction_read_only%3Doff"
        with psycopg.connect(writer, autocommit=True) as other:
            name = sql.Identifier(other.info.dbname)
            what = sql.SQL(f"ALTER DATABASE {{}} SET default_transaction_read_only = {default}")
            other.execute(what.format(name))

    counters.close()
    say("on")
    try:
        counters.run(lambda tx: counters.run(read))
        with pytest.raises(Unavailable, match="read-only transaction"):
            counters.run(lambda tx: write(tx, 9))
    finally:
        say("off")

    def write_both(tx: Transaction) -> None:
        counters.run(lambda other: write(other, 3))
        tx.execute("INSERT INTO counters VALUES (2, 4)")

    # An old connection would read on for ever.
    counters.run(write_both)
    assert counters.run(read) == 3


def end_backend(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_connection_that_died_while_idle_is_replaced_unseen(
    counters_url: str, counters: Database
) -> None:
    now = [0.0]
    database = Database(counters_url, monotonic=lambda: now[0])
    first = database.run(backend_of)
    end_backend(counters_url, first)
    now[0] += TRUSTED_IDLE_S
    assert database.run(backend_of) != first
    database.close()


def test_a_connection_is_used_again_until_it_is_too_old(
    counters_url: str, counters: Database
) -> None:
    now = [0.0]
    database = Database(counters_url, monotonic=lambda: now[0])
    first = database.run(backend_of)
    now[0] = MAX_AGE_S - 1
    assert database.run(backend_of) == first
    now[0] = MAX_AGE_S
    assert database.run(backend_of) != first
    database.close()


def test_no_more_connections_are_open_than_allowed(counters: Database) -> None:
    pids: set[int] = set()
    threads = [
        threading.Thread(target=lambda: pids.add(counters.run(backend_of))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(pids) <= 2


def test_nothing_connects_before_the_first_transaction_and_a_dead_server_is_named(
    tmp_path: Any,
) -> None:
    database = Database(f"postgresql:///none?host={tmp_path}")
    with pytest.raises(Unavailable, match=r"database is unavailable: .*No such file"):
        database.ping()


def test_a_closed_database_opens_again(counters: Database) -> None:
    counters.close()
    assert counters.run(read) == 0


@pytest.mark.parametrize("url", ["mysql://user:hunter2@host/db", "", "dsql:/x"])
def test_another_kind_of_address_is_invalid_and_its_password_is_not_repeated(url: str) -> None:
    with pytest.raises(Invalid, match="database_url must be") as caught:
        Database(url).ping()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected", "action"),
    [
        (
            "dsql://abc.dsql.eu-west-1.on.aws?region=eu-west-1",
            {"user": "admin", "dbname": "postgres", "host": "abc.dsql.eu-west-1.on.aws"},
            "DbConnectAdmin",
        ),
        (
            "dsql://abc.dsql.us-east-1.on.aws/app?user=writer",
            {"user": "writer", "dbname": "app", "host": "abc.dsql.us-east-1.on.aws"},
            "DbConnect",
        ),
    ],
)
def test_dsql_is_entered_with_a_token_over_verified_tls(
    url: str, expected: dict[str, str], action: str
) -> None:
    found = psycopg.conninfo.conninfo_to_dict(dsql_conninfo(url))
    assert {name: found[name] for name in expected} == expected
    assert found["sslmode"] == "verify-full"
    assert f"Action={action}&" in str(found["password"])
    region = str(expected["host"]).split(".")[2]
    assert f"%2F{region}%2Fdsql%2F" in str(found["password"])


def test_each_dsql_connection_gets_a_token_of_its_own(
    monkeypatch: pytest.MonkeyPatch, counters_url: str
) -> None:
    asked: list[str] = []

    def connect(conninfo: str, **_: Any) -> Any:
        asked.append(conninfo)
        raise psycopg.OperationalError("connection refused")

    # The one place where a vendor's call is replaced: no DSQL cluster is within reach.
    monkeypatch.setattr("psycopg.Connection.connect", connect)
    database = Database("dsql://abc.dsql.us-east-1.on.aws")
    for _ in range(2):
        with pytest.raises(Unavailable, match="connection refused"):
            database.ping()
    assert len(asked) == 2
    assert all("X-Amz-Signature" in conninfo for conninfo in asked)


def test_the_server_gives_a_silent_transaction_up_beside_what_the_address_asks_for(
    counters_url: str,
) -> None:
    def setting(database: Database, name: str) -> str:
        row = database.run(lambda tx: tx.execute(f"SHOW {name}").fetchone())
        assert row is not None
        return str(row[name])

    for more, lock_timeout in (("", "0"), ("&options=-c%20lock_timeout%3D100", "100ms")):
        database = Database(f"{counters_url}{more}")
        assert setting(database, "idle_in_transaction_session_timeout") == "30s"
        assert setting(database, "lock_timeout") == lock_timeout
        database.close()
