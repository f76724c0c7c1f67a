"""The one source of every indicator gives the same bits over a list and compiled over an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from algotrendy.strategy.indicators import Indicator
from fixtures.compiled_indicators import PLACE, run_compiled
from fixtures.indicators import (
    Columns,
    examples,
    interrupted,
    random_walk,
    real_bars,
    standing_still,
    stopping,
)

Run = tuple[list[float], list[float]]
"""The answers, and the memory that is left."""

MARKETS: dict[str, Columns] = {
    "real": {name: column[:1_000] for name, column in real_bars("AAPL").items()},
    "walk": random_walk(11, 800),
    "still": standing_still(),
    "stopping": stopping(random_walk(13, 600)),
    "interrupted": interrupted(random_walk(17, 400)),
}


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
            assert bits(compiled[0].tolist()) == bits(interpreted[0]), (name, arguments)
            assert bits(compiled[1].tolist()) == bits(interpreted[1]), (name, arguments)
