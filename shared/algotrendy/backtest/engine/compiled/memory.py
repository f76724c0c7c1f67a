"""Lay out the memory that compiled code shares: structured arrays, reached by their addresses.

A strategy's entry is given one address, of a row of ``CONTEXT``; all else is found from there. So
the type of an entry is the same for every strategy, and the engine is compiled once for all.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.compiled import cache
from algotrendy.backtest.engine.records import (
    ACCOUNT_FIELDS,
    ASSET_FIELDS,
    COST_FIELDS,
    DONE_FIELDS,
    LOG_FIELDS,
)
from algotrendy.exchange.compiled import BAR, FILL, ORDER, TERMS, dtype_of
from algotrendy.kernel.records import Fields

FRAME_FIELDS: Final[Fields] = (
    ("time", "i8"),  # addresses of columns
    ("open", "i8"),
    ("high", "i8"),
    ("low", "i8"),
    ("close", "i8"),
    ("volume", "i8"),
    ("seen", "i8"),  # bars that are known
    ("is_new", "i8"),
    ("known", "i8"),  # address
    ("phase", "i8"),  # address
    ("size", "i8"),
)
PLACE_FIELDS: Final[Fields] = (
    ("frames", "i8"),  # address of its frames, of which the first is not used
    ("orders", "i8"),  # address of its order rows
    ("action", "i8"),  # next action of its company
    ("last_action", "i8"),
)
CONTEXT_FIELDS: Final[Fields] = (
    ("assets", "i8"),  # addresses
    ("own", "i8"),
    ("parameters", "i8"),
    ("places", "i8"),
    ("columns", "i8"),
    ("vectors", "i8"),
    ("account", "i8"),
    ("costs", "i8"),
    ("log", "i8"),
    ("done", "i8"),
    ("found", "i8"),
    ("bar", "i8"),
    ("terms", "i8"),
    ("equity", "i8"),  # its curves
    ("cash", "i8"),
    ("exposure", "i8"),
    ("fill", "i8"),
    ("count", "i8"),  # of assets
    ("own_size", "i8"),  # of one asset, in bytes
    ("cells", "i8"),  # where an asset's indicators begin in its own, in bytes
    ("rows", "i8"),  # order rows of an asset
    ("log_rows", "i8"),
    ("event", "i8"),
    ("step", "i8"),
    ("now", "i8"),
    ("late", "i8"),  # 1: what a bar changes is told when an order asks for it
)
ACTION_FIELDS: Final[Fields] = (("time", "i8"), ("kind", "i8"), ("value", "f8"))

FRAME = dtype_of(FRAME_FIELDS)
ASSET = dtype_of((*FRAME_FIELDS, *ASSET_FIELDS, *PLACE_FIELDS))
"""An asset's memory begins as a frame's, so that both are read alike."""
ACCOUNT = dtype_of(ACCOUNT_FIELDS)
COSTS = dtype_of(COST_FIELDS)
LOG = dtype_of(LOG_FIELDS)
DONE = dtype_of(DONE_FIELDS)
CONTEXT = dtype_of(CONTEXT_FIELDS)
ACTION = dtype_of(ACTION_FIELDS)

# What an entry is called for.
BAR_CLOSED: Final = 0
INDICATORS_ONLY: Final = 1
DECIDE_ONLY: Final = 2
FILLED: Final = 3
SCHEDULED: Final = 4
"""And above: of the schedule so many places behind."""

cache.install()

Table = np.ndarray[Any, np.dtype[np.void]]


def offset(dtype: np.dtype[np.void], name: str) -> int:
    """Give where a field lies in its row, in bytes."""
    fields = dtype.fields
    if fields is None:
        raise TypeError(dtype)
    return int(fields[name][1])


def address(array: NDArray[Any]) -> int:
    """Give where an array's data begin."""
    return int(array.ctypes.data)


__all__ = ["ACCOUNT", "ACTION", "ASSET", "BAR", "CONTEXT", "COSTS", "DONE", "FILL", "FRAME", "LOG",
           "ORDER", "TERMS"]  # fmt: skip
