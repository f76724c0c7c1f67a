"""Marks of a dataset move with the rows they stand for: of two racing writers one wins."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from arro3.core import Array, DataType, Field, Schema, Table

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.lake_columns import optional_field
from algotrendy.platform.settings import reset_settings
from fakes.lake_racer import MARK, add, climb, race, rows


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    return lake_at(address(request.param, request, tmp_path, monkeypatch))


def address(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    if kind == "folder":
        return tmp_path.as_uri()
    endpoint = request.getfixturevalue("s3_server")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    reset_settings()
    bucket = f"lake-{uuid4()}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return f"s3://{bucket}/lake"


def prices(lake: Lake) -> list[float]:
    return lake.query("ticks", "SELECT price FROM ticks ORDER BY price")["price"]


def test_a_mark_that_nobody_set_is_none(lake: Lake) -> None:
    assert lake.mark("ticks", MARK) is None
    lake.write("ticks", rows(1.0), ["symbol"])
    assert lake.mark("ticks", MARK) is None


def test_a_mark_moves_with_the_rows(lake: Lake) -> None:
    add(lake, 1.0, None, 1)
    assert lake.mark("ticks", MARK) == 1
    add(lake, 2.0, 1, 2)
    assert lake.mark("ticks", MARK) == 2
    assert prices(lake) == [1.0, 2.0]


@pytest.mark.parametrize("expected", [None, 0, 2])
def test_a_mark_that_stands_elsewhere_is_a_conflict_and_nothing_is_written(
    lake: Lake, expected: int | None
) -> None:
    add(lake, 1.0, None, 1)
    with pytest.raises(Conflict, match=f"mark {MARK} of ticks must be {expected}, was 1"):
        add(lake, 2.0, expected, 5)
    assert prices(lake) == [1.0]
    assert lake.mark("ticks", MARK) == 1


def test_a_mark_expected_in_a_dataset_that_is_not_there_is_a_conflict(lake: Lake) -> None:
    with pytest.raises(Conflict, match="must be 3, was None"):
        add(lake, 1.0, 3, 4)
    assert lake.mark("ticks", MARK) is None


def test_one_of_two_marks_elsewhere_stops_both(lake: Lake) -> None:
    add(lake, 1.0, None, 1)
    with pytest.raises(Conflict):
        lake.write("ticks", rows(2.0), marks={"other": (None, 7), MARK: (None, 2)})
    assert lake.mark("ticks", "other") is None
    lake.write("ticks", rows(2.0), marks={"other": (None, 7), MARK: (1, 2)})
    assert (lake.mark("ticks", "other"), lake.mark("ticks", MARK)) == (7, 2)


def test_a_mark_moves_without_rows(lake: Lake) -> None:
    add(lake, 1.0, None, 1)
    lake.write("ticks", rows(), marks={MARK: (1, 9)})
    assert lake.mark("ticks", MARK) == 9
    assert prices(lake) == [1.0]


def test_replacing_moves_a_mark_too(lake: Lake) -> None:
    add(lake, 1.0, None, 1)
    lake.write("ticks", rows(5.0), replace="symbol = 'AAPL'", marks={MARK: (1, 2)})
    with pytest.raises(Conflict):
        lake.write("ticks", rows(6.0), replace="symbol = 'AAPL'", marks={MARK: (1, 3)})
    assert prices(lake) == [5.0]


@pytest.mark.parametrize(("name", "number"), [("", 1), ("x", -1)])
def test_a_mark_without_name_or_below_zero_is_invalid(lake: Lake, name: str, number: int) -> None:
    with pytest.raises(Invalid, match="marks"):
        lake.write("ticks", rows(1.0), marks={name: (None, number)})


def test_threads_that_race_for_a_mark_win_each_step_once(lake: Lake) -> None:
    won: list[float] = []

    def work(writer: int) -> None:
        won.extend(climb(lake, writer, 6))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lake.mark("ticks", MARK) == 6
    assert sorted(price % 1000 for price in won) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert prices(lake) == sorted(won)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_processes_that_race_for_a_mark_win_each_step_once(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = address(kind, request, tmp_path, monkeypatch)
    fresh = multiprocessing.get_context("spawn")
    done = fresh.Queue()
    writers = [fresh.Process(target=race, args=(url, n, 6, done)) for n in range(2)]
    for writer in writers:
        writer.start()
    won = [price for _ in writers for price in done.get(timeout=120)]
    for writer in writers:
        writer.join()
    assert sorted(price % 1000 for price in won) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert prices(lake_at(url)) == sorted(won)


def with_venue(*prices_: float, required: bool = False) -> Table:
    venue = Field("venue", DataType.utf8(), nullable=not required)
    schema = Schema(
        [Field("symbol", DataType.utf8()), venue, Field("price", DataType.float64())],
    )
    count = len(prices_)
    arrays = [
        Array(["AAPL"] * count, DataType.utf8()),
        Array(["XNAS"] * count, DataType.utf8()),
        Array(list(prices_), DataType.float64()),
    ]
    return Table.from_arrays(arrays, schema=schema)


def test_a_new_column_is_added_and_earlier_rows_are_null_there(lake: Lake) -> None:
    add(lake, 1.0, None, 1)
    version = lake.write("ticks", with_venue(2.0), marks={MARK: (1, 2)})
    lake.write("ticks", rows(3.0))
    sql = "SELECT price, venue FROM ticks ORDER BY price"
    assert lake.query("ticks", sql) == {"price": [1.0, 2.0, 3.0], "venue": [None, "XNAS", None]}
    assert lake.query("ticks", "SELECT * FROM ticks", version - 1) == {
        "symbol": ["AAPL"],
        "price": [1.0],
    }
    assert lake.mark("ticks", MARK) == 2


def test_a_new_column_comes_with_rows_that_replace(lake: Lake) -> None:
    lake.write("ticks", rows(1.0), ["symbol"])
    lake.write("ticks", with_venue(2.0), replace="symbol = 'AAPL'")
    found = lake.query("ticks", "SELECT price, venue FROM ticks")
    assert found == {"price": [2.0], "venue": ["XNAS"]}


def test_a_column_declared_optional_may_be_left_out_later(lake: Lake) -> None:
    schema = Schema(
        [
            Field("symbol", DataType.utf8()),
            Field("price", DataType.float64()),
            optional_field("venue", DataType.utf8()),
        ]
    )
    lake.write("ticks", with_venue(1.0).select(schema.names).with_schema(schema), ["symbol"])
    lake.write("ticks", rows(2.0))
    found = lake.query("ticks", "SELECT venue FROM ticks ORDER BY price")
    assert found == {"venue": ["XNAS", None]}


def test_a_new_column_that_may_not_be_null_is_refused(lake: Lake) -> None:
    lake.write("ticks", rows(1.0), ["symbol"])
    with pytest.raises(Invalid, match="a new column venue that may not be null"):
        lake.write("ticks", with_venue(2.0, required=True))


def test_a_column_of_another_type_is_refused(lake: Lake) -> None:
    lake.write("ticks", rows(1.0), ["symbol"])
    other = Table.from_arrays(
        [Array(["AAPL"], DataType.utf8()), Array(["2.0"], DataType.utf8())],
        names=["symbol", "price"],
    )
    with pytest.raises(Invalid, match="price as string, not double"):
        lake.write("ticks", other)
    assert prices(lake) == [1.0]


def test_writers_that_bring_the_same_column_at_once_all_arrive(lake: Lake) -> None:
    lake.write("ticks", rows(0.0), ["symbol"])
    together = threading.Barrier(3)

    def work(price: float) -> None:
        together.wait()
        lake.write("ticks", with_venue(price))

    threads = [threading.Thread(target=work, args=(float(n),)) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sql = "SELECT price, venue FROM ticks ORDER BY price"
    found = lake.query("ticks", sql)
    assert found == {"price": [0.0, 1.0, 2.0, 3.0], "venue": [None, "XNAS", "XNAS", "XNAS"]}
