"""Real daily returns of the samples: AAPL beside SPX, from 2000 to 2013."""

from __future__ import annotations

from itertools import pairwise

from algotrendy.market_data.adapters.samples import read_samples


def aapl_and_spx() -> tuple[list[int], list[float], list[float]]:
    """Give days (nanoseconds UTC) and simple returns of both, on the days that both have."""
    closes: dict[str, dict[int, float]] = {}
    for source in ("bokeh", "arch"):
        for read in read_samples(source):
            bars = read.bars.adjusted("all")
            closes[read.bars.symbol] = dict(zip(bars.times, bars.close, strict=True))
    days = sorted(set(closes["AAPL"]) & set(closes["SPX"]))

    def returns(symbol: str) -> list[float]:
        return [closes[symbol][b] / closes[symbol][a] - 1.0 for a, b in pairwise(days)]

    return days[1:], returns("AAPL"), returns("SPX")
