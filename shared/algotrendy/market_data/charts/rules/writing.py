"""Write a bar whose drawn prices are its trades'."""

from __future__ import annotations

from typing import Any


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
