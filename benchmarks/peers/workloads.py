"""Make the data of every workload: the same numbers for us and for every peer.

Deterministic from a seed, and rounded to four digits, so that a last bit of `exp` that differs
between processors does not show. Needs numpy and nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAST, SLOW = 20, 50
"""Closes in the two means of W1."""
UNITS, FEE = 100.0, 0.001
"""Bought at once in every workload; part of a fill's notional."""
CASH, SWEEP_CASH = 10_000_000.0, 100_000.0
"""At the start of W1 and W4, and of each run of W2."""
EVERY, BRACKET = 10, 0.003
"""W4 enters when flat at every 10th bar; its exits are so far from the signal bar's close."""
SYMBOLS, DAYS = 10, 2_520
"""Of W2."""

_SEED = 7
_START_S = 1_577_836_800
"""2020-01-01 UTC."""
_MINUTE_S, _DAY_S, _NS = 60, 86_400, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one asset: prices and volume, shape (bars,)."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.close)

    def fingerprint(self) -> str:
        """Give the SHA-256 of all columns, in hexadecimal digits."""
        digest = hashlib.sha256()
        for column in (self.open, self.high, self.low, self.close, self.volume):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def minute_bars(count: int) -> Bars:
    """Give so many minute bars of W1 and W4: a geometric random walk from 100, without drift."""
    start, sigma = 100.0, 0.0005
    random = np.random.default_rng(_SEED)
    returns = random.standard_normal(count) * sigma - 0.5 * sigma * sigma
    close = start * np.exp(np.cumsum(returns))
    before = np.concatenate(([start], close[:-1]))
    open_ = before * np.exp(random.standard_normal(count) * sigma * 0.2)
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    high = top * np.exp(np.abs(random.standard_normal(count)) * sigma * 0.5)
    low = bottom * np.exp(-np.abs(random.standard_normal(count)) * sigma * 0.5)
    volume = random.integers(1_000, 100_000, count).astype(np.float64)
    open_, close = np.round(open_, 4), np.round(close, 4)
    high = np.maximum(np.round(high, 4), np.maximum(open_, close))
    low = np.minimum(np.round(low, 4), np.minimum(open_, close))
    return Bars(open_, high, low, close, volume)


def minute_times(count: int) -> NDArray[np.int64]:
    """Give the begin of so many minutes from 2020-01-01, in nanoseconds since 1970 UTC."""
    return (_START_S + _MINUTE_S * np.arange(count, dtype=np.int64)) * _NS


def daily_panel(symbols: int = SYMBOLS, days: int = DAYS) -> list[Bars]:
    """Give daily bars of so many assets that share one factor: the data of W2."""
    random = np.random.default_rng(_SEED)
    beta = random.uniform(0.5, 1.5, symbols)
    factor = random.standard_normal(days) * 0.01 + 0.0003
    own = random.standard_normal((days, symbols)) * 0.015
    returns = factor[:, None] * beta + own - 0.00015
    close = np.round(50.0 * np.exp(np.cumsum(returns, axis=0)), 4)
    before = np.vstack([np.full((1, symbols), 50.0), close[:-1]])
    open_ = np.round(before * np.exp(random.standard_normal((days, symbols)) * 0.003), 4)
    high = np.round(np.maximum(open_, close) * 1.002, 4)
    low = np.round(np.minimum(open_, close) * 0.998, 4)
    volume = np.full(days, 1e6)
    panel = []
    for k in range(symbols):
        columns = [np.ascontiguousarray(part[:, k]) for part in (open_, high, low, close)]
        panel.append(Bars(columns[0], columns[1], columns[2], columns[3], volume))
    return panel


def daily_times(count: int = DAYS) -> NDArray[np.int64]:
    """Give so many days from 2020-01-01, in nanoseconds since 1970 UTC."""
    return (_START_S + _DAY_S * np.arange(count, dtype=np.int64)) * _NS


def pairs(count: int) -> list[tuple[int, int]]:
    """Give the first so many of W2's 1,000 (fast, slow) pairs: 40 fast times 25 slow means."""
    return [(fast, slow) for fast in range(5, 45) for slow in range(50, 250, 8)][:count]
