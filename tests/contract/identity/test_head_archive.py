"""Heads of the audit in S3: kept once, seen again whatever was done to the bucket."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest

from algotrendy.identity.adapters.head_archive import HeadsInS3
from algotrendy.identity.audit import Head, KeptHead
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.ids import TenantId

DEMO, OTHER = TenantId("demo"), TenantId("other")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BUCKET = "heads"


def head(seq: int, tenant: TenantId = DEMO, mark: str = "a") -> KeptHead:
    return KeptHead(Head(tenant, seq, mark * 64), NOON)


@pytest.fixture(params=["audit-heads", ""])
def archive(request: pytest.FixtureRequest, aws_cloud: None) -> HeadsInS3:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    retention = {"Mode": "COMPLIANCE", "Days": 1}
    client.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": retention},
        },
    )
    return HeadsInS3(f"s3://{BUCKET}/{request.param}")


def test_heads_are_kept_by_tenant_and_number(archive: HeadsInS3) -> None:
    for each in (head(12), head(2), head(2), head(1, OTHER)):
        archive.keep(each)
    assert [each.head for each in archive.kept(DEMO)] == [head(2).head, head(12).head]
    assert [each.head for each in archive.kept(OTHER)] == [head(1, OTHER).head]
    assert archive.tenants() == [DEMO, OTHER]
    assert archive.kept(TenantId("dem")) == []


def test_a_second_hash_of_one_number_stands_beside_the_first(archive: HeadsInS3) -> None:
    archive.keep(head(2))
    archive.keep(head(2, mark="b"))
    assert {each.head.hash for each in archive.kept(DEMO)} == {"a" * 64, "b" * 64}


def test_a_head_that_was_written_over_or_deleted_is_seen_all_the_same(archive: HeadsInS3) -> None:
    archive.keep(head(2))
    client = boto3.client("s3")
    (key,) = [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
    client.put_object(Bucket=BUCKET, Key=key, Body=b"something else")
    client.delete_object(Bucket=BUCKET, Key=key)
    assert "Contents" not in client.list_objects_v2(Bucket=BUCKET)
    assert [each.head for each in archive.kept(DEMO)] == [head(2).head]
    assert archive.tenants() == [DEMO]


def test_a_bucket_that_is_not_there_is_unavailable(aws_cloud: None) -> None:
    with pytest.raises(Unavailable):
        HeadsInS3("s3://none/heads").kept(DEMO)


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(Invalid):
        HeadsInS3("file:///tmp/heads")
