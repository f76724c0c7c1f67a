"""A few bars written out, for examples that are reckoned by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.data.moments import DAY_NS, MINUTE_NS
from fakes.bar_columns import at

FIRST = at("2024-01-01T00:00:00")

Row = tuple[float, float, float, float]
"""Open, high, low, close."""


def small(
    rows: Mapping[str, Sequence[Row | None]] | Sequence[Row | None],
    *,
    minutes: int = 0,
    volume: float | None = 1_000.0,
    **options: Any,
) -> Dataset:
    """Make a dataset of bars that follow each other; None leaves one out.

    Args:
        rows: Of one asset, or by symbol.
        minutes: How long a bar is; 0 for a day.
        volume: Of every bar; None for an unknown one.
        options: As `from_arrays` takes them.
    """
    by_symbol = rows if isinstance(rows, Mapping) else {"ONE": rows}
    span = minutes * MINUTE_NS or DAY_NS
    arrays: dict[str, dict[str, Any]] = {}
    for symbol, given in by_symbol.items():
        kept = [(place, row) for place, row in enumerate(given) if row is not None]
        prices = np.array([row for _, row in kept], dtype=np.float64).reshape(-1, 4)
        arrays[symbol] = dict(zip(("open", "high", "low", "close"), prices.T, strict=True))
        arrays[symbol]["time"] = np.array([FIRST + place * span for place, _ in kept])
        if volume is not None:
            arrays[symbol]["volume"] = np.full(len(kept), volume)
    hours, rest = divmod(minutes, 60)
    timeframe = "1Day" if not minutes else f"{minutes}Min" if rest else f"{hours}Hour"
    return from_arrays(arrays, **{"timeframe": timeframe, **options})


def level(price: float, count: int) -> list[Row | None]:
    """Give bars that stand still."""
    return [(price, price, price, price)] * count


def day(number: int) -> int:
    """Give when a day of the bars begins, the first being 0."""
    return FIRST + number * DAY_NS
