"""Keep columns of history as Delta Lake tables: Parquet files, committed whole or not at all."""

from __future__ import annotations

import math
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.platform.blobs import checked_key
from algotrendy.platform.lake_columns import fitted
from algotrendy.platform.lake_faults import KEPT_DAYS, translated
from algotrendy.platform.lake_held import HeldTable, HeldTables, Moves, require_numbers
from algotrendy.platform.lake_places import datasets_at
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

CONFIGURATION: dict[str, str | None] = {
    "delta.deletedFileRetentionDuration": f"interval {KEPT_DAYS} days",
    "delta.logRetentionDuration": f"interval {KEPT_DAYS} days",
    # Who opens a dataset reads the newest checkpoint, and one small file for each commit after it.
    "delta.checkpointInterval": "20",
}


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
        self.url = url
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
        self._followed: dict[str, DeltaTable] = {}
        self._held = HeldTables()

    def write(
        self,
        dataset: str,
        columns: Table,
        partition_by: Sequence[str] = (),
        replace: str | None = None,
        marks: Mapping[str, tuple[int | None, int]] | None = None,
    ) -> int:
        """Commit rows as one new version of the dataset, and give that version.

        Columns that the dataset does not have yet are added to it; rows from before read as null
        there, and later rows may leave them out.

        Args:
            dataset: Name of the dataset, which comes into being with its first rows.
            columns: The rows, as an arro3 table.
            partition_by: Columns that split the files; they count when the dataset is new.
            replace: SQL predicate of the rows to put these in place of, in the same commit, such
                as ``symbol = 'AAPL'``. Every new row must satisfy it. None adds to what is there.
            marks: By name, the number that each mark of the dataset must have (None: the mark is
                not there yet), and the number that it has with this commit. Of two writers that
                want to move one mark from the same number, one wins. No rows may come with them.

        Raises:
            Conflict: If a mark has another number; nothing is written. After ``Unavailable`` the
                mark tells whether the rows are in.
            Invalid: If the rows do not fit the dataset's columns, or the predicate.
            Unavailable: If other writers kept coming first, or the store does not answer.
        """
        from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError

        moves = dict(marks or {})
        require_numbers(moves)
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            try:
                return self._commit(dataset, columns, list(partition_by), replace, moves)
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
        with translated():
            result = self._reader(dataset, sql, version).read_all()
        return {name: list(result.column(name).to_pylist()) for name in result.column_names}

    def batches(self, dataset: str, sql: str, version: int | None = None) -> Iterator[RecordBatch]:
        """Run one SELECT as ``query`` does, and give its rows some thousands at a time.

        A result of any size takes the memory of one batch.
        """
        with translated():
            yield from self._reader(dataset, sql, version)

    def version(self, dataset: str) -> int | None:
        """Give the newest version of a dataset, or None when there is no such dataset."""
        try:
            return int(self._open(dataset, None).version())
        except NotFound:
            return None

    def mark(self, dataset: str, name: str, version: int | None = None) -> int | None:
        """Give the number of a dataset's mark, or None when no commit has set it.

        Args:
            dataset: Name of the dataset.
            name: Name of the mark.
            version: As the dataset was then; None for now.
        """
        if version is None:
            return self.marks(dataset, (name,))[name]
        try:
            return HeldTable(self.table(dataset, version)).mark(name)
        except NotFound:
            return None

    def marks(self, dataset: str, names: Iterable[str]) -> dict[str, int | None]:
        """Give the numbers of several marks, as of one moment; see ``mark``."""
        try:
            held = self._take(dataset)
        except NotFound:
            return dict.fromkeys(names)
        with translated():
            found = {name: held.mark(name) for name in names}
        self._put_back(dataset, held)
        return found

    def _take(self, dataset: str) -> HeldTable:
        """Give the newest version of a dataset to this thread alone; raises NotFound."""
        return self._held.take(dataset) or HeldTable(self.table(dataset))

    def _put_back(self, dataset: str, held: HeldTable) -> None:
        # A folder can be deleted and made anew under a process, and opening one is quick.
        if self._options:
            self._held.put(dataset, held)

    def _commit(
        self,
        dataset: str,
        columns: Table,
        partition_by: list[str],
        replace: str | None,
        moves: Moves,
    ) -> int:
        from deltalake import CommitProperties, Transaction, WriterProperties, write_deltalake

        settled: dict[str, Any] = {"writer_properties": WriterProperties(compression="ZSTD")}
        if replace is None:
            settled |= {"mode": "append"}
        else:
            settled |= {"mode": "overwrite", "predicate": replace}
        try:
            held = self._take(dataset)
        except NotFound:
            if not moves:
                return self._found(dataset, columns, partition_by, settled)
            # Of those who make it at once one wins, and all look at its marks.
            held = HeldTable(self._begun(dataset, columns, partition_by))
        held.require(dataset, moves)
        table = held.table
        rows, grows = fitted(dataset, columns, table)
        if grows:
            settled["schema_mode"] = "merge"
        # Delta refuses the commit when one that came between moved a mark of the same name.
        moved = [Transaction(name, number) for name, (_, number) in moves.items()]
        properties = CommitProperties(app_transactions=moved) if moved else None
        before = int(table.version())
        write_deltalake(table, rows, commit_properties=properties, **settled)
        version = held.wrote(before, moves)
        self._put_back(dataset, held)
        return version

    def _begun(self, dataset: str, columns: Table, partition_by: list[str]) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        self._make_room(dataset)
        address, options = self._address(dataset), self._options or None
        try:
            return DeltaTable.create(
                address,
                columns.schema,
                partition_by=partition_by,
                configuration=CONFIGURATION,
                storage_options=options,
            )
        except DeltaError:
            # Somebody else began it, if it is there now.
            return self.table(dataset, None)

    def _found(
        self, dataset: str, columns: Table, partition_by: list[str], settled: Mapping[str, Any]
    ) -> int:
        from deltalake import CommitProperties, Transaction, write_deltalake

        self._make_room(dataset)
        # Another writer may make the dataset first, and this commit then has a later version: it
        # is the first one that knows this mark.
        mark = secrets.token_hex(16)
        write_deltalake(
            self._address(dataset),
            columns,
            partition_by=partition_by,
            configuration=CONFIGURATION,
            storage_options=self._options or None,
            commit_properties=CommitProperties(app_transactions=[Transaction(mark, 1)]),
            **settled,
        )
        version = 0
        while self.table(dataset, version).transaction_version(mark) is None:
            version += 1
        return version

    def _make_room(self, dataset: str) -> None:
        if not self._options:
            Path(self._address(dataset)).mkdir(parents=True, exist_ok=True)

    def _reader(self, dataset: str, sql: str, version: int | None) -> RecordBatchReader:
        from deltalake import QueryBuilder

        table = self._open(dataset, version)
        return QueryBuilder().register(dataset.rpartition("/")[2], table).execute(sql)

    def _open(self, dataset: str, version: int | None) -> DeltaTable:
        if version is None:
            return self._newest(dataset)
        # A version never changes: sweeps and pages read the same one many times.
        with self._lock:
            table = self._pinned.get((dataset, version))
        if table is None:
            # Delta looks for each version up to the one asked for: a wild number takes hours.
            newest = self.table(dataset, None).version()
            if not 0 <= version <= newest:
                key = f"{dataset} at version {version}"
                raise NotFound("dataset", key, f"the newest version is {newest}")
            table = self.table(dataset, version)
            with self._lock:
                while len(self._pinned) >= _PINNED_KEPT:
                    self._pinned.pop(next(iter(self._pinned)))
                self._pinned[dataset, version] = table
        return table

    def _newest(self, dataset: str) -> DeltaTable:
        """Give the table as it is now; to read what was committed since takes a fraction of all."""
        from deltalake.exceptions import DeltaError

        if not self._options:
            # A folder can be deleted and made anew under a process, and opening one is quick.
            return self.table(dataset)
        with self._lock:
            table = self._followed.get(dataset)
        if table is not None:
            try:
                table.update_incremental()
            except (DeltaError, OSError):
                pass  # whether it is gone, or the store does not answer, opening it tells
            else:
                return table
        table = self.table(dataset)
        with self._lock:
            self._followed[dataset] = table
        return table

    def table(self, dataset: str, version: int | None = None) -> DeltaTable:
        """Open the Delta table that a dataset is, at a version or at the newest.

        Raises:
            NotFound: If there is no such dataset.
            Unavailable: If the store does not answer.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        options = self._options or None
        try:
            return DeltaTable(self._address(dataset), version, storage_options=options)
        except TableNotFoundError as error:
            raise NotFound("dataset", dataset) from error
        except (DeltaError, OSError) as error:
            raise Unavailable("lake", str(error)) from error

    def datasets(self) -> list[str]:
        """List the datasets that are there, by name."""
        with translated():
            return datasets_at(self._root)

    def _address(self, dataset: str) -> str:
        return f"{self._root}/{checked_key(dataset)}"


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
