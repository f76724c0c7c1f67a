"""Let a compiled strategy go from bar to bar until its orders must meet one: the plain case.

Most bars mean nothing to any order. Over those a strategy runs in a loop of its own, compiled with
it, which saves the call of each bar and lets the compiler see both.
"""

from __future__ import annotations

from typing import Any

from numba import types

from algotrendy.backtest.engine.compiled.cache import linked
from algotrendy.backtest.engine.compiled.desk import catch_up
from algotrendy.backtest.engine.compiled.memory import CONTEXT, offset
from algotrendy.backtest.engine.compiled.pointers import (
    FLOAT,
    INT,
    load_float,
    load_int,
    prefetch,
    store_float,
    store_int,
)
from algotrendy.backtest.engine.compiled.tables import account_at, asset_at, orders_at
from algotrendy.backtest.engine.rules import meeting
from algotrendy.backtest.engine.rules.meeting import is_quiet
from algotrendy.exchange.compiled import inner, register

register(meeting)
_EQUITY, _CASH, _EXPOSURE, _NOW = (
    offset(CONTEXT, name) for name in ("equity", "cash", "exposure", "now")
)


_LINE = 8 - 1
"""The bits of a step that count the bars whose floats fill one line of the processor's cache."""
_AHEAD = 8 * 64
"""How far the bars are brought near that orders may meet, in bytes of a column."""


@inner
def bring_near(asset: Any, step: Any) -> None:
    """Fetch what only bars need that orders meet; else each such bar waits for the memory."""
    if step & _LINE != 0:
        return
    i = 8 * step + _AHEAD
    for column in (asset.open, asset.high, asset.low, asset.volume, asset.phase, asset.time):
        prefetch(column + i)


@inner
def see_bar(asset: Any, step: Any) -> None:
    """Let the strategy see the bar of a step."""
    asset.seen = step + 1


@inner
def value_bar(
    account: Any, step: Any, close: Any, position: Any, multiplier: Any, cash: Any
) -> None:
    """Tell what a bar's close makes the account worth.

    Args:
        close: The column's address. It and the rest are what they are for a whole span: the
            compiler cannot know it, and would load them for each bar.
    """
    account.equity = cash + position * load_float(close + 8 * step) * multiplier * 1.0


@inner
def date_bar(context: Any, step: Any, known: Any) -> None:
    """Tell when a bar is known; ``known`` is the column's address."""
    store_int(context + _NOW, load_int(known + 8 * step))


@linked(types.void(INT, INT, INT, INT, FLOAT, FLOAT, FLOAT), error_model="python")
def draw_curves(
    context: Any, first: Any, last: Any, close: Any, position: Any, multiplier: Any, cash: Any
) -> None:
    """Write the account's curves of the bars from ``first`` to before ``last``, where asked for."""
    begin = 8 * first
    closes = close + begin
    bars = last - first
    equities, amounts = load_int(context + _EQUITY), load_int(context + _CASH)
    if equities != 0:
        equities += begin
        for bar in range(bars):
            value = position * load_float(closes + 8 * bar) * multiplier * 1.0
            store_float(equities + 8 * bar, cash + value)
    if amounts == 0:
        return
    amounts += begin
    exposures = load_int(context + _EXPOSURE) + begin
    for bar in range(bars):
        store_float(amounts + 8 * bar, cash)
    for bar in range(bars):
        value = position * load_float(closes + 8 * bar) * multiplier * 1.0
        store_float(exposures + 8 * bar, abs(value))


@inner
def is_in_band(asset: Any, step: Any) -> Any:
    """Tell what `is_quiet` asks first, without a call: whether the bar is where no order is."""
    i = 8 * step
    return asset.floor < load_float(asset.low + i) and load_float(asset.high + i) < asset.ceiling


@linked(INT(INT, INT, INT), error_model="python")
def is_quiet_at(context: Any, first: Any, step: Any) -> Any:
    """Tell whether the bar at a step means nothing to any order: 1, or 0."""
    asset, i = asset_at(first), 8 * step
    low, high = load_float(asset.low + i), load_float(asset.high + i)
    return 1 if is_quiet(orders_at(context, first), asset, low, high) else 0


VOCABULARY = {
    "account_at": account_at,
    "asset_at": asset_at,
    "bring_near": bring_near,
    "catch_up": catch_up,
    "date_bar": date_bar,
    "draw_curves": draw_curves,
    "is_in_band": is_in_band,
    "is_quiet_at": is_quiet_at,
    "see_bar": see_bar,
    "value_bar": value_bar,
}
"""What the source of a span is written in."""
