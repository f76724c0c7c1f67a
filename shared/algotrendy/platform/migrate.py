"""Bring a database to the schema of this code: plain SQL files, each statement once, in order.

Safe to run again, to kill, and to run twice at once. Schema statements can run twice without
harm (``dialect`` sees to it) and each has a transaction of its own, as DSQL wants; a data
statement shares its transaction with the note that it ran. A lease lets one run work at a time;
it lasts some seconds, so that a killed run does not hold up the next.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from psycopg import errors

from algotrendy.kernel.clock import Clock, SystemClock
from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.platform.database import Database, Row, Transaction
from algotrendy.platform.dialect import Statement, refusals, statements

FOLDER = Path(__file__).with_name("migrations")
LEASE = timedelta(seconds=15)
POLL_S = 0.1
POLLS = 600
_RACES = 5
_COLLISIONS = (
    errors.DuplicateObject,
    errors.DuplicateTable,
    errors.InternalError_,
    errors.UniqueViolation,
)
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text NOT NULL,
    statement integer NOT NULL,
    statements integer NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (name, statement)
);
CREATE TABLE IF NOT EXISTS schema_lease (
    id integer PRIMARY KEY,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """Is one file: its name, and what it does."""

    name: str
    statements: tuple[Statement, ...]


def migrate(
    database: Database,
    folder: Path = FOLDER,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Apply what the database does not have yet, and give the names of the files that it took.

    Raises:
        Invalid: If a file says what DSQL refuses, or its name or number is wrong.
        Conflict: If a file that was applied has changed since; write a new one.
        Unavailable: If the database does not answer, or another run does not end.
    """
    migrations = read_migrations(folder)
    run = _Run(database, SystemClock() if clock is None else clock, sleep)
    for statement in statements(BOOKKEEPING):
        run.change_schema(statement)
    with run.lease():
        taken = []
        applied = database.run(_applied)
        for migration in migrations:
            done = applied.get(migration.name, [])
            _refuse_changed(migration, done)
            for number in range(len(done), len(migration.statements)):
                run.apply(migration, number)
            if len(done) < len(migration.statements):
                taken.append(migration.name)
        return taken


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read the files in their order, and check every statement.

    Raises:
        Invalid: If a file may not be applied; names the file and all reasons.
    """
    found = []
    last = 0
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        # A number may be left out: it was somebody's who did not need it.
        if match is None or int(match[1]) <= last:
            raise Invalid("migration", f"named {last + 1:04d}_<what_it_does>.sql", path.name)
        last = int(match[1])
        try:
            read = tuple(statements(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise Invalid(path.name, "SQL that can be read", str(error)) from error
        if reasons := [reason for statement in read for reason in refusals(statement)]:
            raise Invalid(path.name, "SQL that DSQL takes too", "; ".join(reasons))
        found.append(Migration(path.name, read))
    return found


def pending(database: Database, folder: Path = FOLDER) -> list[str]:
    """Give the names of the files that the database does not have in full."""
    try:
        applied = database.run(_applied)
    except errors.UndefinedTable:
        applied = {}
    return [
        migration.name
        for migration in read_migrations(folder)
        if len(applied.get(migration.name, [])) < len(migration.statements)
    ]


class _Run:
    def __init__(self, database: Database, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._database = database
        self._clock = clock
        self._sleep = sleep
        self._holder = secrets.token_hex(8)

    def apply(self, migration: Migration, number: int) -> None:
        self._hold()
        statement = migration.statements[number]
        if not statement.is_data:
            self.change_schema(statement)

        def note(tx: Transaction) -> None:
            if statement.is_data:
                tx.execute(statement.text.encode())
            tx.execute(
                "INSERT INTO schema_migrations (name, statement, statements, sha256, applied_at)"
                " VALUES (%s, %s, %s, %s, %s)",
                [
                    migration.name,
                    number,
                    len(migration.statements),
                    _sha256(statement),
                    self._clock.now(),
                ],
            )

        self._database.run(note)

    def change_schema(self, statement: Statement) -> None:
        text = statement.for_dsql() if self._database.is_dsql else statement.text
        for attempt in range(1, _RACES + 1):
            try:
                self._database.run(lambda tx: tx.execute(text.encode()))
            except _COLLISIONS:
                # IF NOT EXISTS does not wait: two at once collide in the catalogue (PostgreSQL).
                if attempt == _RACES:
                    raise
                self._sleep(POLL_S)
            else:
                return

    @contextmanager
    def lease(self) -> Iterator[None]:
        for _ in range(POLLS):
            if self._database.run(self._take):
                break
            self._sleep(POLL_S)
        else:
            reason = f"another run has held them for {POLLS * POLL_S:g} s"
            raise Unavailable("migrations", reason)
        try:
            yield
        finally:
            self._database.run(
                lambda tx: tx.execute("DELETE FROM schema_lease WHERE holder = %s", [self._holder])
            )

    def _hold(self) -> None:
        if not self._database.run(self._take):
            raise Unavailable("migrations", "another run took over; this one was too slow")

    def _take(self, tx: Transaction) -> bool:
        now = self._clock.now()
        row = tx.execute("SELECT holder, expires_at FROM schema_lease WHERE id = 1").fetchone()
        if row is None:
            tx.execute(
                "INSERT INTO schema_lease (id, holder, expires_at) VALUES (1, %s, %s)"
                " ON CONFLICT (id) DO NOTHING",
                [self._holder, now + LEASE],
            )
            return True
        if row["holder"] != self._holder and row["expires_at"] > now:
            return False
        tx.execute(
            "UPDATE schema_lease SET holder = %s, expires_at = %s WHERE id = 1",
            [self._holder, now + LEASE],
        )
        return True


def _applied(tx: Transaction) -> dict[str, list[Row]]:
    rows = tx.execute(
        "SELECT name, statement, statements, sha256 FROM schema_migrations ORDER BY name, statement"
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    return found


def _refuse_changed(migration: Migration, done: list[Row]) -> None:
    now = [_sha256(statement) for statement in migration.statements]
    then = [row["sha256"] for row in done]
    is_whole = bool(done) and len(done) == done[0]["statements"]
    # A file that failed half-way may be mended from where it failed.
    if now[: len(then)] != then or (is_whole and len(now) != len(then)):
        raise Conflict(
            f"migration {migration.name} has changed since it was applied; "
            "put it back and write a new one",
            migration=migration.name,
        )


def _sha256(statement: Statement) -> str:
    return hashlib.sha256(statement.text.encode()).hexdigest()
