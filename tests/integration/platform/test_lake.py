"""The lake in a folder and on an S3 that speaks HTTP: commits whole, and loses no writer."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import boto3
import pytest
from arro3.core import Array, DataType, Field, Schema, Table

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.platform.lake import Lake, lake_at, literal
from algotrendy.platform.settings import reset_settings

SCHEMA = Schema(
    [
        Field("symbol", DataType.utf8()),
        Field("close", DataType.float64()),
        Field("time", DataType.timestamp("us", tz="UTC")),
    ]
)
MONDAY_US = 1_767_571_200_000_000  # 2026-01-05 00:00 UTC
DAY_US = 86_400_000_000


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    if request.param == "folder":
        return lake_at((tmp_path / "a lake").as_uri())
    endpoint = request.getfixturevalue("s3_server")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    reset_settings()
    bucket = f"lake-{uuid4()}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return lake_at(f"s3://{bucket}/lake")


def rows(symbol: str, *closes: float) -> Table:
    times = [MONDAY_US + n * DAY_US for n in range(len(closes))]
    return Table.from_arrays(
        [
            Array([symbol] * len(closes), DataType.utf8()),
            Array(list(closes), DataType.float64()),
            Array(times, DataType.int64()).cast(DataType.timestamp("us", tz="UTC")),
        ],
        schema=SCHEMA,
    )


def closes(lake: Lake, symbol: str, version: int | None = None) -> list[float]:
    sql = f"SELECT close FROM bars WHERE symbol = {literal(symbol)} ORDER BY time"
    return lake.query("bars", sql, version)["close"]


def put(lake: Lake, symbol: str, *values: float) -> int:
    predicate = f"symbol = {literal(symbol)}"
    return lake.write("bars", rows(symbol, *values), ["symbol"], replace=predicate)


def test_rows_come_back_with_their_types(lake: Lake) -> None:
    assert lake.write("bars", rows("AAPL", 1.5, 2.5), ["symbol"]) == 0
    found = lake.query("bars", "SELECT symbol, close, time FROM bars ORDER BY time")
    assert list(found) == ["symbol", "close", "time"]
    assert found["symbol"] == ["AAPL", "AAPL"]
    assert found["close"] == [1.5, 2.5]
    assert found["time"][1] == datetime(2026, 1, 6, tzinfo=UTC)


def test_a_dataset_that_is_not_there_is_said_to_be_missing(lake: Lake) -> None:
    assert lake.version("bars") is None
    with pytest.raises(NotFound, match="dataset bars was not found"):
        lake.query("bars", "SELECT 1")


def test_replacing_changes_the_named_rows_in_one_commit_and_no_others(lake: Lake) -> None:
    put(lake, "AAPL", 1.0, 2.0)
    put(lake, "IBM", 9.0)
    assert put(lake, "AAPL", 3.0) == 2
    assert closes(lake, "AAPL") == [3.0]
    assert closes(lake, "IBM") == [9.0]
    assert lake.version("bars") == 2


def test_adding_keeps_what_is_there(lake: Lake) -> None:
    lake.write("bars", rows("AAPL", 1.0), ["symbol"])
    assert lake.write("bars", rows("AAPL", 2.0)) == 1
    assert sorted(closes(lake, "AAPL")) == [1.0, 2.0]


def test_an_old_version_reads_as_it_was(lake: Lake) -> None:
    put(lake, "AAPL", 1.0)
    put(lake, "AAPL", 2.0)
    assert closes(lake, "AAPL", version=0) == [1.0]
    assert closes(lake, "AAPL", version=1) == [2.0]
    assert closes(lake, "AAPL") == [2.0]


def test_a_version_that_was_never_made_is_not_found(lake: Lake) -> None:
    put(lake, "AAPL", 1.0)
    for version in (1, 10**15, -1):
        with pytest.raises(NotFound, match=f"version {version} was not found; the newest .* is 0"):
            closes(lake, "AAPL", version=version)


def test_rows_outside_the_predicate_are_refused_and_nothing_changes(lake: Lake) -> None:
    put(lake, "AAPL", 1.0)
    with pytest.raises(Invalid, match="rows that satisfy symbol = 'AAPL'"):
        lake.write("bars", rows("IBM", 2.0), ["symbol"], replace="symbol = 'AAPL'")
    assert lake.version("bars") == 0
    assert closes(lake, "AAPL") == [1.0]


def test_rows_of_another_shape_are_refused(lake: Lake) -> None:
    put(lake, "AAPL", 1.0)
    other = Table.from_arrays(
        [Array(["x"], DataType.utf8())], schema=Schema([Field("strange", DataType.utf8())])
    )
    with pytest.raises(Invalid, match="bars must be rows with the dataset's columns"):
        lake.write("bars", other)
    assert lake.version("bars") == 0


@pytest.mark.parametrize("sql", ["SELECT nope FROM bars", "SELEC", "SELECT * FROM secrets"])
def test_wrong_sql_is_invalid(lake: Lake, sql: str) -> None:
    put(lake, "AAPL", 1.0)
    with pytest.raises(Invalid, match="sql must be a SELECT"):
        lake.query("bars", sql)


def test_no_rows_are_empty_columns(lake: Lake) -> None:
    put(lake, "AAPL", 1.0)
    found = lake.query("bars", "SELECT symbol, close FROM bars WHERE close > 5")
    assert found == {"symbol": [], "close": []}


def test_writers_of_different_symbols_at_once_all_arrive(lake: Lake) -> None:
    symbols = [f"S{n}" for n in range(6)]
    together = threading.Barrier(len(symbols))
    versions: list[int] = []

    def work(symbol: str) -> None:
        together.wait()
        versions.extend(put(lake, symbol, value, value + 1) for value in (1.0, 5.0))

    run_all([threading.Thread(target=work, args=(symbol,)) for symbol in symbols])
    assert sorted(versions) == list(range(12))
    assert {symbol: closes(lake, symbol) for symbol in symbols} == {
        symbol: [5.0, 6.0] for symbol in symbols
    }


def test_writers_of_the_same_symbol_at_once_leave_one_whole_answer(lake: Lake) -> None:
    together = threading.Barrier(4)

    def work(value: float) -> None:
        together.wait()
        put(lake, "AAPL", value, value, value)

    run_all([threading.Thread(target=work, args=(float(n),)) for n in range(4)])
    found = closes(lake, "AAPL")
    assert len(found) == 3
    assert len(set(found)) == 1


def test_adders_at_once_lose_no_row(lake: Lake) -> None:
    together = threading.Barrier(4)

    def work(value: float) -> None:
        together.wait()
        for _ in range(3):
            lake.write("bars", rows("AAPL", value), ["symbol"])

    run_all([threading.Thread(target=work, args=(float(n),)) for n in range(4)])
    assert sorted(closes(lake, "AAPL")) == [float(n) for n in range(4) for _ in range(3)]


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_files_are_zstd_parquet_under_their_partition(tmp_path: Path) -> None:
    import duckdb

    lake_at(tmp_path.as_uri()).write("bars", rows("AAPL", 1.0), ["symbol"])
    (file,) = tmp_path.glob("bars/symbol=AAPL/*.parquet")
    with duckdb.connect() as connection:
        sql = "SELECT DISTINCT compression FROM parquet_metadata(?)"
        assert connection.execute(sql, [str(file)]).fetchall() == [("ZSTD",)]


@pytest.mark.parametrize(
    "value",
    [
        "O'Neil",
        "'; DROP TABLE bars; --",
        "é\n\\",
        "",
        7,
        -1.5,
        1e-300,
        True,
        date(2026, 1, 5),
        datetime(2026, 1, 5, 9, 30, 0, 5, tzinfo=UTC),
    ],
)
def test_a_value_in_sql_is_that_value_again(tmp_path: Path, value: Any) -> None:
    lake = lake_at(tmp_path.as_uri())
    lake.write("bars", rows("AAPL", 1.0))
    found = lake.query("bars", f"SELECT {literal(value)} AS v FROM bars")["v"]
    assert found == [value]


def test_times_are_compared_as_times(lake: Lake) -> None:
    put(lake, "AAPL", 1.0, 2.0, 3.0)
    start = literal(datetime(2026, 1, 6, tzinfo=UTC))
    end = literal(datetime(2026, 1, 7, tzinfo=UTC))
    sql = f"SELECT close FROM bars WHERE time >= {start} AND time < {end}"
    assert lake.query("bars", sql) == {"close": [2.0]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 1, 5)])  # noqa: DTZ001
def test_a_value_that_sql_cannot_hold_is_invalid(value: Any) -> None:
    with pytest.raises(Invalid, match="value must be"):
        literal(value)


@pytest.mark.parametrize("dataset", ["", "../bars", "a b", "/bars"])
def test_a_dataset_that_could_leave_the_lake_is_invalid(tmp_path: Path, dataset: str) -> None:
    lake = lake_at(tmp_path.as_uri())
    with pytest.raises(Invalid, match="key must be"):
        lake.version(dataset)


@pytest.mark.parametrize("url", ["", "/tmp/lake", "https://x/y", "s3://", "file://host/x"])
def test_another_kind_of_address_is_invalid(url: str) -> None:
    with pytest.raises(Invalid, match="url must be"):
        lake_at(url)


def test_a_bucket_that_cannot_be_reached_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "max_retries": "1",
        "retry_timeout": "1s",
    }
    lake = Lake("s3://bucket/lake", options)
    with pytest.raises(Unavailable, match="lake is unavailable"):
        lake.version("bars")


def test_a_folder_with_odd_letters_is_the_folder_of_that_name(tmp_path: Path) -> None:
    folder = tmp_path / "my läke"
    lake_at(f"file://{quote(str(folder))}").write("bars", rows("AAPL", 1.0))
    assert (folder / "bars" / "_delta_log").is_dir()


def test_a_reader_sees_every_commit_of_another_process(lake: Lake) -> None:
    put(lake, "AAPL", 1.0)
    reader = lake_at(lake.url)
    for value in (1.0, 2.0, 3.0):
        put(lake, "AAPL", value)
        assert closes(reader, "AAPL") == [value]
        assert reader.version("bars") == lake.version("bars")


def test_a_dataset_that_is_made_anew_is_read_anew(tmp_path: Path) -> None:
    reader = lake_at(tmp_path.as_uri())
    put(reader, "AAPL", 1.0)
    assert closes(reader, "AAPL") == [1.0]
    shutil.rmtree(tmp_path / "bars")
    with pytest.raises(NotFound):
        closes(reader, "AAPL")
    put(lake_at(tmp_path.as_uri()), "AAPL", 2.0)
    assert closes(reader, "AAPL") == [2.0]
