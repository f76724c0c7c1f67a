"""Take bars for trades, where there are no trades: a picture's worth of truth, and no more."""

from __future__ import annotations

from algotrendy.market_data.series import BarSeries
from algotrendy.market_data.ticks import Ticks

_DAY = 86_400_000_000_000


def trades_of_bars(bars: BarSeries, source: str) -> Ticks:
    """Make four trades of each daily bar: its open, its two extremes, its close.

    A day that rose went to its low first, one that fell to its high. That order is a guess, and so
    are the times (00:00, 06:00, 12:00 and 18:00 of the day's date) and the sizes, a quarter of the
    day's volume each. Only the prices are the market's.
    """
    times: list[int] = []
    prices: list[float] = []
    sizes: list[float] = []
    rows = zip(bars.times, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    for time, start, high, low, end, volume in rows:
        times += [time + quarter * (_DAY // 4) for quarter in range(4)]
        prices += [start, low, high, end] if end >= start else [start, high, low, end]
        sizes += [volume / 4.0] * 4
    return Ticks(bars.symbol, times, prices, sizes, f"{source}, four trades a day")
