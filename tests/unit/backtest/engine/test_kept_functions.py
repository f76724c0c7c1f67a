"""What compiled functions take along of those that they call, and what cannot be kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaWarning

from algotrendy.backtest.engine.compiled.cache import ENTRY_FILE, kept, linked
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT


def written(name: str, text: str, **names: Any) -> Any:
    """Make a function as a strategy's entry is made: of a text, with no file behind it."""
    names["__name__"] = __name__
    exec(compile(text, ENTRY_FILE, "exec"), names)
    return names[name]


def test_a_linked_function_is_called_without_its_code() -> None:
    text = "def times(number, factor):\n    return number * factor\n"
    times = linked(FLOAT(FLOAT, FLOAT), error_model="numpy")(written("times", text))

    # A whole number becomes a float, as it is declared.
    twice = njit(lambda number: times(number, 2))
    assert twice(21.5) == 43.0
    [llvm] = twice.inspect_llvm().values()
    named = [line for line in llvm.splitlines() if f"{__name__}.times" in line]
    assert any(line.startswith("declare") for line in named)
    assert not any(line.startswith("define") for line in named)


def test_of_a_function_that_cannot_be_kept_the_compiler_says_so_and_it_runs() -> None:
    text = "def entry(place):\n    return table[place]\n"
    table = np.arange(2**20)  # too large to be a constant in the code
    with pytest.warns(NumbaWarning, match="large global arrays"):
        entry = kept(INT(INT))(written("entry", text, table=table))
    assert entry(7) == 7
