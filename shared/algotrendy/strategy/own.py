"""Lay out what a strategy owns for each asset: its named state and its indicators' newest values.

One text of code updates the indicators, interpreted or compiled: `update_of` writes it once a
strategy, from what the strategy declares.
"""

from __future__ import annotations

import keyword
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from typing import Any

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.indicators.spec import Indicator

COLUMNS = ("open", "high", "low", "close", "volume")
_RESERVED = frozenset({"cells", "places"})


@dataclass(frozen=True, slots=True)
class Vector:
    """State of several floats, zero at first: ``own.name[i]``.

    Attributes:
        size: How many, or the name of the parameter that says it.
    """

    size: int | str


State = Mapping[str, float | Vector]
Indicators = Mapping[str, Indicator]
Update = Callable[[Any, Any, Any], None]


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of what a strategy owns.

    Attributes:
        scalars: Floats, in order: the state's, then the indicators' outputs.
        initial: What each begins with; an output with nan.
        vectors: Names of the vectors, in order.
        indicators: As declared, in the order in which they are updated.
    """

    scalars: tuple[str, ...]
    initial: tuple[float, ...]
    vectors: tuple[tuple[str, Vector], ...]
    indicators: tuple[tuple[str, Indicator], ...]

    def sizes(self, values: Mapping[str, int | float]) -> tuple[int, ...]:
        """Give the length of each vector, then of each indicator's memory, in floats."""
        vectors = [_resolved(vector.size, values) for _, vector in self.vectors]
        cells = [indicator.cells(*indicator.resolve(values)) for _, indicator in self.indicators]
        return (*(int(size) for size in vectors), *cells)


def layout_of(state: State, indicators: Indicators) -> Layout:
    """Lay out state and indicators.

    Raises:
        Invalid: If a name is no name, is taken, or an indicator is fed by one that is not there
            before it.
    """
    scalars = {name: float(value) for name, value in state.items() if not isinstance(value, Vector)}
    vectors = tuple((name, value) for name, value in state.items() if isinstance(value, Vector))
    for name, indicator in indicators.items():
        for source in indicator.inputs:
            if source not in COLUMNS and source not in scalars:
                expected = f"one of {', '.join((*COLUMNS, *scalars))}"
                raise Invalid(f"indicators.{name}.on", expected, source)
        for output in output_names(name, indicator):
            if output in scalars:
                raise Invalid(f"indicators.{name}", "a name that is free", output)
            scalars[output] = nan
    for name in (*scalars, *(name for name, _ in vectors)):
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise Invalid(f"state.{name}", "a name as Python knows them", name)
        if name in _RESERVED:
            raise Invalid(f"state.{name}", "a name that is free", name)
    return Layout(tuple(scalars), tuple(scalars.values()), vectors, tuple(indicators.items()))


def output_names(name: str, indicator: Indicator) -> tuple[str, ...]:
    """Give the names of an indicator's values: its own, then ``<name>_<output>``."""
    return tuple(f"{name}_{output}" if output else name for output, _ in indicator.outputs)


def update_source(layout: Layout) -> str:
    """Write the function that brings the indicators up to date with a new bar of an asset."""
    lines = ["def update(asset, own, p):"]
    if layout.indicators:
        lines += ["    cells = own.cells", "    places = own.places"]
    frames: dict[int, str] = {0: "asset"}
    for number, (name, indicator) in enumerate(layout.indicators):
        frame, indent = indicator.timeframe, "    "
        if frame not in frames:
            frames[frame] = f"frame{frame}"
            lines.append(f"    frame{frame} = asset.on({frame})")
        if frame:
            lines.append(f"    if {frames[frame]}.is_new:")
            indent = "        "
        inputs = [
            f"{frames[frame]}.{source}[-1]" if source in COLUMNS else f"own.{source}"
            for source in indicator.inputs
        ]
        given = [
            f"p.{argument}" if isinstance(argument, str) else repr(argument)
            for argument in indicator.arguments
        ]
        call = ", ".join(["cells", f"places[{number}]", *inputs, *given])
        lines.append(f"{indent}own.{name} = update{number}({call})")
        for output, cell in indicator.outputs:
            if output:
                lines.append(f"{indent}own.{name}_{output} = cells[places[{number}] + {cell}]")
    if len(lines) == 1:
        lines.append("    return")
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=64)
def update_of(layout: Layout) -> Update:
    """Make the function of `update_source`."""
    names: dict[str, Any] = {
        f"update{number}": indicator.update
        for number, (_, indicator) in enumerate(layout.indicators)
    }
    # The text is made of checked names and numbers only.
    exec(compile(update_source(layout), "<indicators>", "exec"), names)  # noqa: S102
    update: Update = names["update"]
    return update


@lru_cache(maxsize=64)
def tell_of(layout: Layout) -> Callable[[Any, Sequence[float]], None]:
    """Make a function that writes the indicators' outputs, computed before, into an own.

    They come in the order of the indicators, each with its outputs in their order.
    """
    told = [
        f"own.{output}"
        for name, indicator in layout.indicators
        for output in output_names(name, indicator)
    ]
    names: dict[str, Any] = {}
    text = f"def tell(own, values):\n    ({', '.join(told)},) = values\n"
    # The text is made of checked names only.
    exec(compile(text, "<indicators>", "exec"), names)  # noqa: S102
    tell: Callable[[Any, Sequence[float]], None] = names["tell"]
    return tell


def parameters_type(names: Sequence[str]) -> Callable[..., Any]:
    """Make the named tuple in which a strategy is told its parameters."""
    return namedtuple("Parameters", names)


def make_parameters(names: Sequence[str], values: Sequence[Any]) -> Any:
    """Make what an interpreted strategy is told its parameters in: quicker than a named tuple."""

    def refuse(self: Any, name: str, value: Any) -> None:  # noqa: ARG001
        raise AttributeError(f"a parameter cannot be changed, was {name} = {value!r}")

    made = type("Parameters", (), {"__slots__": tuple(names), "__setattr__": refuse})()
    for name, value in zip(names, values, strict=True):
        object.__setattr__(made, name, value)
    return made


def own_type(layout: Layout) -> type[Any]:
    """Make the class of what an interpreted strategy owns for one asset."""
    slots = (*layout.scalars, *(name for name, _ in layout.vectors), "cells", "places", "_all")

    def each(self: Any, index: int) -> Any:
        return self._all[index]

    return type("Own", (), {"__slots__": slots, "__getitem__": each})


def make_owns(
    layout: Layout, kind: type[Any], values: Mapping[str, int | float], assets: int
) -> tuple[Any, ...]:
    """Make what an interpreted strategy owns, one object an asset; ``own[k]`` gives asset k's."""
    sizes = layout.sizes(values)
    vectors, cells = sizes[: len(layout.vectors)], sizes[len(layout.vectors) :]
    places = [0]
    for size in cells:
        places.append(places[-1] + size)
    made = tuple(kind() for _ in range(assets))
    for own in made:
        for name, value in zip(layout.scalars, layout.initial, strict=True):
            setattr(own, name, value)
        for (name, _), size in zip(layout.vectors, vectors, strict=True):
            setattr(own, name, [0.0] * size)
        own.cells = [0.0] * places[-1]
        own.places = tuple(places[:-1])
        own._all = made
    return made


def _resolved(argument: int | float | str, values: Mapping[str, int | float]) -> int | float:
    return values[argument] if isinstance(argument, str) else argument
