"""One suite on both kinds of blobs: what a caller may count on, whichever is there."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import pytest

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.platform.blobs import Blobs, FolderBlobs, S3Blobs, blobs_at

BUCKET = "results"


@pytest.fixture(params=["folder", "s3", "s3 under a prefix"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return blobs_at(tmp_path.as_uri())
    request.getfixturevalue("aws_cloud")
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    prefix = "/a/b" if "prefix" in request.param else ""
    return blobs_at(f"s3://{BUCKET}{prefix}")


def test_what_was_put_is_got_back_byte_for_byte(blobs: Blobs) -> None:
    data = bytes(range(256)) * 100
    blobs.put("sweep/plan.json", data, "application/json")
    assert blobs.get("sweep/plan.json") == data


def test_an_empty_object_is_an_object(blobs: Blobs) -> None:
    blobs.put("empty", b"")
    assert blobs.exists("empty")
    assert blobs.get("empty") == b""


def test_a_second_put_takes_the_place_of_the_first(blobs: Blobs) -> None:
    blobs.put("k", b"first, and longer")
    blobs.put("k", b"second")
    assert blobs.get("k") == b"second"
    assert [info.key for info in blobs.list()] == ["k"]


def test_a_key_that_is_not_there_is_not_found(blobs: Blobs) -> None:
    blobs.put("a/b", b"")
    for key in ("none", "a", "a/b/c"):
        assert not blobs.exists(key)
        with pytest.raises(NotFound, match=f"blob {key} was not found"):
            blobs.get(key)


def test_a_list_is_sorted_and_tells_size_and_time(blobs: Blobs) -> None:
    for key in ("b", "a/2", "a/10", "a/1"):
        blobs.put(key, key.encode())
    found = blobs.list()
    assert [(info.key, info.size) for info in found] == [
        ("a/1", 3),
        ("a/10", 4),
        ("a/2", 3),
        ("b", 1),
    ]
    age = datetime.now(UTC) - found[0].modified
    assert abs(age) < timedelta(minutes=5)


def test_a_prefix_is_text_and_not_a_folder(blobs: Blobs) -> None:
    for key in ("s/shard-1", "s/shard-12", "s/other", "shard-1"):
        blobs.put(key, b"")
    assert [info.key for info in blobs.list("s/shard-1")] == ["s/shard-1", "s/shard-12"]
    assert [info.key for info in blobs.list("s/")] == ["s/other", "s/shard-1", "s/shard-12"]
    assert blobs.list("nothing/here") == []


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../../b", ".hidden", "a b", "a\nb", "a\\b", "é"]
)
def test_a_key_that_could_leave_the_root_is_invalid(blobs: Blobs, key: str) -> None:
    with pytest.raises(Invalid, match="key must be"):
        blobs.put(key, b"")
    with pytest.raises(Invalid, match="key must be"):
        blobs.get(key)


def test_an_address_names_the_object(blobs: Blobs) -> None:
    blobs.put("sweep/report.html", b"<p>")
    url = blobs.url("sweep/report.html", expires_s=60)
    assert urlsplit(url).path.endswith("/sweep/report.html")
    if url.startswith("file:"):
        with urlopen(url) as answer:
            assert answer.read() == b"<p>"
    else:
        assert "X-Amz-Expires=60" in url


def test_readers_see_whole_objects_while_writers_replace_them(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    versions = [bytes([n]) * 500_000 for n in range(4)]
    blobs.put("k", versions[0])
    writers = [threading.Thread(target=blobs.put, args=("k", data)) for data in versions * 3]
    for writer in writers:
        writer.start()
    seen = {blobs.get("k") for _ in range(100)}
    for writer in writers:
        writer.join()
    assert seen <= set(versions)


def test_a_failed_write_leaves_no_part_behind(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.put("taken/below", b"")
    with pytest.raises(Unavailable, match="blob folder"):
        blobs.put("taken", b"a folder is in the way")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["below"]


def test_a_key_below_a_file_is_unavailable_and_says_why(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.put("a", b"1")
    with pytest.raises(Unavailable, match="blob folder"):
        blobs.put("a/b", b"2")


def test_a_bucket_that_is_not_there_is_unavailable(aws_cloud: None) -> None:
    blobs = S3Blobs("none")
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        blobs.put("k", b"")
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        blobs.get("k")
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        blobs.list()


def test_objects_beside_the_prefix_are_out_of_reach(aws_cloud: None) -> None:
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="ab/secret", Body=b"")
    blobs = S3Blobs(BUCKET, "a")
    blobs.put("mine", b"")
    assert [info.key for info in blobs.list()] == ["mine"]


@pytest.mark.parametrize("url", ["", "results", "http://x/y", "s3://", "file://host/x", "file:"])
def test_another_kind_of_address_is_invalid(url: str) -> None:
    with pytest.raises(Invalid, match="url must be s3://bucket/prefix or file:///folder"):
        blobs_at(url)
