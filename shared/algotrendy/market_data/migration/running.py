"""Migrate chunk by chunk, go on after a kill, and compare both sides at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from algotrendy.kernel.errors import Conflict, Rejected
from algotrendy.market_data.migration.checking import BadRow, CheckedBlock, Place, Row, RowChecker
from algotrendy.market_data.migration.checksum import Checksum, Columns, checksum
from algotrendy.market_data.migration.mapping import TableMapping
from algotrendy.market_data.migration.ports import (
    Key,
    Note,
    Progress,
    SourceTable,
    Stretch,
    Target,
)
from algotrendy.market_data.migration.times import TimeReader

CHUNK_ROWS = 200_000
MOST_BAD = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is.

    Attributes:
        doing: "storing", "reading the table again", or "reading the lake".
        rows: Handled so far, those of earlier runs included.
        of: How many there are.
        at: The last symbol.
    """

    doing: str
    rows: int
    of: int
    bad: int
    at: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the table holds at the end, and what the lake does.

    Attributes:
        counted: Rows of the table, by its own count.
        source: Its good rows, read once more from the first to the last.
        bad: How many of them are not good.
        lake: The rows that the lake has of this migration.
        quarantined: The bad rows that were left out.
        resumed: Rows that earlier runs had stored.
    """

    counted: int
    source: Checksum
    bad: int
    lake: Checksum
    quarantined: tuple[BadRow, ...]
    resumed: int

    @property
    def is_equal(self) -> bool:
        """Whether every row of the table is in the lake or in quarantine, and no other row is."""
        return (
            self.source == self.lake
            and self.counted == self.source.rows + self.bad
            and self.bad == len(self.quarantined)
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """What a dry run found: all rows counted, the first of them as they would be stored."""

    counted: int
    looked_at: int
    good: Columns
    bad: int
    told: tuple[BadRow, ...]


class TooManyBadRows(Rejected):
    """Says that the run stopped, since more rows are bad than it was told to bear."""

    code = "too-many-bad-rows"

    def __init__(self, most: int, rows: Sequence[BadRow]) -> None:
        self.rows = tuple(rows)
        first = f"; the first: {rows[0]}" if rows else ""
        message = f"more than {most:,} rows are bad, so that this looks like a wrong mapping"
        super().__init__(f"{message}{first}", most=most)


class Migration:
    """One table on its way into the lake."""

    def __init__(
        self,
        mapping: TableMapping,
        table: SourceTable,
        target: Target,
        *,
        chunk_rows: int = CHUNK_ROWS,
        most_bad: int = MOST_BAD,
        tell: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """Migrate ``chunk_rows`` at once, and stop once more than ``most_bad`` are bad."""
        self._mapping, self._table, self._target = mapping, table, target
        self._chunk_rows, self._most_bad, self._tell = chunk_rows, most_bad, tell

    def sample(self, rows: int) -> Sample:
        """Read the first rows and check them; nothing is written.

        Raises:
            Invalid: If two symbols of the table would lie on each other in the lake.
        """
        self._require_apart()
        checker = RowChecker(self._mapping, self._table.kind)
        keyless = checker.keyless(self._table.keyless(rows))
        block = next(whole_groups(self._table.rows(None)), [])
        taken = list(islice(block, rows))
        if not taken:
            empty = Columns([], np.array([], dtype=np.int64), ())
            return Sample(self._table.count(), len(keyless), empty, len(keyless), keyless)
        found = checker.check(taken, rows)
        told = (*keyless, *found.told)
        looked_at = len(taken) + len(keyless)
        return Sample(self._table.count(), looked_at, found.good, len(told), told)

    def run(self) -> Outcome:
        """Store what is not stored yet, then read both sides again and compare.

        Raises:
            Conflict: If the mapping is not the one this migration began with, or the lake has
                rows of its source that it did not store.
            TooManyBadRows: What was stored before stays, and the next run goes on after it.
        """
        counted = self._table.count()
        notes = list(self._begun().notes)
        resumed = sum(note.rows for note in notes)
        bad = [row for note in notes for row in note.bad]
        for note in self._store(notes[-1] if notes else None, bad, counted, resumed):
            notes.append(note)
            bad.extend(note.bad)
        source, bad_rows = self._read_again(counted)
        lake = Checksum()
        for rows in self._target.stored():
            lake += checksum(rows)
            self._tell(Step("reading the lake", lake.rows, source.rows, len(bad), ""))
        return Outcome(counted, source, bad_rows, lake, tuple(bad), resumed)

    def _begun(self) -> Progress:
        fingerprint = self._mapping.fingerprint()
        found = self._target.progress()
        if found is None:
            self._require_apart()
            if self._target.has_rows():
                raise Conflict(
                    f"the lake has {self._mapping.kind} of {self._mapping.source!r} that this "
                    "migration did not store: choose another to.source"
                )
            self._target.begin(fingerprint)
            return Progress(fingerprint, ())
        if found.fingerprint != fingerprint:
            raise Conflict(
                f"{self._mapping.file} is not the mapping that {self._mapping.name} began with: "
                "take that one, or begin anew with --restart"
            )
        return found

    def _store(
        self, before: Note | None, bad: list[BadRow], counted: int, done: int
    ) -> Iterator[Note]:
        number = 0 if before is None else before.chunk + 1
        last = None if before is None else before.last
        checker = RowChecker(self._mapping, self._table.kind, last)
        if before is None:
            # What has no key has no place in the order: it is the first chunk.
            told = checker.keyless(self._table.keyless(self._most_bad + 1))
            self._require_few([*bad, *told])
            before = Note(0, len(told), told, None, None)
            self._target.remember(before)
            yield before
            number, done = 1, len(told)
        for blocks, key in self._chunks(checker, before.key, bad):
            told = tuple(row for block in blocks for row in block.told)
            good = [block.good for block in blocks if len(block.good)]
            if good:
                rows = joined(good)
                names = [name for block in blocks for name in block.names]
                self._target.put(rows, stretches(rows, names, last))
            size = sum(len(block.good) + block.bad for block in blocks)
            last = checker.last
            note = Note(number, size, told, key, last)
            self._target.remember(note)
            number, done = number + 1, done + size
            yield note
            self._tell(Step("storing", done, counted, len(bad), str(key[0])))

    def _chunks(
        self, checker: RowChecker, after: Key | None, bad: list[BadRow]
    ) -> Iterator[tuple[list[CheckedBlock], Key]]:
        blocks: list[CheckedBlock] = []
        size = 0
        told: list[BadRow] = []
        for rows in whole_groups(self._table.rows(after)):
            block = checker.check(rows, self._most_bad + 1 - len(bad) - len(told))
            told.extend(block.told)
            self._require_few([*bad, *told])
            blocks.append(block)
            size += len(rows)
            after = (rows[-1][0], rows[-1][1])
            if size >= self._chunk_rows:
                yield blocks, after
                blocks, size, told = [], 0, []
        if blocks and after is not None:
            yield blocks, after

    def _require_few(self, bad: list[BadRow]) -> None:
        if len(bad) > self._most_bad:
            raise TooManyBadRows(self._most_bad, bad[: self._most_bad])

    def _read_again(self, counted: int) -> tuple[Checksum, int]:
        checker = RowChecker(self._mapping, self._table.kind)
        found, bad = Checksum(), len(self._table.keyless(self._most_bad + 1))
        for rows in whole_groups(self._table.rows(None)):
            block = checker.check(rows, 0)
            found += checksum(block.good)
            bad += block.bad
            at = str(rows[-1][0])
            self._tell(Step("reading the table again", found.rows + bad, counted, bad, at))
        return found, bad

    def _require_apart(self) -> None:
        """Refuse symbols that would be renamed onto rows of another symbol at the same times."""
        times = TimeReader(self._mapping)
        ends: dict[str, list[tuple[str, int, int]]] = {}
        for name, target in self._mapping.symbols.items():
            others = {name, *({str(target)} - self._mapping.symbols.keys())}
            for symbol in others:
                found = self._table.ends(symbol)
                if found is None or any(symbol == there for there, *_ in ends.get(target, ())):
                    continue
                (first, last), _ = times.read(found, self._table.kind)
                ends.setdefault(target, []).append((symbol, int(first), int(last)))
        for shared, spans in ends.items():
            spans.sort(key=lambda span: span[1])
            for before, after in pairwise(spans):
                if after[1] <= before[2]:
                    raise self._mapping.invalid(
                        f"symbols.{before[0]}",
                        f"a name for itself: {before[0]} and {after[0]} both have rows at the same "
                        "times",
                        shared,
                    )


def whole_groups(blocks: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    """Cut ordered rows so that rows of one symbol and time are never in two blocks."""
    kept: list[Row] = []
    for block in blocks:
        rows = [*kept, *block]
        cut = len(rows)
        while cut and rows[cut - 1][:2] == rows[-1][:2]:
            cut -= 1
        kept = rows[cut:]
        if cut:
            yield rows[:cut]
    if kept:
        yield kept


def stretches(rows: Columns, names: Sequence[str], last: Place | None) -> list[Stretch]:
    """Give the times that ordered rows take up, for each of the table's symbols.

    The first symbol goes on where ``last`` ended, when that is a row of it.
    """
    found: list[Stretch] = []
    begin = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and names[end] == names[begin]:
            continue
        first = int(rows.times[begin])
        if last is not None and not begin and last.name == names[begin]:
            first = last.time_ns + 1
        found.append(Stretch(rows.symbols[begin], first, int(rows.times[end - 1])))
        begin = end
    return found


def joined(parts: Sequence[Columns]) -> Columns:
    """Put columns of several blocks one after another."""
    return Columns(
        [symbol for part in parts for symbol in part.symbols],
        np.concatenate([part.times for part in parts]),
        tuple(
            np.concatenate(columns)
            for columns in zip(*(part.numbers for part in parts), strict=True)
        ),
    )
