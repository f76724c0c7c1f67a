"""finmlkit: its bar kits, compiled by numba, several threads; they give medians and VWAPs too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pandas as pd
from finmlkit.bar.data_model import TradesData
from finmlkit.bar.kit import DollarBarKit, TickBarKit, TimeBarKit, VolumeBarKit
from measuring import PRICES, Subject, report
from trades import Trades

logging.disable(logging.INFO)


FIRST = "its first bar lacks the first trade"


def data(trades: Trades) -> TradesData:
    return TradesData(trades.times, trades.prices, trades.sizes, timestamp_unit="ns")


def columns(frame: Any) -> dict[str, Any]:
    return {name: frame[name] for name in (*PRICES, "volume")}


def of(style: str, make: Callable[[TradesData], Any], note: str = "") -> Subject:
    return Subject(style, lambda given: make(given).build_ohlcv(), columns, data, note=note)


report(
    "finmlkit",
    "finmlkit",
    (
        of(
            "time:interval=1Min",
            lambda given: TimeBarKit(given, pd.Timedelta(minutes=1)),
            f"a trade at the very end of an interval belongs to it; {FIRST}",
        ),
        of("tick:amount=1000", lambda given: TickBarKit(given, 1000), FIRST),
        of("volume:amount=250000", lambda given: VolumeBarKit(given, 250_000.0), FIRST),
        of(
            "dollar:amount=25000000",
            lambda given: DollarBarKit(given, 25_000_000.0),
            f"what a bar has too much counts for the next one; {FIRST}",
        ),
    ),
)
