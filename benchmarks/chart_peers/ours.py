"""Our chart styles: compiled, with every trade checked, on one core; streamed in both ways."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import PRICES, Subject, report
from trades import Trades

from algotrendy.market_data.charts.building import INTERPRETED, Builder, Engine
from algotrendy.market_data.charts.compiled import Compiled

STYLES = (
    "time:interval=1Min",
    "tick:amount=1000",
    "volume:amount=250000",
    "volume:amount=250000,excess=split",
    "dollar:amount=25000000",
    "dollar:amount=25000000,excess=split",
    "range:size=0.1",
    "renko:size=0.05",
    "renko:size=0.05,reversal=1",
    "renko:size=0.05,reversal=1,wicks=no",
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


def columns(bars: Any) -> dict[str, Any]:
    return {name: np.ascontiguousarray(bars[name]) for name in (*PRICES, "volume")}


def stream(style: str, engine: Engine) -> Callable[[Trades], Callable[..., Any]]:
    return lambda _: Builder(style, engine).push_one


def of(style: str) -> Subject:
    engine = Compiled()
    return Subject(
        style,
        lambda trades: Builder(style, engine, rows=65_536).push(trades),
        columns,
        streams={
            "streamed_ns": stream(style, INTERPRETED),
            "streamed_compiled_ns": stream(style, engine),
        },
    )


if __name__ == "__main__":
    report("ours", "algotrendy", (of(style) for style in sys.argv[3:] or STYLES))
