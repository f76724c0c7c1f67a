"""Say what a strategy may be told: its parameters and the rules between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from algotrendy.kernel.errors import Invalid

Value = int | float
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a strategy is told; ``minimum`` and ``maximum`` are allowed values."""

    name: str
    kind: Literal["int", "float"]
    minimum: Value
    maximum: Value
    default: Value
    help: str

    def check(self, value: object) -> Value:
        """Give the value in the parameter's own type.

        Raises:
            Invalid: If it is no such number; names ``parameters.<name>``.
        """
        whole = "a whole number " if self.kind == "int" else ""
        expected = f"{whole}between {self.minimum} and {self.maximum}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Invalid(f"parameters.{self.name}", expected, value)
        if not (isfinite(value) and self.minimum <= value <= self.maximum):
            raise Invalid(f"parameters.{self.name}", expected, value)
        if self.kind == "float":
            return float(value)
        if value != int(value):
            raise Invalid(f"parameters.{self.name}", expected, value)
        return int(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """A constraint between parameters: ``parameters.<name>`` must be ``expected``."""

    name: str
    expected: str
    holds: Callable[[Values], bool]

    def __str__(self) -> str:
        """Read as half a sentence: ``fast below slow``."""
        return f"{self.name} {self.expected}"
