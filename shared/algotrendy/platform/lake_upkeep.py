"""Keep a lake quick and small: few big sorted files, a short log, nothing of versions long past.

All of it happens beside readers and writers. A compaction is one commit that changes no row: who
appends at the same time is not in its way, and who replaces the same rows wins. A version that was
the newest within the last ``KEPT_DAYS`` days can be read; files that only older ones need go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algotrendy.kernel.errors import Unavailable
from algotrendy.platform.lake import CONFIGURATION, Lake
from algotrendy.platform.lake_faults import KEPT_DAYS

if TYPE_CHECKING:
    from deltalake import DeltaTable

BIG_BYTES = 128 * 1024 * 1024
"""What a compacted file comes to, at most."""
SMALL_BYTES = BIG_BYTES // 4
"""Files below this are put together when a partition has several."""
FEWEST_TOGETHER = 4
"""So many small files of a partition are worth a compaction."""

_ROWS_A_GROUP = 131_072
_PARTITIONS_A_COMMIT = 64
_SORT_BY = "time"
_COMMITS_LOST = 5


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """Tells how a dataset lies in the store.

    Attributes:
        rows, files, bytes: Of the newest version.
        small_files: Files of the newest version that a compaction would put together.
        partitions: Distinct values of the columns that split the files.
        columns: Names of the columns, in order.
    """

    dataset: str
    version: int
    rows: int
    files: int
    bytes: int
    small_files: int
    partitions: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Tells what one round of upkeep did to a dataset.

    Attributes:
        put_together: Files that a compaction took the rows of.
        made: Files that it wrote instead.
        forgotten: Files deleted, which no version of the last ``KEPT_DAYS`` days needs.
        finished: False when time was up, or writers always came first; the next round goes on.
    """

    dataset: str
    version: int
    put_together: int
    made: int
    forgotten: int
    finished: bool


class LakeUpkeep:
    """Looks after the datasets of a lake."""

    def __init__(self, lake: Lake) -> None:
        """Look after this lake."""
        self._lake = lake

    def datasets(self) -> list[str]:
        """List the datasets that are there, by name."""
        return self._lake.datasets()

    def status(self, dataset: str) -> DatasetStatus:
        """Tell how a dataset lies in the store.

        Raises:
            NotFound: If there is no such dataset.
        """
        table = self._lake.table(dataset)
        files = _files(table)
        small = sum(len(paths) for paths in _small(files, fewest=2).values())
        return DatasetStatus(
            dataset,
            int(table.version()),
            rows=sum(file.rows for file in files),
            files=len(files),
            bytes=sum(file.bytes for file in files),
            small_files=small,
            partitions=len({file.partition for file in files}),
            columns=tuple(field.name for field in table.schema().fields),
        )

    def keep(self, dataset: str, time_is_up: Callable[[], bool] = lambda: False) -> Kept:
        """Compact a dataset, write a checkpoint of its log, and forget what is long past.

        Args:
            dataset: Its name.
            time_is_up: Asked between two steps; when it says so, the rest waits for the next round.

        Raises:
            NotFound: If there is no such dataset.
            Unavailable: If the store does not answer.
        """
        self._configure(dataset)
        together, made, finished = self.compact(dataset, time_is_up)
        table = self._lake.table(dataset)
        if together:
            table.create_checkpoint()
            table.cleanup_metadata()
        forgotten = 0
        if finished and not time_is_up():
            forgotten = self.forget(dataset)
        version = int(self._lake.table(dataset).version())
        return Kept(dataset, version, together, made, forgotten, finished)

    def compact(
        self,
        dataset: str,
        time_is_up: Callable[[], bool] = lambda: False,
        fewest: int = FEWEST_TOGETHER,
    ) -> tuple[int, int, bool]:
        """Put the small files of each partition together into big ones, sorted by time.

        No row, no mark and no older version changes.

        Returns:
            How many files were put together, how many that made, and whether all is done.
        """
        together = made = 0
        files = _files(self._lake.table(dataset))
        for filters in _commits(list(_small(files, fewest))):
            if time_is_up():
                return together, made, False
            done = self._compact(dataset, filters)
            if done is None:
                return together, made, False
            together += done["numFilesRemoved"]
            made += done["numFilesAdded"]
        return together, made, True

    def forget(self, dataset: str) -> int:
        """Delete the files that no version of the last ``KEPT_DAYS`` days needs; count them.

        Among them are files of writers that died before they committed.
        """
        table = self._lake.table(dataset)
        wanted: dict[str, Any] = {"retention_hours": KEPT_DAYS * 24, "full": True}
        # A vacuum is a commit of its own, and readers would believe that something changed.
        if not table.vacuum(dry_run=True, **wanted):
            return 0
        return len(table.vacuum(dry_run=False, **wanted))

    def _compact(
        self, dataset: str, filters: list[tuple[str, str, Any]]
    ) -> Mapping[str, Any] | None:
        from deltalake import WriterProperties
        from deltalake.exceptions import CommitFailedError, DeltaError

        settled: dict[str, Any] = {
            "partition_filters": filters or None,
            "target_size": BIG_BYTES,
            "writer_properties": WriterProperties(
                compression="ZSTD", max_row_group_size=_ROWS_A_GROUP
            ),
        }
        for _ in range(_COMMITS_LOST):
            table = self._lake.table(dataset)
            names = {field.name for field in table.schema().fields}
            try:
                found: Mapping[str, Any]
                if _SORT_BY in names:
                    # Of one column, the Z-order is the order.
                    found = table.optimize.z_order([_SORT_BY], **settled)
                else:
                    found = table.optimize.compact(**settled)
            except CommitFailedError:
                continue  # somebody replaced rows of these files
            except DeltaError as error:
                raise Unavailable("lake", str(error)) from error
            return found
        return None

    def _configure(self, dataset: str) -> None:
        # Datasets from before have Delta's own settings, which forget earlier than we say.
        from deltalake.exceptions import CommitFailedError

        table = self._lake.table(dataset)
        if CONFIGURATION.items() <= dict(table.metadata().configuration).items():
            return
        try:
            table.alter.set_table_properties(
                {name: str(value) for name, value in CONFIGURATION.items()}
            )
        except CommitFailedError as error:
            raise Unavailable("lake", f"{dataset} is written too often: {error}") from error


Partition = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _File:
    partition: Partition
    rows: int
    bytes: int


def _files(table: DeltaTable) -> list[_File]:
    actions = table.get_add_actions(flatten=True)
    names = table.metadata().partition_columns
    sizes, rows = (actions.column(name).to_pylist() for name in ("size_bytes", "num_records"))
    values = [actions.column(f"partition.{name}").to_pylist() for name in names]
    return [
        _File(
            tuple((name, column[place]) for name, column in zip(names, values, strict=True)),
            rows[place] or 0,
            size,
        )
        for place, size in enumerate(sizes)
    ]


def _small(files: Sequence[_File], fewest: int) -> dict[Partition, list[_File]]:
    found: dict[Partition, list[_File]] = defaultdict(list)
    for file in files:
        if file.bytes < SMALL_BYTES:
            found[file.partition].append(file)
    return {partition: small for partition, small in found.items() if len(small) >= fewest}


def _commits(partitions: Sequence[Partition]) -> Iterator[list[tuple[str, str, Any]]]:
    """Group partitions that differ in their first column alone, so that one commit takes many."""
    groups: dict[Partition, list[Any]] = defaultdict(list)
    for partition in partitions:
        if not partition:
            yield []
            return
        if all(value is not None for _, value in partition):
            groups[partition[1:]].append(partition[0])
    for rest, firsts in sorted(groups.items(), key=lambda group: str(group[0])):
        same = [(name, "=", str(value)) for name, value in rest]
        for start in range(0, len(firsts), _PARTITIONS_A_COMMIT):
            some = firsts[start : start + _PARTITIONS_A_COMMIT]
            yield [*same, (some[0][0], "in", [str(value) for _, value in some])]
