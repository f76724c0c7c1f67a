"""Measure the chart styles in process: millions of trades a second, nanoseconds a streamed trade.

    python benchmarks/charts.py [STYLE...]

Prints one JSON line a style: ``kernel`` is the compiled kernel over one table, ``push`` the whole
way with every trade checked, both of one core's time, and ``streamed_ns`` what one trade costs a
builder that runs interpreted and is given it alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.charts.compiled import Compiled

TRADES, STREAMED, ROUNDS = 10_000_000, 2_000, 5
STYLES = (
    "time:interval=1Min",
    "tick:amount=1000",
    "volume:amount=250000",
    "volume:amount=250000,excess=split",
    "dollar:amount=25000000",
    "range:size=0.1",
    "renko:size=0.05",
    "renko:percent=0.05",
    "renko:atr=14,base=1Min",
    "renko:size=0.05,volume=1000",
    "heikin-ashi:interval=1Min",
    "line-break:interval=1Min",
    "kagi:size=0.1",
    "point-and-figure:box=0.05",
    "imbalance:least=500,most=5000",
    "run:of=dollar,least=500,most=5000",
)


@dataclass(frozen=True, slots=True)
class Trades:
    times: Any
    prices: Any
    sizes: Any

    def __getitem__(self, rows: slice) -> Trades:
        return Trades(self.times[rows], self.prices[rows], self.sizes[rows])


def walk(count: int) -> Trades:
    """Draw a walk of one trade a millisecond, in cents."""
    random = np.random.default_rng(1)
    prices = np.round(100 * np.exp(np.cumsum(random.normal(0, 1e-5, count))), 2)
    times = np.arange(count, dtype=np.int64) * 1_000_000 + 1_709_303_400_000_000_000
    return Trades(times, prices, random.integers(1, 500, count).astype(np.float64))


def rate(work: Callable[[], Any], count: int) -> float:
    """Give millions a second of the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return count / best / 1e6


def measure(style: str, trades: Trades) -> dict[str, Any]:
    """Measure one style."""
    engine, count = Compiled(), len(trades.times)

    def push() -> int:
        return len(Builder(style, engine, rows=65_536).push(trades))

    def kernel() -> None:
        made = Builder(style, engine, rows=1 << 20)
        columns = trades.times, trades.prices, trades.sizes
        made._advance(made._state, made._rule, *columns, made._table, 0)

    bars = push()
    streaming = Builder(style)
    single = [trades[row : row + 1] for row in range(STREAMED)]
    begin = time.process_time()
    for trade in single:
        streaming.push(trade)
    streamed = (time.process_time() - begin) / STREAMED * 1e9
    return {
        "style": style,
        "trades": count,
        "bars": bars,
        "kernel_mticks_s": round(rate(kernel, count)),
        "push_mticks_s": round(rate(push, count)),
        "streamed_ns": round(streamed),
    }


def main() -> None:
    trades = walk(TRADES)
    for style in sys.argv[1:] or STYLES:
        print(json.dumps(measure(style, trades)), flush=True)


if __name__ == "__main__":
    main()
