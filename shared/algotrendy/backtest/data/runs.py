"""Find where equal values that follow each other begin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.columns import BoolArray


def begins_run(values: NDArray[np.int64]) -> BoolArray:
    """Say of each value whether it differs from the one before it; the first does."""
    begins = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return begins
