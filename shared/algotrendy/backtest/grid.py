"""Turn a sweep's ranges into combinations of parameters: all of them, or a fair sample."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from algotrendy.backtest.sweep import Range, SweepSpec
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Parameter, Strategy, Value

COUNTED_LIMIT = 10**6
"""Up to this size a grid is walked whole, and what the rules leave out is counted exactly."""

# A larger grid is drawn from until enough are found, or until so many draws broke a rule.
_MISSES, _MISSES_A_FIND = 10_000, 20

Combination = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """What is to be tried on each symbol.

    Attributes:
        combinations: Values in the order of the strategy's parameters; the last varies fastest.
        size: Combinations before the rules and the limit.
        excluded: Those that break a rule; None when the grid is too large to be counted.
    """

    combinations: tuple[Combination, ...]
    size: int
    excluded: int | None

    @property
    def is_sampled(self) -> bool:
        """Tell whether allowed combinations were left out for their number."""
        return self.excluded is None or len(self.combinations) + self.excluded < self.size


@dataclass(frozen=True, slots=True)
class _Axis:
    """The values of one parameter, by place; never laid out, as there may be too many."""

    count: int
    at: Callable[[int], Value]


@dataclass(frozen=True, slots=True)
class _Axes:
    """The values of every parameter; a combination has a number, the last axis counts fastest."""

    strategy: Strategy
    axes: tuple[_Axis, ...]

    def every(self) -> Iterator[Combination]:
        return product(*([axis.at(i) for i in range(axis.count)] for axis in self.axes))

    def numbered(self, number: int) -> Combination:
        values: list[Value] = []
        for axis in reversed(self.axes):
            number, place = divmod(number, axis.count)
            values.append(axis.at(place))
        return tuple(reversed(values))

    def allows(self, combination: Combination) -> bool:
        names = (parameter.name for parameter in self.strategy.parameters)
        return self.strategy.allows(dict(zip(names, combination, strict=True)))


def expand(spec: SweepSpec, strategy: Strategy) -> Grid:
    """Give the combinations to try: at most ``max_runs`` over all symbols, seeded when sampled.

    Raises:
        Invalid: If a name or a value does not fit the strategy, which names
            ``parameters.<name>``, or if the rules leave nothing.
    """
    axes = _axes(spec, strategy)
    wanted = spec.max_runs // len(spec.symbols)
    if spec.grid <= COUNTED_LIMIT:
        return _walked(axes, spec, wanted)
    return _drawn(axes, spec, wanted)


def check_grid(spec: SweepSpec, strategy: Strategy) -> None:
    """Refuse at once what ``expand`` would refuse, without looking further than the first find.

    A large grid in which few combinations are allowed may pass here, and be refused there.

    Raises:
        Invalid: As ``expand``.
    """
    axes = _axes(spec, strategy)
    if spec.grid > COUNTED_LIMIT:
        _drawn(axes, spec, 1)
    elif not any(axes.allows(combination) for combination in axes.every()):
        raise _nothing_left(strategy, spec)


def _axes(spec: SweepSpec, strategy: Strategy) -> _Axes:
    strategy.check_names(spec.parameters)
    given = spec.parameters
    return _Axes(strategy, tuple(_axis(p, given.get(p.name)) for p in strategy.parameters))


def _walked(axes: _Axes, spec: SweepSpec, wanted: int) -> Grid:
    allowed = [combination for combination in axes.every() if axes.allows(combination)]
    if not allowed:
        raise _nothing_left(axes.strategy, spec)
    excluded = spec.grid - len(allowed)
    if len(allowed) > wanted:
        drawn = shuffled(len(allowed), spec.seed)
        allowed = [allowed[place] for place in sorted(next(drawn) for _ in range(wanted))]
    return Grid(tuple(allowed), spec.grid, excluded)


def _drawn(axes: _Axes, spec: SweepSpec, wanted: int) -> Grid:
    found: list[int] = []
    for tried, number in enumerate(shuffled(spec.grid, spec.seed)):
        if tried - len(found) > _MISSES + _MISSES_A_FIND * wanted:
            raise _nothing_left(axes.strategy, spec)
        if axes.allows(axes.numbered(number)):
            found.append(number)
            if len(found) == wanted:
                break
    return Grid(tuple(axes.numbered(number) for number in sorted(found)), spec.grid, None)


def _nothing_left(strategy: Strategy, spec: SweepSpec) -> Invalid:
    rules = " and ".join(str(rule) for rule in strategy.rules)
    given = spec.model_dump(mode="json")["parameters"]
    return Invalid("parameters", f"ranges in which often enough {rules}", given)


def shuffled(size: int, seed: int) -> Iterator[int]:
    """Give the numbers below ``size`` in an order that the seed fixes, on any Python for ever.

    A Fisher-Yates shuffle that keeps only the places it has touched, drawn from SHA-256:
    ``random`` promises the same sequence for floats alone. The modulo's bias is below 2 ** -200.
    """
    moved: dict[int, int] = {}
    for place in range(size):
        digest = hashlib.sha256(f"{seed}:{place}".encode()).digest()
        other = place + int.from_bytes(digest, "big") % (size - place)
        yield moved.get(other, other)
        moved[other] = moved.pop(place, place)


def _axis(parameter: Parameter, given: Range | tuple[Decimal, ...] | None) -> _Axis:
    if given is None:
        return _Axis(1, lambda _: parameter.default)
    kind = int if parameter.kind == "int" else float
    if isinstance(given, Range):
        _check_range(parameter, given)
        return _Axis(given.count, lambda place: kind(given.at(place)))
    values = [parameter.check(_number(value)) for value in given]
    return _Axis(len(values), values.__getitem__)


def _check_range(parameter: Parameter, given: Range) -> None:
    # A straight line: when its ends fit, and for whole numbers its step does, all of it fits.
    for value in (given.start, given.at(given.count - 1)):
        parameter.check(_number(value))
    if parameter.kind == "int" and given.count > 1 and given.step != int(given.step):
        raise Invalid(f"parameters.{parameter.name}.step", "a whole number", given.step)


def _number(value: Decimal) -> Value:
    return int(value) if value == int(value) else float(value)
