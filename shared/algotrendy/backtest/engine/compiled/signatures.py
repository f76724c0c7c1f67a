"""Say what the drivers are given and give, in the compiler's types."""

from __future__ import annotations

from typing import Any

from numba import from_dtype, types

from algotrendy.backtest.engine.compiled.pointers import INT

# How a run ended.
WHOLE, RAISED, FULL = 0, 1, 2

ENTRY = types.FunctionType(INT(INT))
"""What a strategy is compiled to: given the context's address it gives 0, or 1 when it raised."""


def rows_of(dtype: Any, dimensions: int = 1) -> Any:
    """Give the compiler's type of an array of records."""
    return types.Array(from_dtype(dtype), dimensions, "C")
