"""A process that commits again and again holds the dataset open, and believes what is so."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest

from algotrendy.kernel.errors import Conflict
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.lake_held import HeldTable
from algotrendy.platform.settings import reset_settings
from fakes.lake_racer import MARK, add, rows


@pytest.fixture
def lake(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    reset_settings()
    bucket = f"lake-{uuid4()}"
    boto3.client("s3", endpoint_url=s3_server).create_bucket(Bucket=bucket)
    return lake_at(f"s3://{bucket}/lake")


def delete_all(lake: Lake, endpoint: str) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint)
    bucket = urlsplit(lake.url).netloc
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
        s3.delete_object(Bucket=bucket, Key=item["Key"])


def prices(lake: Lake) -> list[float]:
    return lake.query("ticks", "SELECT price FROM ticks ORDER BY price")["price"]


def test_what_another_process_committed_is_seen_before_the_next_commit(lake: Lake) -> None:
    other = lake_at(lake.url)
    add(lake, 1.0, None, 1)
    add(other, 2.0, 1, 2)
    assert lake.mark("ticks", MARK) == 2
    with pytest.raises(Conflict, match="must be 1, was 2"):
        add(lake, 3.0, 1, 2)
    add(lake, 3.0, 2, 3)
    assert other.mark("ticks", MARK) == 3
    assert prices(lake) == prices(other) == [1.0, 2.0, 3.0]


def test_a_dataset_that_is_gone_is_not_written_on_at_its_old_version(
    lake: Lake, s3_server: str
) -> None:
    for step in range(3):
        add(lake, float(step), step or None, step + 1)
    delete_all(lake, s3_server)
    assert lake.mark("ticks", MARK) is None
    with pytest.raises(Conflict, match="must be 3, was None"):
        add(lake, 9.0, 3, 4)
    add(lake, 9.0, None, 1)
    assert prices(lake_at(lake.url)) == [9.0]


def test_a_dataset_that_was_made_anew_is_read_anew(lake: Lake, s3_server: str) -> None:
    for step in range(3):
        add(lake, float(step), step or None, step + 1)
    delete_all(lake, s3_server)
    add(lake_at(lake.url), 9.0, None, 1)
    assert lake.mark("ticks", MARK) == 1
    add(lake, 10.0, 1, 2)
    assert prices(lake_at(lake.url)) == [9.0, 10.0]


def test_marks_are_remembered_as_long_as_nobody_else_commits(tmp_path: Path) -> None:
    lake = lake_at(tmp_path.as_uri())
    add(lake, 1.0, None, 1)
    held = HeldTable(lake.table("ticks"))
    assert held.mark(MARK) == 1
    add(lake, 2.0, 1, 2)
    # Not yet looked at: what was read belongs to the version that it was read of.
    assert held.mark(MARK) == 1
    assert held.follow()
    assert held.mark(MARK) == 2


def test_a_commit_that_comes_between_makes_other_marks_unsure(tmp_path: Path) -> None:
    lake = lake_at(tmp_path.as_uri())
    add(lake, 1.0, None, 1)
    held = HeldTable(lake.table("ticks"))
    before = held.table.version()
    assert held.mark("other") is None
    add(lake, 2.0, 1, 2)
    lake.write("ticks", rows(3.0), marks={"other": (None, 7)})
    held.table.update_incremental()
    version = held.wrote(before, {MARK: (1, 2)})
    assert version == before + 2
    assert (held.mark("other"), held.mark(MARK)) == (7, 2)
