"""`algotrendy migrate` from a real PostgreSQL and from SQLite, killed half-way and run again."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import psycopg.conninfo
import pytest

from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.lake_ticks import LakeTicks
from algotrendy.market_data.adapters.migration_lake import LakeTarget
from algotrendy.market_data.adapters.migration_postgres import PostgresTable
from algotrendy.market_data.migration.checksum import Columns
from algotrendy.market_data.migration.mapping import TableMapping, read_mapping
from algotrendy.market_data.migration.ports import Stretch
from algotrendy.market_data.migration.running import Migration, Outcome
from algotrendy.platform.lake import Lake
from fakes.migrated import bars_mapping, trades_mapping

ROWS = 50_000
PER_SYMBOL = 10_000

MAKE_BARS = f"""
CREATE TABLE bars AS SELECT 'S' || n / {PER_SYMBOL} AS ticker,
  timestamptz '2024-01-02 14:30Z' + n % {PER_SYMBOL} * interval '1 minute' AS ts,
  (100 + n % 97)::numeric(12, 4) AS o, (101.5 + n % 97)::numeric(12, 4) AS h,
  (99.25 + n % 97)::numeric(12, 4) AS l, (100.125 + n % 97)::numeric(12, 4) AS c, n AS v
FROM generate_series(0, {ROWS - 1}) AS n;
CREATE INDEX ON bars (ticker, ts);
INSERT INTO bars VALUES
  (NULL, '2024-01-02Z', 1, 1, 1, 1, 1), ('S1', NULL, 1, 1, 1, 1, 1),
  ('s x', '2024-01-02Z', 1, 1, 1, 1, 1), ('S2', '2024-01-02 14:31Z', 1, 1, 1, 1, 1),
  ('S3', 'infinity', 1, 1, 1, 1, 1), ('S4', '2023-01-02Z', 1, 2, 3, 1, -1);
"""
MAPPING = """
[from]
table = "bars"
[to]
kind = "bars"
timeframe = "1Min"
source = "monolith"
[columns]
symbol = "ticker"
time = "ts"
open = "o"
high = "h"
low = "l"
close = "c"
volume = "v"
[time]
zone = "UTC"
"""


@pytest.fixture(scope="module")
def postgres(empty_database_url: str) -> str:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(MAKE_BARS.encode())
    return empty_database_url


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    path = tmp_path / "monolith.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bars (ticker TEXT, ts INT, o REAL, h REAL, l, c, v)")
        begin = 1_704_205_800
        good = (
            (f"S{n // PER_SYMBOL}", begin + n % PER_SYMBOL * 60, 100, 101.5, "99.25", 100.125, n)
            for n in range(ROWS)
        )
        bad = [
            *((None, begin, 1, 1, 1, 1, 1), ("S1", None, 1, 1, 1, 1, 1)),
            *(("s x", begin, 1, 1, 1, 1, 1), ("S2", begin + 60, 1, 1, 1, 1, 1)),
            *(("S3", 10**15, 1, 1, 1, 1, 1), ("S4", begin - 60, 1, 2, 3, 1, -1)),
        ]
        rows = "INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.executemany(rows, good)
        connection.executemany(rows, bad)
        connection.execute("CREATE INDEX bars_by_key ON bars (ticker, ts)")
    connection.close()
    return f"sqlite:///{path}"


def command(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "ALGOTRENDY_LAKE_URL": f"file://{tmp_path}/lake"}
    environment["ALGOTRENDY_HOME"] = str(tmp_path / "home")
    called = [sys.executable, "-m", "algotrendy.cli.main", "migrate", str(tmp_path / "m.toml")]
    return subprocess.Popen(
        [*called, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_killed_half_way_and_run_again_it_ends_equal(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    url: str = request.getfixturevalue(database)
    unit = 'unit = "s"\n' if database == "sqlite" else ""
    (tmp_path / "m.toml").write_text(MAPPING + unit)
    killed = command(tmp_path, "--database", url, "--chunk", "5000")
    assert killed.stderr is not None
    with killed, killed.stderr as told:
        stored = sum(1 for _ in zip(range(3), iter(told.readline, ""), strict=False))
        killed.send_signal(signal.SIGKILL)
    assert (stored, killed.returncode) == (3, -signal.SIGKILL)

    again = command(tmp_path, "--database", url)
    out, err = again.communicate(timeout=200)
    assert again.returncode == 0, out + err
    figures = dict(re.findall(r"^(\w[\w, ]*?) {2,}([\d,]+)", out, re.MULTILINE))
    assert figures == {
        "Table, by its count": "50,006",
        "Table, bad rows": "6",
        "Table, good rows": "50,000",
        "Lake": "50,000",
        "Quarantine": "6",
    }
    assert len(set(re.findall(r"[0-9a-f]{32}", out))) == 1
    resumed = re.search(r"equal, 50,000 rows in the lake \(([\d,]+) rows were there", out)
    assert resumed is not None
    assert 15_000 <= int(resumed[1].replace(",", "")) <= 50_006
    bad = [json.loads(line) for line in (tmp_path / "m.bad.jsonl").read_text().splitlines()]
    assert {(row["symbol"], row["faults"][0]["column"]) for row in bad} == {
        *(("", "ticker"), ("S1", "ts"), ("s x", "ticker"), ("S2", "ts"), ("S3", "ts"), ("S4", "v")),
    }
    kept = LakeBars(Lake(f"file://{tmp_path}/lake"))
    assert [(item.symbol, item.bars) for item in kept.symbols()] == [
        (f"S{n}", PER_SYMBOL) for n in range(5)
    ]


def migrate(mapping: TableMapping, url: str, folder: Path, chunk_rows: int = 7) -> Outcome:
    target = LakeTarget(Lake(f"file://{folder}/lake"), mapping)
    with wiring.migration_source(url, mapping) as table:
        return Migration(mapping, table, target, chunk_rows=chunk_rows).run()


TIME_COLUMNS: list[tuple[str, str, dict[str, Any]]] = [
    ("timestamptz", "'2024-01-02 14:30Z'::timestamptz + n * interval '1 min'", {}),
    ("timestamp", "'2024-01-02 09:30'::timestamp + n * interval '1 min'", {"zone": "US/Eastern"}),
    ("bigint", "(1704205800 + n * 60) * 1000::bigint", {"unit": "ms"}),
    ("float8", "1704205800 + n * 60", {"unit": "s"}),
    ("numeric", "1704205800 + n * 60", {"unit": "s"}),
    ("text", "to_char('2024-01-02'::timestamp + n * interval '1 min', 'YYYY-MM-DD HH24:MI')", {}),
]


@pytest.mark.parametrize(("kind", "value", "time"), TIME_COLUMNS, ids=lambda each: str(each)[:11])
def test_times_of_every_type_are_migrated_and_gone_on_from(
    empty_database_url: str, tmp_path: Path, kind: str, value: str, time: dict[str, Any]
) -> None:
    name = f"times_{kind}"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        rows = (
            f"SELECT 'A' AS ticker, ({value})::{kind} AS ts, 1 AS o, 1 AS h, 1 AS l, 1 AS c, 1 AS v"
        )
        connection.execute(
            f"CREATE TABLE {name} AS {rows} FROM generate_series(0, 19) AS n".encode()
        )
    mapping = bars_mapping(from_={"table": f"public.{name}"}, time=time)
    with wiring.migration_source(empty_database_url, mapping) as table:
        [every] = table.rows(None)
        assert [row for block in table.rows(every[7][:2]) for row in block] == every[8:]
        assert table.ends("A") == (every[0][1], every[-1][1])
    assert migrate(mapping, empty_database_url, tmp_path).is_equal
    bars = LakeBars(Lake(f"file://{tmp_path}/lake")).read(Symbol("A"))
    begin = 1_704_153_600 if kind == "text" else 1_704_205_800
    assert bars.times == tuple((begin + n * 60) * 10**9 for n in range(20))


def test_daily_bars_of_dates_take_the_place_of_what_was_there(
    empty_database_url: str, tmp_path: Path
) -> None:
    rows = (
        "SELECT 'A' AS ticker, '2024-01-02'::date + n AS ts, 1 AS o, 1 AS h, 1 AS l, 1 AS c, n AS v"
    )
    query = f"{rows} FROM generate_series(0, 9) AS n;"
    lake = Lake(f"file://{tmp_path}/lake")
    for source in ("first", "second"):
        to = {"kind": "bars", "timeframe": "1Day", "source": source}
        mapping = bars_mapping(from_={"table": None, "query": query, "where": "v <> 3"}, to=to)
        assert migrate(mapping, empty_database_url, tmp_path, chunk_rows=4).is_equal
    [kept] = LakeBars(lake).symbols()
    assert (kept.bars, kept.source) == (9, "second")
    target = LakeTarget(lake, mapping)
    target.forget()
    assert LakeBars(lake).symbols() == []
    assert migrate(mapping, empty_database_url, tmp_path).resumed == 0


def test_rows_that_no_migration_stored_are_never_taken_away(
    empty_database_url: str, tmp_path: Path
) -> None:
    query = "SELECT 'A' AS ticker, now() AS ts, 1 AS o, 1 AS h, 1 AS l, 1 AS c, 1 AS v"
    mapping = bars_mapping(from_={"table": None, "query": query})
    target = LakeTarget(Lake(f"file://{tmp_path}/lake"), mapping)
    one = np.array([1.0])
    target.put(Columns(["A"], np.array([0]), (one,) * 6), [Stretch("A", 0, 0)])
    target.forget()
    assert target.has_rows()
    with pytest.raises(Conflict, match=r"choose another to\.source"):
        migrate(mapping, empty_database_url, tmp_path)


def test_no_time_limit_of_the_server_ends_a_long_migration(empty_database_url: str) -> None:
    limits = ("statement_timeout", "idle_in_transaction_session_timeout")
    shown = ", ".join(f"current_setting('{limit}')" for limit in limits)
    query = f"SELECT 'A' AS ticker, now() AS ts, {shown}, '1', '1', 1 AS v"
    mapping = bars_mapping(
        from_={"table": None, "query": f"SELECT * FROM ({query}) AS g (ticker, ts, o, h, l, c, v)"}
    )
    options = "-c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
    url = psycopg.conninfo.make_conninfo(empty_database_url, options=options)
    table = PostgresTable(url, mapping)
    [[row]] = table.rows(None)
    table.close()
    assert row[2:4] == ("0", "0")


def trades_of_sqlite(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trades (id INT, ticker, ts, p, q)")
        rows = ((99 - n, "A", 1_704_205_800_000_000_001 + n // 4, 50 + n, 1) for n in range(40))
        connection.executemany("INSERT INTO trades VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def test_trades_keep_nanoseconds_and_the_order_within_one(tmp_path: Path) -> None:
    url = trades_of_sqlite(tmp_path / "t.db")
    columns = {"symbol": "ticker", "time": "ts", "price": "p", "size": "q", "order": "id"}
    mapping = trades_mapping(columns=columns, time={"unit": "ns"})
    assert migrate(mapping, url, tmp_path).is_equal
    store = LakeTicks(Lake(f"file://{tmp_path}/lake"))
    [summary] = store.symbols()
    ticks = store.read(Symbol("A"), summary.first, summary.last)
    assert list(ticks.times) == [1_704_205_800_000_000_001 + n // 4 for n in range(40)]
    assert list(ticks.prices[:5]) == [53, 52, 51, 50, 57]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "nothing"}, r"^m\.toml: from must be readable as stated, .*nothing"),
        ({"where": "no such"}, r"^m\.toml: from must be readable as stated"),
    ],
)
@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_what_the_database_refuses_names_the_key(
    request: pytest.FixtureRequest, database: str, change: dict[str, str], said: str
) -> None:
    url: str = request.getfixturevalue(database)
    with (
        pytest.raises(Invalid, match=said),
        wiring.migration_source(url, bars_mapping(from_=change)),
    ):
        pass


def test_columns_of_a_wrong_type_are_named(postgres: str) -> None:
    for field, column in (("time", "at"), ("open", "at")):
        query = {"table": None, "query": "SELECT *, interval '1 s' AS at FROM bars"}
        mapping = bars_mapping(from_=query, columns={field: column})
        with (
            pytest.raises(Invalid, match=rf"m\.toml: columns\.{field} must be a column of"),
            wiring.migration_source(postgres, mapping),
        ):
            pass


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("mysql://x/y", Invalid),
        ("nowhere", Invalid),
        ("sqlite:////no/such/file.db", Invalid),
        ("postgresql://127.0.0.1:1/x", Unavailable),
    ],
)
def test_a_database_that_is_not_there_is_an_error_of_ours(url: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught, wiring.migration_source(url, bars_mapping()):
        pass
    assert len(str(caught.value).splitlines()) == 1


def test_the_documented_example_works(empty_database_url: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "migrate.md").read_text()
    [table], [mapping] = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("sql", "toml")
    )
    rows = [("FB", "09:30", "NASDAQ"), ("BRK-B", "09:31", "NASDAQ"), ("IBM", "09:30", "NYSE")]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(table.encode())
        for ticker, time, exchange in rows:
            values = f"1, '{ticker}', '2024-07-02 {time}', 2, 3, 1, 2, 100, '{exchange}'"
            connection.execute(f"INSERT INTO market_data_1m VALUES ({values})".encode())
    (tmp_path / "m.toml").write_text(mapping)
    done = migrate(read_mapping(tmp_path / "m.toml"), empty_database_url, tmp_path)
    assert (done.is_equal, done.lake.rows, done.bad) == (True, 2, 0)
    store = LakeBars(Lake(f"file://{tmp_path}/lake"))
    assert [item.symbol for item in store.symbols()] == ["BRK.B", "META"]
    assert store.read(Symbol("META")).times == (1_719_927_000 * 10**9,)


def test_a_dry_run_shows_and_writes_nothing(postgres: str, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    dry = command(tmp_path, "--database", postgres, "--dry-run", "--rows", "3")
    out, err = dry.communicate(timeout=100)
    assert dry.returncode == 0, err
    assert re.search(r"^S0 +2024-01-02T14:30:00Z +100 +101\.5 +99\.25 +100\.125", out, re.MULTILINE)
    assert out.splitlines()[-1] == (
        "dry run: 50,006 rows would become 1Min bars of 'monolith'; of the first 5, 2 bad; "
        "nothing was written"
    )
    assert "bad: S1 : ts is empty" in err
    assert not (tmp_path / "lake").exists()
