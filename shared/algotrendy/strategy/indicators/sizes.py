"""Count warm-ups and cells that several indicators share."""

from __future__ import annotations

from typing import Final

from algotrendy.strategy.indicators.spec import Limits, outputs_of
from algotrendy.strategy.parameters import Value

PERIOD: Final = Limits("period", 1)
SPREAD_PERIOD: Final = Limits("period", 2)
WIDTH: Final = Limits("width", 0.0, 1_000.0, "float")

BAR: Final = ("high", "low", "close")
TRADED_BAR: Final = ("high", "low", "close", "volume")
BANDS: Final = outputs_of("upper", "lower")


def at_once() -> int:
    """Count nothing before the first value: it comes with the first bar."""
    return 0


def when_full(period: int, *_: Value) -> int:
    """Count the values before a window of the first argument is full."""
    return period - 1


def after_full(period: int, *_: Value) -> int:
    """Count a full window of the first argument: what is measured are changes, one fewer."""
    return period
