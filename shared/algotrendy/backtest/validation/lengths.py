"""Lengths of time in a request: bars, or days and months of the calendar."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

Unit = Literal["bars", "days", "months"]

_UNITS: dict[str, tuple[Unit, int]] = {
    "": ("bars", 1),
    "d": ("days", 1),
    "w": ("days", 7),
    "mo": ("months", 1),
    "y": ("months", 12),
}
_TEXT = re.compile(r"(\d{1,9})(d|w|mo|y)?")
# A century, and more bars than anybody has.
_MOST: dict[Unit, int] = {"bars": 10**9, "days": 36_525, "months": 1_200}
_EXPECTED = "a number of bars, or a length such as 90d, 6w, 18mo or 2y, of at most 100 years"


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time; weeks are kept as days, and years as months."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, given: object) -> Length:
        """Read a whole number of bars, or a text such as ``90d``, ``6w``, ``18mo`` or ``2y``.

        Raises:
            ValueError: If it is neither.
        """
        if isinstance(given, Length):
            return given
        if isinstance(given, bool) or not isinstance(given, int | str):
            raise ValueError(_EXPECTED)
        found = _TEXT.fullmatch(str(given).strip())
        if found is None:
            raise ValueError(_EXPECTED)
        unit, times = _UNITS[found[2] or ""]
        count = int(found[1]) * times
        if count > _MOST[unit]:
            raise ValueError(_EXPECTED)
        return cls(count, unit)

    def to_json(self) -> int | str:
        """Give what ``parse`` reads: the same for equal lengths."""
        if self.unit == "bars":
            return self.count
        if self.unit == "days":
            return f"{self.count}d"
        return f"{self.count}mo" if self.count % 12 else f"{self.count // 12}y"

    def __str__(self) -> str:
        """Read as ``504 bars`` or ``2y``."""
        return f"{self.count} bars" if self.unit == "bars" else str(self.to_json())


LengthField = Annotated[
    Length,
    BeforeValidator(Length.parse),
    PlainSerializer(Length.to_json),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\d{1,9}(d|w|mo|y)?$"},
            ],
            "description": "Bars, or days, weeks, months or years of the calendar.",
        }
    ),
]


def moved(start: date, months: int, days: int) -> date:
    """Give the day so many months later, at the end of a shorter month, and then so many days."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, monthrange(year, month)[1])
    return date(year, month, day) + timedelta(days=days)
