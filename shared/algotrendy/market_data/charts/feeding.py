"""Give bars of a style as the columns that a backtest takes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from algotrendy.market_data.charts.building import INTERPRETED, Engine, Trades, bars_of
from algotrendy.market_data.charts.styles import Style

Prices = Literal["traded", "drawn"]
_TRADED = {"open": "first", "high": "highest", "low": "lowest", "close": "last"}


def chart_bars(
    trades: Trades,
    style: Style | str,
    engine: Engine = INTERPRETED,
    prices: Prices = "traded",
) -> dict[str, NDArray[Any]]:
    """Build all whole bars of some trades, as columns in which time and known strictly increase.

    Bars that were known at one time are kept apart by one nanosecond each: the second is known 1 ns
    later, the third 2 ns. That is honest, for no bar is known sooner than it was. Between them
    nothing is traded, and with traded prices they say so: a fill of an order from the first of
    them is at the price of the trade that closed them all, and their volume is 0, so that an
    order that may take a part of the volume waits for the next trade.

    Args:
        prices: "traded" for what trades were at: what an order can be filled at. "drawn" for
            the bars' own, levels and averages that nobody may have traded at: for indicators, and
            not for fills.

    Returns:
        ``time``, ``known``, ``open``, ``high``, ``low``, ``close``, ``volume`` as
        ``backtest.data.columns`` takes them, and ``direction``, 1 up and -1 down.
    """
    bars = bars_of(trades, style, engine)
    found: dict[str, NDArray[Any]] = {}
    for name in ("open", "high", "low", "close"):
        found[name] = _column(bars, _TRADED[name] if prices == "traded" else name, np.float64)
    found["volume"] = _column(bars, "volume", np.float64)
    found["direction"] = _column(bars, "direction", np.int64)
    time = _apart(_column(bars, "began", np.int64))
    known = np.maximum(_column(bars, "known", np.int64), time + 1)
    return {"time": time, "known": _apart(known), **found}


def _column(bars: Any, name: str, kind: type[Any]) -> NDArray[Any]:
    if isinstance(bars, np.ndarray):
        return np.ascontiguousarray(bars[name])
    return np.array([getattr(bar, name) for bar in bars], kind)


def _apart(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move times later until each is after the one before it."""
    place = np.arange(len(times), dtype=np.int64)
    apart: NDArray[np.int64] = np.maximum.accumulate(times - place) + place
    return apart
