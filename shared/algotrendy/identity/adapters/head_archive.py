"""Keep heads of the audit in a bucket of S3 whose objects nobody deletes: Object Lock.

The name of an object says all: tenant, number, hash. So an object that is written over says the
same as before, a second hash of one number is seen beside the first, and a listing of versions
tells everything, also of what a delete marker hides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from algotrendy.identity.audit import Head, KeptHead
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import TenantId
from algotrendy.platform import aws

_NAME = re.compile(r"(?P<tenant>[a-z0-9-]{1,63})/(?P<seq>\d{16})-(?P<hash>[0-9a-f]{64})")


class HeadsInS3:
    """Is the ``HeadArchive`` of a deployment.

    Args:
        url: ``s3://bucket/prefix``.
        client: The boto3 client of S3; None for the process's own.
    """

    def __init__(self, url: str, client: Any = None) -> None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise Invalid("audit_heads_url", "s3://bucket/prefix", url)
        self._bucket = parts.netloc
        self._prefix = f"{parts.path.strip('/')}/".lstrip("/")
        self._given = client

    def keep(self, kept: KeptHead) -> None:
        """Keep a head; one of the same tenant and number that is there already stays.

        Raises:
            Unavailable: If S3 does not take it.
        """
        head = kept.head
        key = f"{self._prefix}{head.tenant}/{head.seq:016d}-{head.hash}"
        with aws.translated("S3"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=kept.at.astimezone(UTC).isoformat().encode(),
                ContentType="text/plain",
            )

    def kept(self, tenant: TenantId) -> Sequence[KeptHead]:
        """Give a tenant's heads, by number.

        Raises:
            Unavailable: If S3 does not answer.
        """
        return sorted(self._found(f"{tenant}/"), key=lambda each: each.head.seq)

    def tenants(self) -> Sequence[TenantId]:
        """Name every tenant of which a head was ever kept."""
        with aws.translated("S3"):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
            )
            folders = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        return sorted(TenantId(folder.removeprefix(self._prefix).rstrip("/")) for folder in folders)

    def _found(self, within: str) -> list[KeptHead]:
        first: dict[str, KeptHead] = {}
        with aws.translated("S3"):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix + within
            )
            for page in pages:
                for item in page.get("Versions", []):
                    key = item["Key"].removeprefix(self._prefix)
                    if (named := _NAME.fullmatch(key)) is None:
                        continue
                    head = Head(TenantId(named["tenant"]), int(named["seq"]), named["hash"])
                    at = item["LastModified"].astimezone(UTC)
                    if key not in first or at < first[key].at:
                        first[key] = KeptHead(head, at)
        return list(first.values())

    @property
    def _client(self) -> Any:
        return self._given if self._given is not None else aws.client("s3")
