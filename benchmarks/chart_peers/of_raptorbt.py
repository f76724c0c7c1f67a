"""raptorbt: ``bars_from_ticks``, in Rust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import raptorbt
from measuring import Subject, first_of_five, report
from trades import Trades

DRIFT = (
    "adds sizes up, so that its levels drift and a trade at a level may miss it; a brick's volume "
    "is that of the trade that laid it"
)


def arrays(trades: Trades) -> tuple[Any, ...]:
    """Give times, prices, what was bought and what was sold."""
    return trades.times, trades.prices, trades.sizes, np.zeros(len(trades.times))


def stream(step: int, unit: str, more: dict[str, float]) -> Callable[..., None]:
    bars = raptorbt.BarAggregator(step, unit, **more)
    push, pending = bars.push_trade, bars.next_pending

    def take(time: int, price: float, size: float) -> None:
        if push(time, price, size) is not None:
            while pending() is not None:
                pass

    return take


def of(style: str, step: int, unit: str, brick: float = 0.0, note: str = "") -> Subject:
    more = {"brick_size": brick} if brick else {}
    return Subject(
        style,
        lambda given: raptorbt.bars_from_ticks(*given, step, unit, **more),
        lambda bars: first_of_five(bars[1:6]),
        arrays,
        {"streamed_ns": lambda _: stream(step, unit, more)},
        note=note,
    )


report(
    "raptorbt",
    "raptorbt",
    (
        of("time:interval=1Min", 1, "minute"),
        of("tick:amount=1000", 1000, "tick"),
        of("volume:amount=250000", 250_000, "volume"),
        of("dollar:amount=25000000", 25_000_000, "value"),
        of("renko:size=0.05,reversal=1,wicks=no", 1, "renko", 0.05, DRIFT),
    ),
)
