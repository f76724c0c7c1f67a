"""Keep whole objects by key: on S3, or in a folder with the same manners."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable

OCTETS = "application/octet-stream"
_SEGMENT = re.compile(r"[A-Za-z0-9_=@+-][A-Za-z0-9._=@+-]{0,127}")


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """Tells of one object: its key, its size in bytes, and when it was written (UTC)."""

    key: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """Keeps objects. A reader sees the old object or the new one, never a part of either."""

    def put(self, key: str, data: bytes, content_type: str = OCTETS) -> None:
        """Write an object, in place of any that is there."""
        ...

    def get(self, key: str) -> bytes:
        """Read an object, or raise NotFound."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether the object is there."""
        ...

    def file(self, key: str) -> Path | None:
        """Give the file of this machine that is the object; None when it is none."""
        ...

    def list(self, prefix: str = "") -> list[BlobInfo]:
        """List the objects whose key begins with the text ``prefix``, sorted by key."""
        ...

    def url(self, key: str, expires_s: int = 3600) -> str:
        """Give an address at which a browser can read the object for ``expires_s`` seconds."""
        ...


class FolderBlobs:
    """Keeps objects as files under a folder; a write is a rename, so it happens whole or not."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes, content_type: str = OCTETS) -> None:  # noqa: ARG002
        """Write an object, in place of any that is there; a file has no content type."""
        path = self._path(key)
        # A name that no key can have: keys have no segment that begins with a dot.
        partial = path.with_name(f".{secrets.token_hex(8)}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise Unavailable("blob folder", str(error)) from error
        finally:
            with suppress(OSError):  # where it could not be made, it cannot be removed
                partial.unlink()

    def get(self, key: str) -> bytes:
        """Read an object, or raise NotFound."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound("blob", key) from error
        except OSError as error:
            raise Unavailable("blob folder", str(error)) from error

    def exists(self, key: str) -> bool:
        """Tell whether the object is there."""
        return self._path(key).is_file()

    def file(self, key: str) -> Path | None:
        """Give the object's own file; None when there is no such object."""
        path = self._path(key)
        return path if path.is_file() else None

    def list(self, prefix: str = "") -> list[BlobInfo]:
        """List the objects whose key begins with the text ``prefix``, sorted by key."""
        checked_prefix(prefix)
        base = self._root / prefix.rpartition("/")[0]
        found = []
        for folder, _, names in os.walk(base):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self._root).as_posix()
                if not name.startswith(".") and key.startswith(prefix):
                    found.extend(_info(key, path))
        return sorted(found, key=lambda info: info.key)

    def url(self, key: str, expires_s: int = 3600) -> str:  # noqa: ARG002
        """Give the file's own address; it does not expire."""
        return self._path(key).resolve().as_uri()

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)


def _info(key: str, path: Path) -> list[BlobInfo]:
    try:
        stat = path.stat()
    except FileNotFoundError:  # gone since the folder was read
        return []
    return [BlobInfo(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))]


class S3Blobs:
    """Keeps objects in a bucket, under a prefix.

    Args:
        bucket: Name of the bucket.
        prefix: What every key is put behind, without a slash at the end.
        client: A boto3 S3 client; by default the one of this process.
    """

    def __init__(self, bucket: str, prefix: str = "", client: Any = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._given = client

    def put(self, key: str, data: bytes, content_type: str = OCTETS) -> None:
        """Write an object, in place of any that is there."""
        from algotrendy.platform import aws

        with aws.translated("S3"):
            self._client.put_object(
                Bucket=self._bucket, Key=self._full(key), Body=data, ContentType=content_type
            )

    def get(self, key: str) -> bytes:
        """Read an object, or raise NotFound."""
        from algotrendy.platform import aws

        with aws.translated("blob", missing={"NoSuchKey": key}):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._full(key))
            body: bytes = answer["Body"].read()
        return body

    def exists(self, key: str) -> bool:
        """Tell whether the object is there."""
        from algotrendy.platform import aws

        try:
            # HEAD has no body to carry a code: S3 answers the bare status 404.
            with aws.translated("blob", missing={"404": key, "NoSuchKey": key}):
                self._client.head_object(Bucket=self._bucket, Key=self._full(key))
        except NotFound:
            return False
        return True

    def file(self, key: str) -> Path | None:
        """Give None: no object of a bucket is a file."""
        checked_key(key)
        return None

    def list(self, prefix: str = "") -> list[BlobInfo]:
        """List the objects whose key begins with the text ``prefix``, sorted by key."""
        from algotrendy.platform import aws

        checked_prefix(prefix)
        found = []
        with aws.translated("S3"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for item in page.get("Contents", []):
                    key = item["Key"].removeprefix(self._prefix)
                    found.append(BlobInfo(key, item["Size"], item["LastModified"].astimezone(UTC)))
        return sorted(found, key=lambda info: info.key)

    def url(self, key: str, expires_s: int = 3600) -> str:
        """Give a signed address that can be read for ``expires_s`` seconds, at most 7 days."""
        from algotrendy.platform import aws

        with aws.translated("S3"):
            signed: str = self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": self._full(key)},
                ExpiresIn=expires_s,
            )
        return signed

    @property
    def _client(self) -> Any:
        from algotrendy.platform import aws

        return self._given if self._given is not None else aws.client("s3")

    def _full(self, key: str) -> str:
        return self._prefix + checked_key(key)


def blobs_at(url: str) -> Blobs:
    """Open the objects at ``s3://bucket/prefix`` or ``file:///folder``.

    Raises:
        Invalid: If it is another kind of address.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        return S3Blobs(parts.netloc, parts.path.strip("/"))
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderBlobs(Path(unquote(parts.path)))
    raise Invalid("url", "s3://bucket/prefix or file:///folder", url)


def checked_key(key: str) -> str:
    """Give the key back, or raise Invalid: no empty, dot-led or odd segment can leave the root."""
    if len(key) > 512 or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        expected = "segments of letters, digits and . _ = @ + - parted by /, none led by a dot"
        raise Invalid("key", expected, key)
    return key


def checked_prefix(prefix: str) -> str:
    """Give the prefix back, or raise Invalid; it is empty or the beginning of a key."""
    if prefix:
        checked_key(prefix.removesuffix("/"))
    return prefix
