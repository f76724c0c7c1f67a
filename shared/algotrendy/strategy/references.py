"""Find the data that a strategy's code refers to besides its arguments, and put other data there.

A strategy is told everything by its arguments. A table that its code reads as a global, through a
closure, as a default or from a module may hold what nobody knew at the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.fingerprint import global_names

_PLAIN = (int, float, complex, bool, str, bytes, type(None))

Swap = Callable[[Any], Any]
"""Gives what is to stand in the place of a piece of data."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One piece of data from outside.

    Attributes:
        name: As the code has it.
        kind: Global, closure, default or module.
        function: The name of the function that reads it.
        value: What is there.
    """

    name: str
    kind: str
    function: str
    value: Any

    def __str__(self) -> str:
        """Read as ``closes, a numpy array that cross reads as a global``."""
        kind = type(self.value)
        return (
            f"{self.name}, {kind.__module__}.{kind.__qualname__}, "
            f"which {self.function} reads as a {self.kind}"
        )


def references_of(strategy: Strategy) -> tuple[Reference, ...]:
    """Give the data that a strategy's functions, and those that they call, refer to.

    Numbers, texts, tuples of them, functions, classes and modules are none.
    """
    found: list[Reference] = []
    seen: set[int] = set()
    for function in _functions(strategy):
        found += _of_function(function, seen)
    return tuple(found)


def with_data(strategy: Strategy, swap: Swap) -> Strategy:
    """Give the same strategy on other data: each piece that its code refers to is swapped.

    What it reads from modules stays as it is.
    """
    made: dict[int, Any] = {}
    return replace(
        strategy,
        decide=_remade(strategy.decide, swap, made),
        on_fill=None if strategy.on_fill is None else _remade(strategy.on_fill, swap, made),
        schedules=tuple((when, _remade(call, swap, made)) for when, call in strategy.schedules),
        indicators={
            name: replace(indicator, update=_remade(indicator.update, swap, made))
            for name, indicator in strategy.indicators.items()
        },
    )


def is_data(value: Any) -> bool:
    """Tell whether a value may hold more than a strategy should know."""
    if isinstance(value, (*_PLAIN, ModuleType, type)) or callable(value):
        return False
    return not (isinstance(value, tuple) and all(isinstance(item, _PLAIN) for item in value))


def _functions(strategy: Strategy) -> Iterator[Any]:
    yield strategy.decide
    if strategy.on_fill is not None:
        yield strategy.on_fill
    for _, callback in strategy.schedules:
        yield callback
    for indicator in strategy.indicators.values():
        yield indicator.update


def _of_function(function: Any, seen: set[int]) -> Iterator[Reference]:
    if id(function) in seen:
        return
    seen.add(id(function))
    if not isinstance(function, FunctionType):
        # What has a state of its own can keep anything in it.
        yield Reference(getattr(function, "__name__", "?"), "callable", "the strategy", function)
        return
    for kind, name, value in _read_by(function):
        if isinstance(value, FunctionType):
            yield from _of_function(value, seen)
        elif isinstance(value, ModuleType):
            for attribute in sorted(_attributes(function.__code__)):
                held = vars(value).get(attribute)
                if is_data(held):
                    yield Reference(f"{name}.{attribute}", "module", function.__name__, held)
        elif is_data(value):
            yield Reference(name, kind, function.__name__, value)


def _read_by(function: FunctionType) -> Iterator[tuple[str, str, Any]]:
    for name in sorted(global_names(function.__code__)):
        if name in function.__globals__:
            yield "global", name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if not _is_empty(cell):
            yield "closure", name, cell.cell_contents
    arguments = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    for name, value in zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True):
        yield "default", name, value
    for name, value in (function.__kwdefaults__ or {}).items():
        yield "default", name, value


def _is_empty(cell: CellType) -> bool:
    # What a function names before its maker has given it a value.
    return cell == CellType()


def _attributes(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _attributes(constant)
    return names


def _remade(function: Any, swap: Swap, made: dict[int, Any]) -> Any:
    """Make a function again over swapped data; one that refers to none is given as it is."""
    if not isinstance(function, FunctionType) or not any(_of_function(function, set())):
        return function
    if id(function) in made:
        return made[id(function)]
    names = dict(function.__globals__)
    cells = tuple(CellType() for _ in function.__closure__ or ())
    again = FunctionType(function.__code__, names, function.__name__, None, cells)
    # Before its data is looked at: it may refer to itself.
    made[id(function)] = again

    def swapped(value: Any) -> Any:
        if isinstance(value, FunctionType):
            return _remade(value, swap, made)
        return swap(value) if is_data(value) else value

    for name in names.keys() & global_names(function.__code__):
        names[name] = swapped(names[name])
    for cell, old in zip(cells, function.__closure__ or (), strict=True):
        if not _is_empty(old):
            cell.cell_contents = swapped(old.cell_contents)
    if function.__defaults__ is not None:
        again.__defaults__ = tuple(swapped(value) for value in function.__defaults__)
    if function.__kwdefaults__ is not None:
        again.__kwdefaults__ = {k: swapped(v) for k, v in function.__kwdefaults__.items()}
    return again
