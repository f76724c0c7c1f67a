"""Trades for charts: written down by hand, or drawn by Hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from algotrendy.market_data.charts.building import INTERPRETED, Builder
from algotrendy.market_data.charts.records import CHART_BAR

SECOND = 1_000_000_000
BEGIN = 1_709_303_400 * SECOND
"""2024-03-01 14:30 UTC, when the market in New York opens."""


@dataclass(frozen=True, slots=True)
class Trades:
    times: Sequence[int]
    prices: Sequence[float]
    sizes: Sequence[float]

    def __getitem__(self, rows: slice) -> Trades:
        return Trades(self.times[rows], self.prices[rows], self.sizes[rows])


def trades(*rows: tuple[float, float, float]) -> Trades:
    """Make trades of (seconds after 0, price, size)."""
    times = [round(second * SECOND) for second, _, _ in rows]
    return Trades(times, [price for _, price, _ in rows], [size for _, _, size in rows])


def at_prices(*prices: float, size: float = 1.0) -> Trades:
    """Make one trade a second."""
    return trades(*((second, price, size) for second, price in enumerate(prices)))


def build(style: str, given: Trades) -> list[Any]:
    return list(Builder(style, INTERPRETED).push(given))


def drawn(bars: Sequence[Any]) -> list[tuple[float, float, float, float]]:
    """Give open, high, low and close, as a person writes them."""
    return [tuple(round(float(b[k]), 9) for k in range(4)) for b in map(_ohlc, bars)]  # type: ignore[misc]


def _ohlc(bar: Any) -> tuple[float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close


def plain(bar: Any) -> tuple[float, ...]:
    """Give every field of a bar, whichever engine made it; floats to the bit."""
    return tuple(
        int(getattr(bar, name)) if kind == "i8" else float(getattr(bar, name))
        for name, kind in CHART_BAR
    )


_STEP = st.one_of(st.integers(-30, 30), st.integers(-30, 30), st.integers(-900, 900))
_PAUSE = st.sampled_from([0, 0, 1, 999, SECOND, 7 * SECOND, 61 * SECOND, 5000 * SECOND])
_SIZE = st.sampled_from([1.0, 3.0, 0.1, 100.0, 250.0, 0.0])


@st.composite
def walks(draw: st.DrawFn) -> Trades:
    """Draw trades: steps of cents, now and then a jump, several at one time, pauses of hours."""
    cents, now = draw(st.integers(5_000, 20_000)), BEGIN + draw(st.integers(-7200, 20_000)) * SECOND
    times, prices, sizes = [], [], []
    for step, pause, size in draw(st.lists(st.tuples(_STEP, _PAUSE, _SIZE), max_size=80)):
        now += pause
        cents = max(100, cents + step)
        times.append(now)
        prices.append(cents / 100)
        sizes.append(size)
    return Trades(times, prices, sizes)
