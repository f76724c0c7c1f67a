"""Find what datasets a lake has, by the logs that lie in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LOG = "_delta_log"
_DEEPEST = 3


def datasets_at(root: str) -> list[str]:
    """List the datasets under a folder, or under ``s3://bucket/prefix``, by name.

    Raises:
        Unavailable: If the store does not answer.
    """
    if root.startswith("s3://"):
        bucket, _, prefix = root.removeprefix("s3://").partition("/")
        return sorted(_in_bucket(bucket, f"{prefix}/" if prefix else ""))
    folder = Path(root)
    levels = ("/".join("*" * depth) for depth in range(1, _DEEPEST + 1))
    logs = (log for level in levels for log in folder.glob(f"{level}/{_LOG}"))
    return sorted(log.parent.relative_to(folder).as_posix() for log in logs)


def _in_bucket(bucket: str, prefix: str) -> Iterator[str]:
    from algotrendy.platform import aws

    client = aws.client("s3")
    level = [prefix]
    for _ in range(_DEEPEST + 1):
        deeper: list[str] = []
        for place in level:
            with aws.translated("S3"):
                folders = _folders(client, bucket, place)
            if f"{place}{_LOG}/" in folders:
                yield place.removeprefix(prefix).rstrip("/")
            else:
                deeper += folders
        level = deeper


def _folders(client: Any, bucket: str, prefix: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/"
    )
    return [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
