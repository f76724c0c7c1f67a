"""What a migration reads from, what it writes to, and what it remembers between two runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from algotrendy.market_data.migration.checking import BadRow, Fault, Place, Row
from algotrendy.market_data.migration.checksum import Columns
from algotrendy.market_data.migration.times import TimeKind

Key = tuple[Any, Any]
"""Symbol and time of a row as the table's reader gives them; JSON can carry them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The times of one symbol, both included, whose rows a chunk takes the place of."""

    symbol: str
    first_ns: int
    last_ns: int


@dataclass(frozen=True, slots=True)
class Note:
    """What is remembered of a chunk that lies in the lake whole.

    Attributes:
        chunk: Its number, from 0 on.
        rows: How many rows of the table it was, the bad ones included.
        bad: Those that were not taken.
        key: Of its last row in the table; None where its rows have none.
        last: Its last good row, or that of a chunk before it.
    """

    chunk: int
    rows: int
    bad: tuple[BadRow, ...]
    key: Key | None
    last: Place | None

    def to_json(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Note:
        """Read what ``to_json`` wrote."""
        found = json.loads(text)
        bad = tuple(
            BadRow(
                row["symbol"],
                row["time"],
                tuple(Fault(**fault) for fault in row["faults"]),
                tuple(row["values"]),
            )
            for row in found["bad"]
        )
        key = None if found["key"] is None else (found["key"][0], found["key"][1])
        last = None if found["last"] is None else Place(**found["last"])
        return cls(found["chunk"], found["rows"], bad, key, last)


@dataclass(frozen=True, slots=True)
class Progress:
    """What an earlier run of a migration left: its mapping's fingerprint, and chunk by chunk."""

    fingerprint: str
    notes: tuple[Note, ...]


class SourceTable(Protocol):
    """The table that is migrated. It is only read, all of it as of one moment."""

    kind: TimeKind

    def count(self) -> int:
        """Count all its rows."""
        ...

    def keyless(self, most: int) -> list[Row]:
        """Give rows that have no symbol or no time, at most so many."""
        ...

    def rows(self, after: Key | None) -> Iterator[Sequence[Row]]:
        """Give the other rows by symbol and time, some thousands at once.

        Values stand in the order of the mapping's fields. Only rows past ``after`` are given.
        """
        ...

    def ends(self, symbol: str) -> tuple[Any, Any] | None:
        """Give the first and last time of a symbol, or None when it has no rows."""
        ...


class Target(Protocol):
    """Where the rows go. Each call that writes is done whole or not at all."""

    def progress(self) -> Progress | None:
        """Give what an earlier run left, or None."""
        ...

    def begin(self, fingerprint: str) -> None:
        """Remember that this migration has begun."""
        ...

    def put(self, rows: Columns, stretches: Sequence[Stretch]) -> None:
        """Store rows in the place of all that lies in the stretches; again, nothing changes."""
        ...

    def remember(self, note: Note) -> None:
        """Remember that a chunk lies in the lake."""
        ...

    def has_rows(self) -> bool:
        """Say whether any row has the migration's source."""
        ...

    def stored(self) -> Iterator[Columns]:
        """Give every row that has the migration's source, in any order."""
        ...

    def forget(self) -> None:
        """Take away the rows and what is remembered, as if nothing had been migrated.

        Where this migration never began, nothing is taken away.
        """
        ...
