"""Name the integers that stand for kinds, sides and states in a record."""

from __future__ import annotations

from typing import Final

from algotrendy.kernel.order_codes import (
    BUY,
    CLS,
    DAY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    OPG,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
)

__all__ = [
    "ALONE",
    "BUY",
    "CANCELED",
    "CLS",
    "DAY",
    "ENTRY",
    "EXPIRED",
    "FILLED",
    "FIRST_OF_SESSION",
    "FOK",
    "FREE",
    "GTC",
    "HELD",
    "IOC",
    "LAST_OF_SESSION",
    "LIMIT",
    "MARKET",
    "OPG",
    "PARTLY_FILLED",
    "QUANTITY_STEPS",
    "REGULAR_HOURS",
    "SELL",
    "STOP",
    "STOP_LIMIT",
    "STOP_LOSS",
    "TAKE_PROFIT",
    "TRAILING_STOP",
    "WORKING",
]

# What an order is in its group.
ALONE: Final = 0
ENTRY: Final = 1
TAKE_PROFIT: Final = 2
STOP_LOSS: Final = 3

# Where an order stands. The kernel's table, `order_status`, has more states than matching needs.
FREE: Final = 0  # the row holds no order
HELD: Final = 1  # an exit that waits for its entry
WORKING: Final = 2
PARTLY_FILLED: Final = 3
FILLED: Final = 4
CANCELED: Final = 5
EXPIRED: Final = 6

# What a bar's time is within its session; a daily bar is all three.
FIRST_OF_SESSION: Final = 1
LAST_OF_SESSION: Final = 2
REGULAR_HOURS: Final = 4

QUANTITY_STEPS: Final = 1e9
"""A quantity is a whole number of billionths."""
