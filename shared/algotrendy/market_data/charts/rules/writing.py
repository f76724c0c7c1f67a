"""Hold what a bar gathers of its trades, and write a bar whose drawn prices are its trades'."""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields

GATHERED: Final[Fields] = (
    ("needed", "i8"),  # rows that the next trade needs, when there were too few
    ("began", "i8"),
    ("ended", "i8"),
    ("first", "f8"),
    ("highest", "f8"),
    ("lowest", "f8"),
    ("last", "f8"),
    ("volume", "f8"),
    ("ticks", "i8"),
)
"""The part of a state that is alike in the styles that close bars by trades."""


def write(
    bar: Any,
    began: int,
    ended: int,
    known: int,
    first: float,
    highest: float,
    lowest: float,
    last: float,
    volume: float,
    ticks: int,
) -> None:
    """Write every field of a bar."""
    bar.began = began
    bar.ended = ended
    bar.known = known
    bar.open = first
    bar.high = highest
    bar.low = lowest
    bar.close = last
    bar.first = first
    bar.highest = highest
    bar.lowest = lowest
    bar.last = last
    bar.volume = volume
    bar.ticks = ticks
    bar.direction = 1 if last > first else -1 if last < first else 0


def draw(bar: Any, start: float, highest: float, lowest: float, end: float) -> None:
    """Let a written bar be drawn otherwise than it was traded."""
    bar.open = start
    bar.high = highest
    bar.low = lowest
    bar.close = end
    bar.direction = 1 if end > start else -1 if end < start else 0


def write_gathered(bar: Any, state: Any) -> bool:
    """Write the unfinished bar that a state has gathered; tell whether there is one."""
    write(
        bar, state.began, state.ended, state.ended,
        state.first, state.highest, state.lowest, state.last, state.volume, state.ticks,
    )  # fmt: skip
    return bool(state.ticks > 0)
