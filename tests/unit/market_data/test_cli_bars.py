"""`algotrendy bars`: what it imports, what it refuses, what it prints."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.bars import app
from algotrendy.kernel.errors import Invalid, InvalidRows, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring

HEADER = "date,open,high,low,close,volume\n"
GOOD = "2024-01-02,10,12,9,11,1000\n2024-01-03,11,13,10,12,2000\n"


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("COLUMNS", "120")
    wiring.bar_store.cache_clear()
    yield
    wiring.bar_store.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def refused(*arguments: str) -> tuple[BaseException, str]:
    result = run(*arguments)
    assert result.exception is not None
    return result.exception, result.stderr


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return str(path)


def test_the_name_of_a_file_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "prices[bold].csv"
    path.write_text(HEADER + GOOD)
    assert "csv:prices[bold].csv" in run("import", "--csv", str(path), "--symbol", "AAA").stdout
    assert "csv:prices[bold].csv" in run("list").stdout


def test_all_samples_are_imported_and_a_second_time_nothing_changes() -> None:
    first = run("import", "--source", "all")
    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines()[-1] == (
        "imported: 22,216 bars of 7 symbols, 0 rows quarantined, version 1"
    )
    assert "bokeh-sampledata 2026.1" in first.stdout
    second = run("import", "--source", "bokeh")
    assert second.stdout.splitlines()[-1] == (
        "unchanged: 12,154 bars of 5 symbols, 0 rows quarantined, version 1"
    )
    assert len(run("list").stdout.splitlines()) == 8


def test_one_symbol_of_a_source_can_be_chosen() -> None:
    assert "196 bars of 1 symbol" in run("import", "--source", "all", "--symbol", "FB").stdout
    error, _ = refused("import", "--source", "arch", "--symbol", "FB")
    assert isinstance(error, NotFound)
    assert error.hint == "--source arch has IXIC, SPX"


def test_what_a_sample_had_to_leave_out_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "AAA,2024-01-02,10,12,9,11,1,11\nAAA,2024-01-03,10,8,9,11,1,11\n"
    data = tmp_path / "bokeh_sampledata" / "_data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").touch()
    header = "Ticker,Date,Open,High,Low,Close,Volume,Adj Close\n"
    (data / "stocks.csv.gz").write_bytes(gzip.compress((header + rows).encode()))
    monkeypatch.syspath_prepend(tmp_path)
    done = run("import", "--source", "bokeh")
    assert "imported, 1 row quarantined" in done.stdout
    assert "1 bar of 1 symbol, 1 row quarantined, version 1" in done.stdout
    assert done.stderr.splitlines() == [
        "AAA: left out; 1 bad row",
        "  line 3: high 8.0 is below low 9.0",
    ]


def test_an_own_csv_file_is_imported_with_its_columns_mapped(tmp_path: Path) -> None:
    text = "Day,Open,High,Low,Last,Volume\n02.01.2024,10,12,9,11,1\n"
    done = run(
        "import",
        "--csv",
        written(tmp_path, text),
        "--symbol",
        "ACME",
        "--column",
        "close=Last",
        "--date-format",
        "%d.%m.%Y",
    )
    assert "imported: 1 bar of 1 symbol, 0 rows quarantined, version 1" in done.stdout
    series = wiring.bar_store().read(Symbol("ACME"))
    assert series.close == (11.0,)
    assert wiring.bar_store().symbols()[0].source == "csv:prices.csv"


def test_an_own_parquet_file_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    columns = "1 AS open, 1 AS high, 1 AS low, 1 AS close, 1 AS volume"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT DATE '2024-01-02' AS date, {columns}) TO '{path}'")
    assert "1 bar of 1 symbol" in run("import", "--parquet", str(path), "--symbol", "ACME").stdout
    assert wiring.bar_store().symbols()[0].source == "parquet:prices.parquet"


def test_a_bad_row_leaves_the_lake_as_it_was_and_every_bad_line_is_printed(
    tmp_path: Path,
) -> None:
    run("import", "--csv", written(tmp_path, HEADER + GOOD), "--symbol", "ACME")
    bad = HEADER + GOOD + "2024-01-04,[red]x,13,10,12,1\n2024-01-05,11,9,10,12,1\n"
    error, printed = refused("import", "--csv", written(tmp_path, bad), "--symbol", "ACME")
    assert isinstance(error, InvalidRows)
    assert printed.splitlines() == [
        "prices.csv: nothing was imported; 2 bad rows",
        "  line 4: open '[red]x' is not a number",
        "  line 5: high 9.0 is below low 10.0",
    ]
    assert wiring.bar_store().version() == 1
    assert len(wiring.bar_store().read(Symbol("ACME"))) == 2


def test_of_many_bad_rows_a_hundred_are_printed_and_the_rest_counted(tmp_path: Path) -> None:
    bad = HEADER + "x,1,1,1,1,1\n" * 250
    _, printed = refused("import", "--csv", written(tmp_path, bad), "--symbol", "ACME")
    lines = printed.splitlines()
    assert (len(lines), lines[-1]) == (102, "  ... 150 more")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "import must be one of --source, --csv, --parquet, --alpaca and --ccxt, was 'none'"),
        (("--source", "all", "--csv", "a.csv"), "was 'source and csv'"),
        (("--csv", "a.csv"), "symbol must be given with --symbol for a file of your own"),
        (("--csv", "a.csv", "--symbol", "acme"), "symbol must be 1 to 20 capitals"),
        (("--csv", "a.csv", "--symbol", "A", "--column", "x"), "column must be FIELD=NAME"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments: tuple[str, ...], message: str) -> None:
    error, _ = refused("import", *arguments)
    assert isinstance(error, Invalid)
    assert message in str(error)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error, _ = refused("import", "--csv", str(tmp_path / "none.csv"), "--symbol", "ACME")
    assert isinstance(error, Invalid)
    assert "none.csv: No such file" in str(error)


def test_bars_are_shown_raw_or_adjusted_first_and_last() -> None:
    run("import", "--source", "bokeh", "--symbol", "AAPL")
    shown = run("show", "AAPL", "--start", "2005-02-25", "--end", "2005-02-28").stdout
    assert "88.99" in shown
    assert shown.splitlines()[-1] == "2 bars"
    adjusted = run("show", "AAPL", "--end", "2000-03-01", "--adjustment", "all").stdout
    assert "all prices" in adjusted
    assert "4.19" in adjusted
    whole = run("show", "AAPL").stdout
    assert "… 3,250 more" in whole
    assert len(whole.splitlines()) == 2 + 21 + 1
    assert "more" not in run("show", "AAPL", "--end", "2000-04-01", "--every").stdout


def test_an_unknown_symbol_and_an_empty_range_are_refused() -> None:
    assert "no bars yet" in run("list").stdout
    run("import", "--source", "bokeh", "--symbol", "AAPL")
    error, _ = refused("show", "APPL")
    assert isinstance(error, NotFound)
    assert error.hint == "did you mean AAPL?"
    error, _ = refused("show", "AAPL", "--start", "2020-01-01")
    assert isinstance(error, Invalid)
    assert error.field == "start"


def test_gaps_are_kept_filled_or_refused(tmp_path: Path) -> None:
    rows = GOOD + "2024-01-08,11,13,10,12,2000\n"
    run("import", "--csv", written(tmp_path, HEADER + rows), "--symbol", "AAA")
    assert run("show", "AAA").stdout.endswith("3 bars\n")
    filled = run("show", "AAA", "--gaps", "fill").stdout.splitlines()
    assert filled[-1] == "5 bars, 2 of them filled"
    assert filled[4].split() == ["2024-01-04", "12.00", "12.00", "12.00", "12.00", "0", "filled"]
    error, _ = refused("show", "AAA", "--gaps", "refuse")
    assert isinstance(error, Invalid)
    assert error.field == "gaps"
    assert error.actual == "AAA lacks 2 bars of 1Day, the first at 2024-01-04"
    assert run("show", "AAA", "--gaps", "refuse", "--end", "2024-01-03").exit_code == 0
    error, _ = refused("show", "AAA", "--style", "tick:amount=2", "--gaps", "fill")
    assert isinstance(error, Invalid)
    assert error.field == "gaps"
