"""Hold what a driver found, before it is made a result."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.records import DONE_FIELDS, LOG_FIELDS, AccountRow
from algotrendy.kernel.records import Fields

Table = np.ndarray[Any, np.dtype[np.void]]

DONE = np.dtype(list(DONE_FIELDS))
LOG = np.dtype(list(LOG_FIELDS))


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What a run left behind.

    Attributes:
        equity, cash, exposure: At each step's end, shape (steps,); exposure is the gross value.
        positions: At the end, shape (assets,).
        done: Fills, dtype ``DONE``.
        log: Orders, dtype ``LOG``; the order of id i in row i - 1.
    """

    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    exposure: NDArray[np.float64]
    positions: NDArray[np.float64]
    done: Table
    log: Table
    account: AccountRow


def table_of(fields: Fields, records: list[Any]) -> Table:
    """Make a structured array of slotted objects of the same fields."""
    values = map(attrgetter(*(name for name, _ in fields)), records)
    return np.array(list(values), np.dtype(list(fields)))
