"""Say what a parameter of a chart style is: its kind, unit, range, and how it is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isfinite
from typing import Final

from algotrendy.kernel.errors import Invalid

Value = float | int | str

_UNITS: Final = {
    "day": 86_400_000_000_000,
    "hour": 3_600_000_000_000,
    "min": 60_000_000_000,
    "sec": 1_000_000_000,
    "ms": 1_000_000,
}
_MOST_DIGITS: Final = 18
_SHOWN: Final = {"day": "Day", "hour": "Hour", "min": "Min", "sec": "Sec", "ms": "Ms"}


@dataclass(frozen=True, slots=True)
class Parameter(ABC):
    """One parameter of a style; ``encode`` gives the number that kernels read.

    Attributes:
        default: Without one it must be given.
        unit: In words, for the documentation.
        help: One sentence.
    """

    name: str
    help: str
    default: Value | None = None
    unit: str = ""

    kind = "i8"

    @property
    @abstractmethod
    def expected(self) -> str:
        """Say what is right; reads after "must be"."""

    @abstractmethod
    def parse(self, text: str) -> Value:
        """Read a value as it is written in a style.

        Raises:
            Invalid: If it is none, or outside of the range.
        """

    def write(self, value: Value) -> str:
        """Write a value so that ``parse`` gives it again."""
        return str(value)

    @abstractmethod
    def encode(self, value: Value) -> float:
        """Give the number that stands for the value in a rule's record."""


@dataclass(frozen=True, slots=True)
class Number(Parameter):
    """A price, an amount, a percentage: above ``above``, at most ``most``.

    Below the least one a price divided by it need not be a number any more.
    """

    above: float = 1e-15
    most: float = 1e15

    kind = "f8"

    @property
    def expected(self) -> str:
        return f"a number above {self.above:g} and at most {self.most:g}"

    def parse(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise Invalid(self.name, self.expected, text) from None
        is_default = self.default is not None and value == self.default
        if not (is_default or (isfinite(value) and self.above < value <= self.most)):
            raise Invalid(self.name, self.expected, text)
        return value

    def write(self, value: Value) -> str:
        return repr(float(value)).removesuffix(".0")

    def encode(self, value: Value) -> float:
        return float(value)


@dataclass(frozen=True, slots=True)
class Count(Parameter):
    """A whole number from ``least`` to ``most``."""

    least: int = 1
    most: int = 1_000_000_000

    @property
    def expected(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def parse(self, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise Invalid(self.name, self.expected, text) from None
        if value != self.default and not self.least <= value <= self.most:
            raise Invalid(self.name, self.expected, text)
        return value

    def encode(self, value: Value) -> float:
        return int(value)


@dataclass(frozen=True, slots=True)
class Choice(Parameter):
    """One of some words; its number is its place among them."""

    words: tuple[str, ...] = ("no", "yes")

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.words)}"

    def parse(self, text: str) -> str:
        if text not in self.words:
            raise Invalid(self.name, self.expected, text)
        return text

    def encode(self, value: Value) -> float:
        return self.words.index(str(value))


@dataclass(frozen=True, slots=True)
class Interval(Parameter):
    """A stretch of time, at most a day; its number is in nanoseconds."""

    @property
    def expected(self) -> str:
        return "a stretch of time of at most a day, such as 30Sec, 5Min, 1Hour or 1Day"

    def parse(self, text: str) -> str:
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        unit = text[len(digits) :].lower()
        # Python reads no number of thousands of digits.
        if unit not in _UNITS or not 0 < len(digits) <= _MOST_DIGITS:
            raise Invalid(self.name, self.expected, text)
        span = int(digits) * _UNITS[unit]
        if not 0 < span <= _UNITS["day"]:
            raise Invalid(self.name, self.expected, text)
        # Of equal stretches one is written: 60Sec and 1Min are the same bars.
        largest = next(name for name, size in _UNITS.items() if span % size == 0)
        return f"{span // _UNITS[largest]}{_SHOWN[largest]}"

    def encode(self, value: Value) -> float:
        text = str(value)
        digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return int(digits) * _UNITS[text[len(digits) :].lower()]
