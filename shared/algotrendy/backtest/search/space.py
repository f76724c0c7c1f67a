"""The combinations of parameters that a request names, without laying them out.

Every axis is a list of values in ascending order, and a combination is a place on each axis. So
a search moves in whole steps of what was asked for: no value drifts off its range, and the
neighbours of a combination are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

from algotrendy.backtest.request import Range
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Parameter, Value

Combination = tuple[Value, ...]
"""A value for each parameter, in the order of the strategy's definition."""

Places = tuple[int, ...]
"""Where a combination stands on each axis, from 0 on."""

Ranges = Mapping[str, Range | tuple[Decimal, ...]]
"""What a request says of its parameters: an even range, or values in ascending order."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The values of one parameter, by place; never laid out, as there may be too many."""

    name: str
    count: int
    at: Callable[[int], Value]

    def place(self, value: Value) -> int:
        """Give the place of a value.

        Raises:
            Invalid: If it is none of the axis; names ``parameters.<name>``.
        """
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.at(middle) < value:
                low = middle + 1
            else:
                high = middle
        if low == self.count or self.at(low) != value:
            raise Invalid(f"parameters.{self.name}", "a value of its range", value)
        return low


@dataclass(frozen=True, slots=True)
class Space:
    """Every combination of parameter values; each has a number, the last axis counts fastest.

    Attributes:
        ranges: As the request says them.
        axes: One a parameter, in the order of the strategy's; a parameter that the request does
            not name has its default alone.
    """

    strategy: Strategy
    ranges: Ranges
    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, strategy: Strategy, ranges: Ranges) -> Space:
        """Make the space of a request.

        Raises:
            Invalid: If a name or a value does not fit the strategy; names ``parameters.<name>``.
        """
        strategy.check_names(ranges)
        return cls(
            strategy, ranges, tuple(_axis(p, ranges.get(p.name)) for p in strategy.parameters)
        )

    @property
    def size(self) -> int:
        """Count the combinations, before any rule."""
        return prod(axis.count for axis in self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the parameters, in the order of a combination."""
        return tuple(axis.name for axis in self.axes)

    def every(self) -> Iterator[Combination]:
        """Give every combination, in the order of their numbers."""
        return product(*([axis.at(i) for i in range(axis.count)] for axis in self.axes))

    def numbered(self, number: int) -> Combination:
        """Give the combination of a number, 0 to ``size`` - 1."""
        values: list[Value] = []
        for axis in reversed(self.axes):
            number, place = divmod(number, axis.count)
            values.append(axis.at(place))
        return tuple(reversed(values))

    def number(self, combination: Combination) -> int:
        """Give the number of a combination, which ``numbered`` takes.

        Raises:
            Invalid: If it is not of this space; names the first wrong parameter.
        """
        number = 0
        for axis, place in zip(self.axes, self.places(combination), strict=True):
            number = number * axis.count + place
        return number

    def at(self, places: Sequence[int]) -> Combination:
        """Give the combination at a place on each axis."""
        return tuple(axis.at(place) for axis, place in zip(self.axes, places, strict=True))

    def places(self, combination: Combination) -> Places:
        """Give where a combination stands.

        Raises:
            Invalid: If it is not of this space; names the first wrong parameter.
        """
        if len(combination) != len(self.axes):
            raise Invalid("parameters", f"{len(self.axes)} values", list(combination))
        return tuple(axis.place(value) for axis, value in zip(self.axes, combination, strict=True))

    def allows(self, combination: Combination) -> bool:
        """Tell whether every rule of the strategy holds."""
        return self.strategy.allows(dict(zip(self.names, combination, strict=True)))

    def neighbours(self, combination: Combination) -> list[Combination]:
        """Give the allowed combinations that differ by one step of one parameter."""
        places = self.places(combination)
        found = (
            self.at((*places[:number], place, *places[number + 1 :]))
            for number, axis in enumerate(self.axes)
            for place in (places[number] - 1, places[number] + 1)
            if 0 <= place < axis.count
        )
        return [beside for beside in found if self.allows(beside)]

    def nothing_allowed(self) -> Invalid:
        """Say that the rules leave nothing, or too little to be found."""
        rules = " and ".join(str(rule) for rule in self.strategy.rules)
        return Invalid("parameters", f"ranges in which often enough {rules}", self._said())

    def _said(self) -> dict[str, Any]:
        return {
            name: given.model_dump(mode="json")
            if isinstance(given, Range)
            else [str(value) for value in given]
            for name, given in self.ranges.items()
        }


def _axis(parameter: Parameter, given: Range | tuple[Decimal, ...] | None) -> Axis:
    if given is None:
        return Axis(parameter.name, 1, lambda _: parameter.default)
    kind = int if parameter.kind == "int" else float
    if isinstance(given, Range):
        _check_range(parameter, given)
        return Axis(parameter.name, given.count, lambda place: kind(given.at(place)))
    values = [parameter.check(_number(value)) for value in given]
    return Axis(parameter.name, len(values), values.__getitem__)


def _check_range(parameter: Parameter, given: Range) -> None:
    # A straight line: when its ends fit, and for whole numbers its step does, all of it fits.
    for value in (given.start, given.at(given.count - 1)):
        parameter.check(_number(value))
    if parameter.kind == "int" and given.count > 1 and given.step != int(given.step):
        raise Invalid(f"parameters.{parameter.name}.step", "a whole number", given.step)


def _number(value: Decimal) -> Value:
    return int(value) if value == int(value) else float(value)
