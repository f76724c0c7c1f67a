"""tickbar: ``push_from_numpy``, in Rust; prices are whole numbers, here of cents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tickbar
from measuring import Subject, report
from trades import Trades


def whole(trades: Trades) -> tuple[Any, ...]:
    """Give prices in cents and sizes as whole numbers."""
    cents = np.round(trades.prices * 100).astype(np.int64)
    return trades.times, cents, trades.sizes.astype(np.int64)


def columns(bars: Any) -> dict[str, Any]:
    records = np.asarray([row[1:6] for row in bars.to_records()], dtype=np.float64)
    found = dict(zip(("open", "high", "low", "close", "volume"), records.T, strict=True))
    return {name: values / (1 if name == "volume" else 100) for name, values in found.items()}


def of(style: str, make: Callable[[], Any], note: str = "") -> Subject:
    def build(given: tuple[Any, ...]) -> Any:
        aggregator = make()
        aggregator.push_from_numpy(*given)
        return aggregator.finalize()

    def stream(_: Trades) -> Callable[[int, float, float], None]:
        push, tick = make().push_tick, tickbar.Tick
        return lambda time, price, size: push(tick(time, price, size))

    return Subject(style, build, columns, whole, {"streamed_ns": stream}, note=note)


report(
    "tickbar",
    "tickbar",
    (
        of("time:interval=1Min", lambda: tickbar.TickAggregator(interval_secs=60)),
        of("tick:amount=1000", lambda: tickbar.TickAggregator.tick_bar(1000)),
        of("volume:amount=250000", lambda: tickbar.TickAggregator.volume_bar(250_000)),
        of("dollar:amount=25000000", lambda: tickbar.TickAggregator.dollar_bar(2_500_000_000)),
    ),
)
