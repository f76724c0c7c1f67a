"""Say what an indicator is: what it reads, what it is told, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.parameters import Value, Values

Argument = int | float | str
"""A number, or the name of the strategy's parameter that holds it."""

Output = tuple[str, int]
"""A name, and the cell where it stands, counted from the indicator's first."""

ANSWER: Final[Output] = ("", -1)
"""What ``update`` answers with: it has no name of its own and stands in no cell."""

LONGEST_PERIOD: Final = 1_000_000
"""Bars: a window of that many takes up to 16 MB a copy of an indicator."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one argument of an indicator may be.

    Attributes:
        name: The argument's.
        minimum, maximum: Allowed values.
        above: Name of an earlier argument that this one must exceed, or empty.
    """

    name: str
    minimum: Value
    maximum: Value = LONGEST_PERIOD
    kind: Literal["int", "float"] = "int"
    above: str = ""

    def check(self, value: object, field: str) -> Value:
        """Give the value in the argument's own type.

        Raises:
            Invalid: If it is no such number; names the field.
        """
        whole = "a whole number" if self.kind == "int" else "a number"
        expected = f"{whole} between {self.minimum} and {self.maximum}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Invalid(field, expected, value)
        if not (isfinite(value) and self.minimum <= value <= self.maximum):
            raise Invalid(field, expected, value)
        if self.kind == "float":
            return float(value)
        if value != int(value):
            raise Invalid(field, expected, value)
        return int(value)


_TIMEFRAME: Final = Limits("timeframe", 0, 15)


@dataclass(frozen=True, slots=True)
class Indicator:
    """A streaming indicator: one call a bar, constant work, a flat piece of memory.

    Attributes:
        name: Snake case, the name of its factory.
        update: Takes memory, the place of its first cell, the inputs and the resolved arguments;
            gives the newest value, nan while warming up. Compiles with numba.
        inputs: Columns of the bars or attributes of other declared indicators, in the order of
            ``update``: ``("high", "low", "close")``, ``("macd_signal",)``.
        arguments: Numbers or names of parameters, in the order of ``update``.
        limits: What each argument may be.
        cells: Called with the resolved arguments: how many floats of memory it needs, all 0.0.
        warm_up: Called with the resolved arguments: how many values come before its first.
        source: Where its definition stands, so that a reader can check it.
        outputs: What it gives: `ANSWER`, then the others with their cells. Declared as ``macd``
            they are ``own.macd``, ``own.macd_signal`` and so on.
        timeframe: Which of the strategy's timeframes feeds it; 0 is the first.
    """

    name: str
    update: Callable[..., float]
    inputs: tuple[str, ...]
    arguments: tuple[Argument, ...]
    limits: tuple[Limits, ...]
    cells: Callable[..., int]
    warm_up: Callable[..., int]
    source: str
    outputs: tuple[Output, ...] = (ANSWER,)
    timeframe: int = 0

    def __post_init__(self) -> None:
        """Refuse what can be seen to be wrong before the parameters are known.

        Raises:
            Invalid: If an input is no name, the timeframe no index, or an argument neither a name
                nor an allowed number; names ``<indicator>.<argument>``.
        """
        for name in self.inputs:
            if not _is_name(name):
                raise Invalid(f"{self.name}.on", "the name of a column or an indicator", name)
        _TIMEFRAME.check(self.timeframe, f"{self.name}.timeframe")
        given = zip(self.limits, self.arguments, strict=True)
        object.__setattr__(self, "arguments", tuple(self._read(*pair) for pair in given))
        self._check_order(self.arguments)

    def resolve(self, parameters: Values) -> tuple[Value, ...]:
        """Give the arguments as numbers, ints and floats as ``update`` takes them.

        Raises:
            Invalid: If a parameter is missing, or its value is not allowed here.
        """
        given = zip(self.limits, self.arguments, strict=True)
        values = tuple(self._resolved(limits, argument, parameters) for limits, argument in given)
        self._check_order(values)
        return values

    def _read(self, limits: Limits, argument: Argument) -> Argument:
        field = f"{self.name}.{limits.name}"
        if not isinstance(argument, str):
            return limits.check(argument, field)
        if not _is_name(argument):
            raise Invalid(field, "a number or the name of a parameter", argument)
        return argument

    def _resolved(self, limits: Limits, argument: Argument, parameters: Values) -> Value:
        if not isinstance(argument, str):
            return argument
        field = f"{self.name}.{limits.name}"
        if argument not in parameters:
            names = f": {', '.join(parameters)}" if parameters else ", of which there are none"
            raise Invalid(field, f"a number or the name of a parameter{names}", argument)
        value = parameters[argument]
        if limits.kind == "int" and not isinstance(value, int):
            raise Invalid(field, "the name of a parameter of whole numbers", argument)
        return limits.check(value, field)

    def _check_order(self, arguments: tuple[Argument, ...]) -> None:
        by_name: Mapping[str, Argument] = {
            limits.name: argument for limits, argument in zip(self.limits, arguments, strict=True)
        }
        for limits in self.limits:
            value, other = by_name[limits.name], by_name.get(limits.above)
            if isinstance(value, str) or other is None or isinstance(other, str):
                continue
            if value <= other:
                expected = f"above {limits.above}, {other}"
                raise Invalid(f"{self.name}.{limits.name}", expected, value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def outputs_of(*names: str) -> tuple[Output, ...]:
    """Give the answer of ``update`` and further outputs, which stand in the first cells."""
    return (ANSWER, *((name, cell) for cell, name in enumerate(names)))
