"""Keep the newest closed bars of one symbol and style, and see where one is missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

KEPT_BARS = 1_000


class Bar(NamedTuple):
    """A closed bar, or an unfinished one: its number, and its fields as they are told."""

    number: int
    fields: bytes


class Part(NamedTuple):
    """Bars to tell, and numbers that are missing before the first of them."""

    bars: list[bytes]
    missing: tuple[int, int] | None
    is_behind: bool = False
    """Whether the asker has numbers that are not known here: they were counted anew."""


class Tail:
    """Bars with consecutive numbers, up to the newest that is known."""

    def __init__(self, kept: int = KEPT_BARS) -> None:
        self.is_loaded = False
        self.newest: int | None = None
        """The number of the newest bar; None: none is known."""
        self._bars: deque[Bar] = deque(maxlen=kept)

    def load(self, bars: Iterable[Bar]) -> None:
        """Begin with what is stored, in place of all that was known."""
        self.is_loaded = True
        self.newest = None
        self._bars.clear()
        self.add(bars)

    def add(self, bars: Iterable[Bar]) -> tuple[list[Bar], bool]:
        """Add bars as they are read, oldest first; one that is known already is left out.

        Returns:
            The new ones, and whether numbers are missing before one of them: then what was kept
            before is forgotten, so that what is kept stays without a hole.
        """
        new: list[Bar] = []
        has_hole = False
        for bar in bars:
            if self.newest is not None:
                if bar.number <= self.newest:
                    continue
                if bar.number > self.newest + 1:
                    has_hole = True
                    self._bars.clear()
            self.newest = bar.number
            self._bars.append(bar)
            new.append(bar)
        return new, has_hole

    def agrees(self, bar: Bar) -> bool:
        """Say whether a bar is the one known by its number, or later than all known."""
        if self.newest is None or bar.number > self.newest:
            return True
        place = len(self._bars) - 1 - (self.newest - bar.number)
        return place >= 0 and self._bars[place] == bar

    def last(self, count: int) -> Part:
        """Give the newest bars, at most so many."""
        bars = list(self._bars)
        return Part([bar.fields for bar in bars[len(bars) - min(count, len(bars)) :]], None)

    def after(self, number: int) -> Part:
        """Give every bar after a number, and say which are not kept any more."""
        if self.newest is None or number > self.newest:
            return Part([bar.fields for bar in self._bars], None, is_behind=True)
        following = [bar for bar in self._bars if bar.number > number]
        first = following[0].number if following else self.newest + 1
        missing = (number + 1, first - 1) if first > number + 1 else None
        return Part([bar.fields for bar in following], missing)
