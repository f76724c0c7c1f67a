"""Give bars of a style as the columns that a backtest takes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from algotrendy.market_data.charts.building import INTERPRETED, Engine, Trades, bars_of
from algotrendy.market_data.charts.rules import timed
from algotrendy.market_data.charts.styles import Style, parse

Prices = Literal["traded", "drawn"]


def chart_bars(
    trades: Trades,
    style: Style | str,
    engine: Engine = INTERPRETED,
    prices: Prices = "traded",
) -> dict[str, NDArray[Any]]:
    """Build all whole bars of some trades, as columns in which time and known strictly increase.

    Traded prices are those of the trades after the bar before was known, up to when the bar itself
    was: an order that is decided when a bar is known meets trades of after, and the first of them
    is the open. Bars of time have the trades of their own interval. A bar that was known at one
    time with the bar before it has no trades of its own: its prices are that of the last trade, and
    its volume is 0, so that an order that may take a part of the volume waits for the next trade.

    Bars that were known at one time are kept apart by one nanosecond each: the second is known 1 ns
    later, the third 2 ns. That is honest, for no bar is known sooner than it was.

    Args:
        prices: "traded" for what orders can be filled at. "drawn" for the bars' own, levels and
            averages that nobody may have traded at: for indicators, and not for fills.

    Returns:
        ``time``, ``known``, ``open``, ``high``, ``low``, ``close``, ``volume`` as
        ``backtest.data.columns`` takes them, and ``direction``, 1 up and -1 down.
    """
    made = parse(style) if isinstance(style, str) else style
    bars = bars_of(trades, made, engine)
    known = _column(bars, "known", np.int64)
    if prices == "drawn":
        found = {name: _column(bars, name, np.float64) for name in _DRAWN}
        began = _column(bars, "began", np.int64)
    elif made.kind.rules is timed or made.kind.of_time_bars:
        found = {name: _column(bars, source, np.float64) for name, source in _TRADED.items()}
        began = _column(bars, "began", np.int64)
    else:
        began, found = _between(trades, known)
    time = _apart(began)
    apart = _apart(np.maximum(known, time + 1))
    return {
        "time": time,
        "known": apart,
        **found,
        "direction": _column(bars, "direction", np.int64),
    }


_DRAWN = ("open", "high", "low", "close", "volume")
_TRADED = {"open": "first", "high": "highest", "low": "lowest", "close": "last", "volume": "volume"}


def _between(
    trades: Trades, known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Give what was traded between the times at which bars were known; the times are included."""
    times, prices = np.asarray(trades.times, np.int64), np.asarray(trades.prices, np.float64)
    ends = np.searchsorted(times, known, "right")
    begins = np.concatenate([[0], ends])[: len(ends)]
    held = ends > begins
    # Of a bar without trades, the last trade's.
    first = np.where(held, begins, ends - 1)
    start = prices[first]
    found = {"open": start, "high": start.copy(), "low": start.copy()}
    found |= {"close": prices[ends - 1], "volume": np.zeros(len(ends))}
    if held.any():
        cuts, count = begins[held], int(ends[-1])
        sizes = np.asarray(trades.sizes, np.float64)[:count]
        found["high"][held] = np.maximum.reduceat(prices[:count], cuts)
        found["low"][held] = np.minimum.reduceat(prices[:count], cuts)
        found["volume"][held] = np.add.reduceat(sizes, cuts)
    return np.where(held, times[first], known), found


def _column(bars: Any, name: str, kind: type[Any]) -> NDArray[Any]:
    if isinstance(bars, np.ndarray):
        return np.ascontiguousarray(bars[name])
    return np.array([getattr(bar, name) for bar in bars], kind)


def _apart(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move times later until each is after the one before it."""
    place = np.arange(len(times), dtype=np.int64)
    apart: NDArray[np.int64] = np.maximum.accumulate(times - place) + place
    return apart
