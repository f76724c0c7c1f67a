"""Bars for backtests: by hand, by a seeded generator, and the peers' benchmark series."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import BarSeries, RawBars

DAY_NS = 86_400 * 1_000_000_000
FIRST_DAY = 10_957
"""2000-01-01, in days since 1970."""


def series_of(opens: Sequence[float], closes: Sequence[float], symbol: str = "TEST") -> BarSeries:
    """Make daily bars from opens and closes."""
    pairs = list(zip(opens, closes, strict=True))
    return BarSeries(
        Symbol(symbol),
        Timeframe.DAY,
        tuple((FIRST_DAY + day) * DAY_NS for day in range(len(pairs))),
        tuple(opens),
        tuple(max(pair) for pair in pairs),
        tuple(min(pair) for pair in pairs),
        tuple(closes),
        (1000.0,) * len(pairs),
    )


def walk(symbol: str, bars: int, seed: int) -> RawBars:
    """Make a random walk of daily bars with prices in cents, as a source would give it."""
    random = Random(seed)
    opens, highs, lows, closes = [], [], [], []
    close = 100.0
    for _ in range(bars):
        open_ = round(close * (1 + random.uniform(-0.005, 0.005)), 2)
        close = round(open_ * (1 + random.gauss(0.0003, 0.02)), 2)
        opens.append(open_)
        closes.append(close)
        highs.append(round(max(open_, close) * (1 + random.uniform(0, 0.01)), 2))
        lows.append(round(min(open_, close) * (1 - random.uniform(0, 0.01)), 2))
    return RawBars(
        Symbol(symbol),
        Timeframe.DAY,
        tuple((FIRST_DAY + day) * DAY_NS for day in range(bars)),
        tuple(opens),
        tuple(map(max, highs, opens, closes)),
        tuple(map(min, lows, opens, closes)),
        tuple(closes),
        tuple(float(random.randrange(1_000, 100_000)) for _ in range(bars)),
        (1.0,) * bars,
        "a seeded random walk",
    )


def benchmark_minutes(bars: int) -> BarSeries:
    """Make the minute bars of benchmark W1, the same that the peers were measured on.

    numpy's generator, because five other systems' figures stand on its exact stream.
    """
    import numpy as np

    sigma, start = 0.0005, 100.0
    random = np.random.default_rng(7)
    steps = random.standard_normal(bars) * sigma - 0.5 * sigma * sigma
    close = start * np.exp(np.cumsum(steps))
    before = np.concatenate(([start], close[:-1]))
    open_ = before * np.exp(random.standard_normal(bars) * sigma * 0.2)
    above = np.exp(np.abs(random.standard_normal(bars)) * sigma * 0.5)
    below = np.exp(-np.abs(random.standard_normal(bars)) * sigma * 0.5)
    high, low = np.maximum(open_, close) * above, np.minimum(open_, close) * below
    volume = random.integers(1_000, 100_000, bars).astype(float)
    open_, close = np.round(open_, 4), np.round(close, 4)
    high = np.maximum(np.round(high, 4), np.maximum(open_, close))
    low = np.minimum(np.round(low, 4), np.minimum(open_, close))
    times = tuple((1_577_836_800 + 60 * minute) * 1_000_000_000 for minute in range(bars))
    return BarSeries(
        Symbol("W1"),
        Timeframe.MINUTE,
        times,
        tuple(open_.tolist()),
        tuple(high.tolist()),
        tuple(low.tolist()),
        tuple(close.tolist()),
        tuple(volume.tolist()),
    )
