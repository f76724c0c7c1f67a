"""The trades that every peer is given: a walk in cents, one trade a millisecond, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BEGIN_NS = 1_709_303_400_000_000_000
"""2024-03-01 14:30 UTC."""


@dataclass(frozen=True, slots=True)
class Trades:
    """Times in nanoseconds since 1970 UTC, prices of whole cents, sizes of whole units."""

    times: Any
    prices: Any
    sizes: Any

    def __getitem__(self, rows: slice) -> Trades:
        return Trades(self.times[rows], self.prices[rows], self.sizes[rows])


def walk(count: int) -> Trades:
    """Draw a walk around 100; a shorter one is the begin of a longer one."""
    random = np.random.default_rng(1)
    prices = np.round(100 * np.exp(np.cumsum(random.normal(0, 1e-5, count))), 2)
    times = np.arange(count, dtype=np.int64) * 1_000_000 + BEGIN_NS
    sizes = np.random.default_rng(2).integers(1, 500, count).astype(np.float64)
    return Trades(times, prices, sizes)
