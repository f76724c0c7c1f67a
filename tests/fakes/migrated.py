"""A table to migrate and a lake to migrate into, in memory, and a mapping between the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from algotrendy.market_data.migration.checking import Row
from algotrendy.market_data.migration.checksum import Columns
from algotrendy.market_data.migration.mapping import TableMapping, mapping_of
from algotrendy.market_data.migration.ports import Key, Note, Progress, Stretch
from algotrendy.market_data.migration.times import TimeKind

BAR_COLUMNS = {
    "symbol": "ticker",
    "time": "ts",
    "open": "o",
    "high": "h",
    "low": "l",
    "close": "c",
    "volume": "v",
}
TRADE_COLUMNS = {"symbol": "ticker", "time": "ts", "price": "p", "size": "q"}


def bars_mapping(**sections: dict[str, Any]) -> TableMapping:
    """Give a mapping of minute bars; sections are laid over its own."""
    found: dict[str, dict[str, Any]] = {
        "from": {"table": "bars"},
        "to": {"kind": "bars", "timeframe": "1Min", "source": "monolith"},
        "columns": BAR_COLUMNS,
    }
    for name, values in sections.items():
        section = name.rstrip("_")
        found[section] = {**found.get(section, {}), **values}
    return mapping_of(found, "m.toml")


def trades_mapping(**sections: dict[str, Any]) -> TableMapping:
    """Give a mapping of trades; sections are laid over its own."""
    found: dict[str, dict[str, Any]] = {
        "from": {"table": "trades"},
        "to": {"kind": "trades", "source": "monolith"},
        "columns": TRADE_COLUMNS,
        **sections,
    }
    return mapping_of(found, "m.toml")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


class ListedTable:
    """A ``SourceTable`` of rows in a list, given in blocks of a few."""

    kind = TimeKind.RAW

    def __init__(self, rows: Sequence[Row], at_once: int = 3) -> None:
        self.listed, self._at_once = list(rows), at_once

    def count(self) -> int:
        return len(self.listed)

    def keyless(self, most: int) -> list[Row]:
        return [row for row in self.listed if None in row[:2]][:most]

    def rows(self, after: Key | None) -> Iterator[Sequence[Row]]:
        keyed = [row for row in self.listed if None not in row[:2]]
        past = [row for row in keyed if after is None or row[:2] > after]
        past.sort(key=lambda row: row[:2])
        for begin in range(0, len(past), self._at_once):
            yield past[begin : begin + self._at_once]

    def ends(self, symbol: str) -> tuple[Any, Any] | None:
        times = [row[1] for row in self.listed if row[0] == symbol and row[1] is not None]
        return (min(times), max(times)) if times else None


class ListedTarget:
    """A ``Target`` in memory, which dies before its n-th write where it is told to."""

    def __init__(self) -> None:
        self.fingerprint: str | None = None
        self.notes: dict[int, str] = {}
        self.stretches: list[Stretch] = []
        self.contents: list[tuple[Any, ...]] = []
        self.writes_left: int | None = None

    def progress(self) -> Progress | None:
        if self.fingerprint is None:
            return None
        notes = (Note.from_json(self.notes[chunk]) for chunk in sorted(self.notes))
        return Progress(self.fingerprint, tuple(notes))

    def begin(self, fingerprint: str) -> None:
        self._write()
        self.fingerprint = fingerprint

    def put(self, rows: Columns, stretches: Sequence[Stretch]) -> None:
        self._write()
        self.stretches.extend(stretches)
        new = list(zip(rows.symbols, rows.times.tolist(), *map(list, rows.numbers), strict=True))
        for row in new:
            assert any(_lies_in(row, stretch) for stretch in stretches)
        kept = [row for row in self.contents if not any(_lies_in(row, s) for s in stretches)]
        self.contents = kept + new

    def remember(self, note: Note) -> None:
        self._write()
        self.notes[note.chunk] = note.to_json()

    def has_rows(self) -> bool:
        return bool(self.contents)

    def stored(self) -> Iterator[Columns]:
        for symbol, time_ns, *numbers in reversed(self.contents):
            values = tuple(np.array([number]) for number in numbers)
            yield Columns([symbol], np.array([time_ns]), values)

    def forget(self) -> None:
        self.fingerprint, self.notes, self.contents = None, {}, []

    def _write(self) -> None:
        if self.writes_left == 0:
            raise Killed
        if self.writes_left is not None:
            self.writes_left -= 1


def _lies_in(row: tuple[Any, ...], stretch: Stretch) -> bool:
    return bool(row[0] == stretch.symbol and stretch.first_ns <= row[1] <= stretch.last_ns)
