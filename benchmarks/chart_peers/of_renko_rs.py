"""renko_rs: ``Renko`` over a polars frame, in Rust; the classic rule of two bricks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from measuring import PRICES, Subject, report
from renko_rs import Renko, RenkoWS
from trades import Trades

DRIFT = (
    "adds sizes up, so that its levels drift and a trade at a level may miss it; the first brick "
    "begins at a multiple of the size at or below the first trade"
)


def frame(trades: Trades) -> pl.DataFrame:
    times = pl.Series(trades.times).cast(pl.Datetime("ns"))
    return pl.DataFrame({"datetime": times, "close": trades.prices})


def columns(bars: Any) -> dict[str, Any]:
    return {name: bars[name].to_numpy() for name in PRICES}


def stream(trades: Trades) -> Callable[[int, float, float], None]:
    bricks = RenkoWS(int(trades.times[0]), float(trades.prices[0]), 0.05, ts_unit="ns")
    add = bricks.add_prices
    return lambda time, price, _: add(time, price)


report(
    "renko_rs",
    "renko-rs",
    (
        Subject(
            "renko:size=0.05",
            lambda given: Renko(given, 0.05).renko_df("wicks", utils_columns=False),
            columns,
            frame,
            {"streamed_ns": stream},
            note=DRIFT,
        ),
    ),
)
