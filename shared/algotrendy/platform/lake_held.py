"""Hold tables open between commits: to open one, and to read each of its marks, reads its log anew.

What a mark was read to be is remembered for as long as nobody else commits.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from algotrendy.kernel.errors import Conflict, Invalid

if TYPE_CHECKING:
    from deltalake import DeltaTable

Moves = Mapping[str, tuple[int | None, int]]


class HeldTable:
    """An open table that one thread uses, and what its marks are known to be at its version."""

    def __init__(self, table: DeltaTable) -> None:
        self.table = table
        self._marks: dict[str, int | None] = {}

    def follow(self) -> bool:
        """Go to the newest version; say whether the table is still there to go on with."""
        from deltalake.exceptions import DeltaError

        before = self.table.version()
        try:
            self.table.update_incremental()
            # A log that was emptied says nothing new, and a commit into it would make no table.
            if not self.table.history(1):
                return False
        except (DeltaError, OSError):
            return False
        if self.table.version() != before:
            self._marks.clear()
        return True

    def mark(self, name: str) -> int | None:
        """Give the number of a mark, or None when no commit has set it."""
        if name not in self._marks:
            number = self.table.transaction_version(name)
            self._marks[name] = None if number is None else int(number)
        return self._marks[name]

    def require(self, dataset: str, moves: Moves) -> None:
        """Raise Conflict unless each mark stands where it is to be moved from."""
        for name, (expected, _) in moves.items():
            if (actual := self.mark(name)) != expected:
                message = f"mark {name} of {dataset} must be {expected}, was {actual}"
                raise Conflict(message, mark=name, expected=expected, actual=actual)

    def wrote(self, before: int, moves: Moves) -> int:
        """Note that a commit was made on the version before, and give its own version.

        Writing moves the table to the commit that it made, whatever others commit after.
        """
        version = int(self.table.version())
        if version != before + 1:
            # Others committed between, and may have moved what was read before.
            self._marks.clear()
        self._marks.update({name: number for name, (_, number) in moves.items()})
        return version


class HeldTables:
    """The tables of one process that nobody uses just now, one a dataset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[str, HeldTable] = {}

    def take(self, dataset: str) -> HeldTable | None:
        """Give a table at its newest version, to be put back when nothing went wrong with it."""
        with self._lock:
            held = self._tables.pop(dataset, None)
        return held if held is not None and held.follow() else None

    def put(self, dataset: str, held: HeldTable) -> None:
        """Take a table back."""
        with self._lock:
            self._tables[dataset] = held


def require_numbers(moves: Moves) -> None:
    """Refuse marks without a name, or below zero."""
    for name, (_, number) in moves.items():
        if not name:
            raise Invalid("marks", "named", name)
        if number < 0:
            raise Invalid(f"marks.{name}", "0 or more", number)
