"""The one source of every indicator gives the same bits over a list and compiled over an array."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numba import njit

from algotrendy.exchange.compiled import register
from algotrendy.strategy.indicators import Indicator, updates
from fixtures.indicators import (
    Columns,
    examples,
    interrupted,
    random_walk,
    real_bars,
    standing_still,
    stopping,
)

Runner = Callable[..., None]
Run = tuple[list[float], list[float]]
"""The answers, and the memory that is left."""

PLACE = 3
"""Where in its memory an indicator begins, as one of several does."""

MARKETS: dict[str, Columns] = {
    "real": {name: column[:1_000] for name, column in real_bars("AAPL").items()},
    "walk": random_walk(11, 800),
    "still": standing_still(),
    "stopping": stopping(random_walk(13, 600)),
    "interrupted": interrupted(random_walk(17, 400)),
}


@cache
def runner(update: Callable[..., float], inputs: int, arguments: int) -> Runner:
    """Compile a loop over an update function, as the engine calls it."""
    for found in pkgutil.iter_modules(updates.__path__):
        register(importlib.import_module(f"{updates.__name__}.{found.name}"))
    given = ", ".join(f"columns[{k}, t]" for k in range(inputs))
    told = "".join(f", arguments[{k}]" for k in range(arguments))
    text = (
        "def run(memory, columns, arguments, answers):\n"
        "    for t in range(answers.size):\n"
        f"        answers[t] = update(memory, {PLACE}, {given}{told})\n"
    )
    names: dict[str, Any] = {"update": njit(error_model="python")(update)}
    exec(text, names)
    made: Runner = njit(error_model="python")(names["run"])
    return made


def run_compiled(indicator: Indicator, columns: Columns, arguments: tuple[Any, ...]) -> Run:
    memory = np.zeros(PLACE + indicator.cells(*arguments))
    table = np.array([columns[name] for name in indicator.inputs])
    answers = np.empty(table.shape[1])
    # Mixed arguments come as a tuple of their own types, none as an empty array.
    told = arguments or np.empty(0)
    runner(indicator.update, len(table), len(arguments))(memory, table, told, answers)
    return answers.tolist(), memory.tolist()


def run_interpreted(indicator: Indicator, columns: Columns, arguments: tuple[Any, ...]) -> Run:
    memory = [0.0] * (PLACE + indicator.cells(*arguments))
    series = [columns[name].tolist() for name in indicator.inputs]
    answers = [
        indicator.update(memory, PLACE, *values, *arguments) for values in zip(*series, strict=True)
    ]
    return answers, memory


def bits(values: list[float]) -> list[bytes]:
    # One nan is as good as another: hardware gives it either sign.
    canonical = [np.nan if value != value else value for value in values]
    return [value.tobytes() for value in np.array(canonical, dtype=np.float64)]


@pytest.mark.parametrize("indicator", examples(), ids=lambda indicator: indicator.name)
def test_an_indicator_gives_the_same_bits_compiled_and_interpreted(indicator: Indicator) -> None:
    for period in (None, 5):
        other = next(each for each in examples(period) if each.name == indicator.name)
        arguments = other.resolve({})
        for name, columns in MARKETS.items():
            compiled = run_compiled(other, columns, arguments)
            interpreted = run_interpreted(other, columns, arguments)
            assert bits(compiled[0]) == bits(interpreted[0]), (name, arguments)
            assert bits(compiled[1]) == bits(interpreted[1]), (name, arguments)
