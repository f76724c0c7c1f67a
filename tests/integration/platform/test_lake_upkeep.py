"""Upkeep makes few big files of many small ones beside writers, and nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from arro3.core import Array, DataType, Table

from algotrendy.kernel.errors import NotFound
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.lake_upkeep import LakeUpkeep
from algotrendy.platform.settings import reset_settings

FORTY_DAYS_S = 40 * 86_400
MARK = "ticks:A"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_at(tmp_path.as_uri())


def rows(symbol: str, date: str, *times: int) -> Table:
    count = len(times)
    return Table.from_arrays(
        [
            Array([symbol] * count, DataType.utf8()),
            Array([date] * count, DataType.utf8()),
            Array(list(times), DataType.int64()),
        ],
        names=["symbol", "date", "time"],
    )


def add(lake: Lake, symbol: str, date: str, *times: int) -> int:
    return lake.write("ticks", rows(symbol, date, *times), ["symbol", "date"])


def times(lake: Lake, symbol: str, version: int | None = None) -> list[int]:
    sql = f"SELECT time FROM ticks WHERE symbol = '{symbol}' ORDER BY time"
    return lake.query("ticks", sql, version)["time"]


def parquet(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.rglob("*.parquet"))


def age(tmp_path: Path) -> None:
    long_ago = time.time() - FORTY_DAYS_S
    for file in tmp_path.glob("ticks/symbol=*/**/*.parquet"):
        os.utime(file, (long_ago, long_ago))


def test_small_files_become_one_sorted_file_a_partition(lake: Lake, tmp_path: Path) -> None:
    shuffled = list(range(24))
    random.Random(7).shuffle(shuffled)
    for moment in shuffled:
        add(lake, "A", "2026-01-05", moment)
        if moment < 2:
            add(lake, "B", "2026-01-05", moment)
    kept = LakeUpkeep(lake).keep("ticks")
    assert (kept.put_together, kept.made, kept.finished) == (24, 1, True)
    status = LakeUpkeep(lake).status("ticks")
    assert (status.rows, status.files, status.partitions) == (26, 3, 2)
    assert times(lake, "A") == list(range(24))
    unsorted = lake.query("ticks", "SELECT time FROM ticks WHERE symbol = 'A'")["time"]
    assert unsorted == list(range(24))


def test_a_second_round_changes_nothing(lake: Lake) -> None:
    for moment in range(6):
        add(lake, "A", "2026-01-05", moment)
    first = LakeUpkeep(lake).keep("ticks")
    second = LakeUpkeep(lake).keep("ticks")
    assert (second.put_together, second.forgotten) == (0, 0)
    assert second.version == first.version


def test_many_partitions_are_done_in_few_commits(lake: Lake) -> None:
    for moment in range(4):
        for symbol in "ABC":
            for date in ("2026-01-05", "2026-01-06"):
                add(lake, symbol, date, moment)
    before = lake.version("ticks")
    kept = LakeUpkeep(lake).keep("ticks")
    assert (kept.put_together, kept.made) == (24, 6)
    assert before is not None
    assert kept.version == before + 2


def test_a_dataset_without_partitions_is_compacted(lake: Lake) -> None:
    for moment in range(5):
        lake.write("plain", rows("A", "2026-01-05", moment))
    assert LakeUpkeep(lake).keep("plain").put_together == 5
    assert LakeUpkeep(lake).status("plain").files == 1


def test_when_time_is_up_the_rest_waits(lake: Lake) -> None:
    for moment in range(5):
        add(lake, "A", "2026-01-05", moment)
    kept = LakeUpkeep(lake).keep("ticks", time_is_up=lambda: True)
    assert (kept.put_together, kept.finished) == (0, False)
    assert LakeUpkeep(lake).keep("ticks").put_together == 5


def test_readers_of_an_older_version_go_on_reading(lake: Lake, tmp_path: Path) -> None:
    for moment in range(6):
        add(lake, "A", "2026-01-05", moment)
    upkeep = LakeUpkeep(lake)
    upkeep.keep("ticks")
    # As if the rows had lain there for long: what counts is when a version stopped being newest.
    age(tmp_path)
    kept = upkeep.keep("ticks")
    assert kept.forgotten == 0
    assert times(lake, "A", version=3) == [0, 1, 2, 3]
    assert times(lake_at(tmp_path.as_uri()), "A", version=3) == [0, 1, 2, 3]


def test_the_file_of_a_writer_that_died_goes_in_time(lake: Lake, tmp_path: Path) -> None:
    add(lake, "A", "2026-01-05", 1)
    folder = tmp_path / "ticks" / "symbol=A" / "date=2026-01-05"
    died, at_work = folder / "died.parquet", folder / "at-work.parquet"
    died.write_bytes(b"half")
    age(tmp_path)
    at_work.write_bytes(b"half")
    assert LakeUpkeep(lake).keep("ticks").forgotten == 1
    assert not died.exists()
    assert at_work.exists()
    assert times(lake, "A") == [1]


def test_marks_outlive_compaction_and_the_log(lake: Lake) -> None:
    for moment in range(30):
        number = (moment or None, moment + 1)
        lake.write("ticks", rows("A", "d", moment), ["symbol", "date"], marks={MARK: number})
    LakeUpkeep(lake).keep("ticks")
    assert lake.mark("ticks", MARK) == 30
    lake.write("ticks", rows("A", "d", 30), marks={MARK: (30, 31)})
    assert lake.mark("ticks", MARK) == 31


def test_a_dataset_from_before_gets_our_retention(lake: Lake, tmp_path: Path) -> None:
    from deltalake import DeltaTable, write_deltalake

    write_deltalake(str(tmp_path / "ticks"), rows("A", "2026-01-05", 1))
    LakeUpkeep(lake).keep("ticks")
    found = DeltaTable(str(tmp_path / "ticks")).metadata().configuration
    assert found["delta.deletedFileRetentionDuration"] == "interval 30 days"
    assert found["delta.logRetentionDuration"] == "interval 30 days"


def test_writers_and_upkeep_at_once_lose_and_double_nothing(lake: Lake) -> None:
    add(lake, "A", "2026-01-05", 0)
    ended = threading.Event()
    replaced: list[int] = []

    def append() -> None:
        for moment in range(1, 25):
            number = (moment - 1 or None, moment)
            lake.write("ticks", rows("A", "2026-01-05", moment), marks={MARK: number})

    def replace() -> None:
        for moment in range(8):
            where = "symbol = 'B'"
            lake.write("ticks", rows("B", "2026-01-05", *range(moment)), replace=where)
            replaced.append(moment)

    def look_after() -> None:
        upkeep = LakeUpkeep(lake)
        while not ended.is_set():
            upkeep.compact("ticks", fewest=2)

    writers = [threading.Thread(target=append), threading.Thread(target=replace)]
    keeper = threading.Thread(target=look_after)
    for thread in (*writers, keeper):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    keeper.join()
    LakeUpkeep(lake).keep("ticks")
    assert times(lake, "A") == list(range(25))
    assert times(lake, "B") == list(range(7))
    assert lake.mark("ticks", MARK) == 24
    assert len(replaced) == 8


def test_every_dataset_of_a_lake_is_found(lake: Lake) -> None:
    assert lake.datasets() == []
    add(lake, "A", "2026-01-05", 1)
    lake.write("deeper/bars", rows("A", "2026-01-05", 1))
    assert lake.datasets() == ["deeper/bars", "ticks"]


def test_the_upkeep_of_a_lake_on_s3(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = request.getfixturevalue("s3_server")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    reset_settings()
    bucket = f"lake-{uuid4()}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    lake = lake_at(f"s3://{bucket}/lake")
    for moment in range(5):
        add(lake, "A", "2026-01-05", moment)
    lake.write("deeper/bars", rows("A", "2026-01-05", 1))
    assert lake.datasets() == ["deeper/bars", "ticks"]
    kept = LakeUpkeep(lake).keep("ticks")
    assert (kept.put_together, kept.made, kept.forgotten) == (5, 1, 0)
    assert times(lake, "A") == [0, 1, 2, 3, 4]
    assert times(lake, "A", version=1) == [0, 1]


def test_a_dataset_that_is_not_there_is_not_found(lake: Lake) -> None:
    with pytest.raises(NotFound):
        LakeUpkeep(lake).status("ticks")


def test_a_version_from_before_the_month_says_that_it_is_gone(lake: Lake, tmp_path: Path) -> None:
    add(lake, "A", "2026-01-05", 1)
    (file,) = parquet(tmp_path)
    add(lake, "A", "2026-01-05", 2)
    file.unlink()
    with pytest.raises(NotFound, match="versions are kept for 30 days"):
        times(lake, "A", version=0)
