"""`algotrendy migrate`: what it prints, where the bad rows go, and how it ends."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from algotrendy.cli.main import exit_code
from algotrendy.cli.migrate import migrate
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.migration.running import TooManyBadRows
from algotrendy.platform.settings import reset_settings

MAPPING = """
[from]
table = "trades"
[to]
kind = "trades"
source = "monolith"
[columns]
symbol = "ticker"
time = "at"
price = "price"
size = "size"
[time]
unit = "s"
"""
BEGIN = 1_704_205_800
APP = typer.Typer()
APP.command()(migrate)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("ALGOTRENDY_MIGRATE_DATABASE", f"sqlite:///{tmp_path}/m.db")
    reset_settings()
    (tmp_path / "m.toml").write_text(MAPPING)
    connection = sqlite3.connect(tmp_path / "m.db")
    connection.execute("CREATE TABLE trades (ticker, at, price, size)")
    insert(connection, *((f"S{n % 2}", BEGIN + n, 10 + n, 1) for n in range(6)))
    yield connection
    connection.close()
    reset_settings()


def insert(connection: sqlite3.Connection, *rows: tuple[object, ...]) -> None:
    connection.executemany("INSERT INTO trades VALUES (?, ?, ?, ?)", rows)
    connection.commit()


def run(tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(APP, [str(tmp_path / "m.toml"), *arguments])


def test_bad_rows_are_named_and_kept_in_a_file(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    insert(database, ("S0", BEGIN, 0, 1), ("S1", BEGIN, "x", None))
    done = run(tmp_path, "--chunk", "2")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "migrate: equal, 6 rows in the lake"
    assert f"bad: S1 {BEGIN}: price 'x' is not a number; size is empty" in done.stderr
    assert "storing: 8 of 8 rows (100%), at S1, 2 bad" in done.stderr
    lines = (tmp_path / "m.bad.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {
        "symbol": "S0",
        "time": str(BEGIN),
        "faults": [{"column": "price", "reason": "0.0 is not above 0"}],
        "row": {"ticker": "S0", "at": str(BEGIN), "price": "0", "size": "1"},
    }
    assert len(lines) == 2
    assert not list(tmp_path.glob("*.part"))


def test_too_many_bad_rows_end_with_one_and_leave_the_file(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    insert(database, *(("S0", BEGIN + n, 0, 1) for n in range(9)))
    done = run(tmp_path, "--max-bad", "3")
    assert isinstance(done.exception, TooManyBadRows)
    assert exit_code(done.exception) == 1
    assert len((tmp_path / "m.bad.jsonl").read_text().splitlines()) == 3


def test_a_table_that_grew_is_not_equal_until_it_is_begun_anew(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    assert run(tmp_path).exit_code == 0
    insert(database, ("S0", BEGIN - 1, 1, 1))
    grown = run(tmp_path)
    assert grown.exit_code == 1
    assert "migrate: NOT equal (6 rows were there from earlier runs)" in grown.stdout
    anew = run(tmp_path, "--restart")
    assert anew.exit_code == 0
    assert anew.stdout.splitlines()[-1] == "migrate: equal, 7 rows in the lake"


def test_a_dry_run_of_trades_shows_them(database: sqlite3.Connection, tmp_path: Path) -> None:
    done = run(tmp_path, "--dry-run", "--rows", "2")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split() == ["S0", "2024-01-02T14:30:00Z", "10", "1"]
    assert done.stdout.splitlines()[-1].startswith("dry run: 6 rows would become trades of 'mono")
    assert not (tmp_path / "lake").exists()


def test_a_database_must_be_named(
    database: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALGOTRENDY_MIGRATE_DATABASE")
    done = run(tmp_path)
    assert isinstance(done.exception, Invalid)
    assert "given with --database, or as from.database in m.toml" in done.exception.message
