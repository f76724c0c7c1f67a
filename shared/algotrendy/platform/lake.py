"""Keep columns of history as Delta Lake tables: Parquet files, committed whole or not at all."""

from __future__ import annotations

import math
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.platform.blobs import checked_key
from algotrendy.platform.settings import Settings, settings

if TYPE_CHECKING:
    from arro3.core import RecordBatch, RecordBatchReader, Table
    from deltalake import DeltaTable

Columns = dict[str, list[Any]]
Literal = str | bool | int | float | Decimal | date | datetime

WRITE_ATTEMPTS = 12
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0
_PINNED_KEPT = 16


class Lake:
    """Holds datasets under one address; each is a Delta table with versions 0, 1, 2...

    Args:
        url: ``s3://bucket/prefix`` or ``file:///folder``.
        storage_options: What the object store needs; by default taken from the settings.
        sleep: Waits that many seconds between two attempts to commit.
    """

    def __init__(
        self,
        url: str,
        storage_options: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.path and not parts.netloc:
            self._root = unquote(parts.path).rstrip("/")
            self._options: dict[str, str] = {}
        elif parts.scheme == "s3" and parts.netloc:
            self._root = url.rstrip("/")
            self._options = dict(
                s3_options(settings()) if storage_options is None else storage_options
            )
        else:
            raise Invalid("url", "s3://bucket/prefix or file:///folder", url)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._pinned: dict[tuple[str, int], DeltaTable] = {}

    def write(
        self,
        dataset: str,
        columns: Table,
        partition_by: Sequence[str] = (),
        replace: str | None = None,
    ) -> int:
        """Commit rows as one new version of the dataset, and give that version.

        Args:
            dataset: Name of the dataset, which comes into being with its first rows.
            columns: The rows, as an arro3 table.
            partition_by: Columns that split the files; they count when the dataset is new.
            replace: SQL predicate of the rows to put these in place of, in the same commit, such
                as ``symbol = 'AAPL'``. Every new row must satisfy it. None adds to what is there.

        Raises:
            Invalid: If the rows do not fit the dataset's columns, or the predicate.
            Unavailable: If other writers kept coming first, or the store does not answer.
        """
        from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError

        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            try:
                return self._commit(dataset, columns, list(partition_by), replace)
            except CommitFailedError as error:
                # Another writer committed first, and this commit did not happen: do it all again.
                if attempt == WRITE_ATTEMPTS:
                    raise Unavailable("lake", f"{dataset} is written too often: {error}") from error
                self._sleep(random.uniform(0, pause_s))  # noqa: S311 - jitter guards nothing
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            except (SchemaMismatchError, ValueError) as error:
                raise Invalid(dataset, "rows with the dataset's columns", str(error)) from error
            except DeltaError as error:
                if "validation check" in str(error):
                    expected = f"rows that satisfy {replace}"
                    raise Invalid(dataset, expected, "rows that do not") from error
                raise Unavailable("lake", str(error)) from error
            except OSError as error:
                raise Unavailable("lake", str(error)) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def query(self, dataset: str, sql: str, version: int | None = None) -> Columns:
        """Run one SELECT over a dataset, and give its result column by column.

        Args:
            dataset: Name of the dataset; the SQL calls it by the last part of that name.
            sql: DataFusion SQL. Put values in with ``literal``.
            version: The version to read; None reads the newest.

        Returns:
            The columns in the order of the SELECT, each a list; lists are empty when no row is.

        Raises:
            NotFound: If there is no such dataset, or no such version of it.
            Invalid: If the SQL is wrong.
        """
        with _translated():
            result = self._reader(dataset, sql, version).read_all()
        return {name: list(result.column(name).to_pylist()) for name in result.column_names}

    def batches(self, dataset: str, sql: str, version: int | None = None) -> Iterator[RecordBatch]:
        """Run one SELECT as ``query`` does, and give its rows some thousands at a time.

        A result of any size takes the memory of one batch.
        """
        with _translated():
            yield from self._reader(dataset, sql, version)

    def version(self, dataset: str) -> int | None:
        """Give the newest version of a dataset, or None when there is no such dataset."""
        try:
            return int(self._open(dataset, None).version())
        except NotFound:
            return None

    def _commit(
        self, dataset: str, columns: Table, partition_by: list[str], replace: str | None
    ) -> int:
        from deltalake import CommitProperties, Transaction, WriterProperties, write_deltalake

        settled: dict[str, Any] = {"writer_properties": WriterProperties(compression="ZSTD")}
        if replace is None:
            settled |= {"mode": "append"}
        else:
            settled |= {"mode": "overwrite", "predicate": replace}
        try:
            table = self._load(dataset, None)
        except NotFound:
            pass
        else:
            write_deltalake(table, columns, **settled)
            # Writing moves this object to the commit that it made, whatever others commit after.
            return int(table.version())
        if not self._options:
            Path(self._address(dataset)).mkdir(parents=True, exist_ok=True)
        # Another writer may make the dataset first, and this commit then has a later version: it
        # is the first one that knows this mark.
        mark = secrets.token_hex(16)
        write_deltalake(
            self._address(dataset),
            columns,
            partition_by=partition_by,
            storage_options=self._options or None,
            commit_properties=CommitProperties(app_transactions=[Transaction(mark, 1)]),
            **settled,
        )
        version = 0
        while self._load(dataset, version).transaction_version(mark) is None:
            version += 1
        return version

    def _reader(self, dataset: str, sql: str, version: int | None) -> RecordBatchReader:
        from deltalake import QueryBuilder

        table = self._open(dataset, version)
        return QueryBuilder().register(dataset.rpartition("/")[2], table).execute(sql)

    def _open(self, dataset: str, version: int | None) -> DeltaTable:
        if version is None:
            return self._load(dataset, None)
        # A version never changes: sweeps and pages read the same one many times.
        with self._lock:
            table = self._pinned.get((dataset, version))
        if table is None:
            # Delta looks for each version up to the one asked for: a wild number takes hours.
            newest = self._load(dataset, None).version()
            if not 0 <= version <= newest:
                key = f"{dataset} at version {version}"
                raise NotFound("dataset", key, f"the newest version is {newest}")
            table = self._load(dataset, version)
            with self._lock:
                while len(self._pinned) >= _PINNED_KEPT:
                    self._pinned.pop(next(iter(self._pinned)))
                self._pinned[dataset, version] = table
        return table

    def _load(self, dataset: str, version: int | None) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        options = self._options or None
        try:
            return DeltaTable(self._address(dataset), version, storage_options=options)
        except TableNotFoundError as error:
            raise NotFound("dataset", dataset) from error
        except (DeltaError, OSError) as error:
            raise Unavailable("lake", str(error)) from error

    def _address(self, dataset: str) -> str:
        return f"{self._root}/{checked_key(dataset)}"


@contextmanager
def _translated() -> Iterator[None]:
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DeltaError as error:
        if "Object Store error" in str(error) or "Object at location" in str(error):
            raise Unavailable("lake", str(error)) from error
        raise Invalid("sql", "a SELECT over the dataset's columns", str(error)) from error
    except OSError as error:
        raise Unavailable("lake", str(error)) from error


def lake_at(url: str) -> Lake:
    """Open the lake at ``s3://bucket/prefix`` or ``file:///folder``."""
    return Lake(url)


def s3_options(chosen: Settings) -> dict[str, str]:
    """Give what the object store needs to reach S3; credentials come from the environment.

    A commit is a PUT that fails when the object is there (``If-None-Match: *``), so that two
    writers cannot both make one version.
    """
    options = {"AWS_REGION": chosen.region, "AWS_CONDITIONAL_PUT": "etag"}
    if chosen.aws_endpoint_url:
        options["AWS_ENDPOINT_URL"] = chosen.aws_endpoint_url
        if chosen.aws_endpoint_url.startswith("http://"):
            options["AWS_ALLOW_HTTP"] = "true"
    return options


def literal(value: Literal) -> str:
    """Write a value into SQL so that it stays a value, whatever it contains.

    Raises:
        Invalid: If it is a time without a zone, or not a finite number.
    """
    match value:
        case str():
            return "'" + value.replace("'", "''") + "'"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() | Decimal():
            if not math.isfinite(value):
                raise Invalid("value", "a finite number", value)
            return repr(value) if isinstance(value, float) else format(value, "f")
        case datetime():
            if value.tzinfo is None:
                raise Invalid("value", "a time with a zone", value.isoformat())
            utc = value.astimezone(UTC).isoformat(sep=" ")
            return f"arrow_cast('{utc}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
        case date():
            return f"DATE '{value.isoformat()}'"
