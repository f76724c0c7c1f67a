"""`algotrendy ticks`: what it imports, what it refuses, what it prints."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.ticks import app
from algotrendy.kernel.errors import Invalid, InvalidRows, NotFound
from algotrendy.market_data import wiring

HEADER = "time,price,size\n"
GOOD = "2024-07-02T13:30:00Z,187.15,100\n2024-07-02T13:30:00.000000001Z,187.16,0.5\n"


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("COLUMNS", "120")
    wiring.tick_store.cache_clear()
    yield
    wiring.tick_store.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def imported(tmp_path: Path, text: str, *more: str) -> Result:
    path = tmp_path / "trades.csv"
    path.write_text(text)
    return run("import", "--csv", str(path), "--symbol", "AAPL", *more)


def test_a_file_is_imported_listed_and_shown_and_a_second_time_nothing_changes(
    tmp_path: Path,
) -> None:
    first = imported(tmp_path, HEADER + GOOD)
    done = "2 trades of AAPL, 2024-07-02 to 2024-07-02, version 0\n"
    assert first.stdout == f"imported: {done}"
    assert imported(tmp_path, HEADER + GOOD).stdout == f"unchanged: {done}"
    listed = run("list").stdout.splitlines()[-1].split()
    assert listed == ["AAPL", "2024-07-02", "2024-07-02", "2", "csv:trades.csv"]
    shown = run("show", "AAPL").stdout
    assert "AAPL on 2024-07-02, UTC" in shown
    assert "13:30:00.000000001  187.16   0.5" in shown
    assert shown.splitlines()[-1] == "2 trades"


def test_bad_rows_are_named_by_line_and_nothing_is_imported(tmp_path: Path) -> None:
    bad = "yesterday,1,1\n2024-07-02T13:30:00Z,-1,0\n2024-07-02T13:30:00Z,1\n"
    result = imported(tmp_path, HEADER + GOOD + bad)
    assert isinstance(result.exception, InvalidRows)
    assert result.stderr.splitlines() == [
        "trades.csv: nothing was imported; 3 bad rows",
        "  line 4: time 'yesterday' is not a time like 2024-07-02T13:30:00.123456789Z",
        "  line 5: price -1.0 is not above 0",
        "  line 5: size is 0: nothing was traded",
        "  line 6: row has 2 cells where the header has 3",
    ]
    assert "no trades yet" in run("list").stdout


def test_of_many_bad_rows_the_rest_are_counted(tmp_path: Path) -> None:
    result = imported(tmp_path, HEADER + "x,1,1\n" * 150)
    assert result.stderr.splitlines()[-1] == "  ... 50 more"


def test_columns_and_units_can_be_named(tmp_path: Path) -> None:
    text = "When,Last,Qty\n1719927000000,187.15,100\n"
    named = imported(tmp_path, text, "--column", "time=When", "--column", "price=Last")
    assert isinstance(named.exception, InvalidRows)
    done = ("--column", "time=When", "--column", "price=Last", "--time-unit", "ms")
    assert "1 trades of AAPL, 2024-07-02" in imported(tmp_path, text, *done).stdout
    assert run("show", "AAPL").stdout.splitlines()[-1] == "1 trade"
    assert isinstance(imported(tmp_path, text, "--column", "time").exception, Invalid)


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv.gz"
    path.write_bytes(gzip.compress((HEADER + GOOD).encode()))
    assert "imported: 2 trades" in run("import", "--csv", str(path), "--symbol", "AAPL").stdout


def test_a_long_day_shows_its_ends_or_all_of_it(tmp_path: Path) -> None:
    rows = "".join(f"2024-07-02T13:30:{second:02d}Z,10,1\n" for second in range(60))
    imported(tmp_path, HEADER + rows)
    assert "… 40 more" in run("show", "AAPL").stdout
    assert "13:30:30.000000000" in run("show", "AAPL", "--every").stdout


def test_what_is_not_there_is_refused_with_what_is(tmp_path: Path) -> None:
    missing = run("show", "AAPL").exception
    assert isinstance(missing, NotFound)
    imported(tmp_path, HEADER + GOOD)
    other_day = run("show", "AAPL", "--day", "2024-07-01").exception
    assert isinstance(other_day, Invalid)
    assert "trades of AAPL run 2024-07-02 to 2024-07-02" in str(other_day)
    no_file = run("import", "--csv", str(tmp_path / "no.csv"), "--symbol", "AAPL").exception
    assert isinstance(no_file, Invalid)
    bad_symbol = run("import", "--csv", "x.csv", "--symbol", "a b").exception
    assert isinstance(bad_symbol, Invalid)
