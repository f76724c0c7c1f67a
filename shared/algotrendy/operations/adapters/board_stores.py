"""Keep the board of the status page: in a folder of this machine, or in a bucket."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.ports import BoardStore, Kept
from algotrendy.operations.status.records import read_board, write_board

BOARD = "board.json"
_LOCK = ".board.lock"
_CHANGED = "the record of the status page was changed by somebody else meanwhile"
_CHANGED_CODES = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


class FolderBoard:
    """Keeps the board in a file, which is replaced whole; a lock lets one writer in at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> Kept:
        """Give what is kept, as ``BoardStore.load`` says."""
        data = self._read()
        return Kept(Board() if data is None else read_board(data), _mark(data))

    def save(self, board: Board, mark: str | None) -> None:
        """Keep a board, as ``BoardStore.save`` says."""
        data = write_board(board)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / _LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if _mark(self._read()) != mark:
                    raise Conflict(_CHANGED)
                fresh = self._folder / f".{BOARD}.{os.getpid()}"
                with fresh.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(self._folder / BOARD)
        except OSError as error:
            raise Unavailable("the folder of the status page", str(error)) from error

    def _read(self) -> bytes | None:
        try:
            return (self._folder / BOARD).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("the folder of the status page", str(error)) from error


class S3Board:
    """Keeps the board in an object, which S3 replaces only where it is still the one that was read.

    Args:
        client: A boto3 S3 client; by default the one of this process.
    """

    def __init__(self, bucket: str, prefix: str = "", client: Any = None) -> None:
        self._bucket = bucket
        self._key = f"{prefix.strip('/')}/{BOARD}".lstrip("/")
        self._given = client

    def load(self) -> Kept:
        """Give what is kept, as ``BoardStore.load`` says."""
        from botocore.exceptions import ClientError

        from algotrendy.platform import aws

        with aws.translated("S3"):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._key)
                data: bytes = found["Body"].read()
            except ClientError as error:
                if aws.error_code(error) != "NoSuchKey":
                    raise
                return Kept(Board(), None)
        return Kept(read_board(data), str(found["ETag"]))

    def save(self, board: Board, mark: str | None) -> None:
        """Keep a board, as ``BoardStore.save`` says."""
        from botocore.exceptions import ClientError

        from algotrendy.platform import aws

        still = {"IfNoneMatch": "*"} if mark is None else {"IfMatch": mark}
        with aws.translated("S3"):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key,
                    Body=write_board(board),
                    ContentType="application/json",
                    **still,
                )
            except ClientError as error:
                if aws.error_code(error) in _CHANGED_CODES:
                    raise Conflict(_CHANGED) from error
                raise

    @property
    def _client(self) -> Any:
        from algotrendy.platform import aws

        return self._given if self._given is not None else aws.client("s3")


def board_store_at(url: str) -> BoardStore:
    """Open the board at ``s3://bucket/prefix`` or ``file:///folder``.

    Raises:
        Invalid: If it is another kind of address.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        return S3Board(parts.netloc, parts.path)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderBoard(Path(unquote(parts.path)))
    raise Invalid("status_url", "s3://bucket/prefix or file:///folder", url)


def _mark(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
