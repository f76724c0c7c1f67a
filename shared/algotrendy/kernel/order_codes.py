"""Name the integers that stand for sides, kinds and times in force where code may be compiled."""

from __future__ import annotations

from typing import Final

BUY: Final = 1
SELL: Final = -1

MARKET: Final = 0
LIMIT: Final = 1
STOP: Final = 2
STOP_LIMIT: Final = 3
TRAILING_STOP: Final = 4

DAY: Final = 0
GTC: Final = 1
OPG: Final = 2
CLS: Final = 3
IOC: Final = 4
FOK: Final = 5
