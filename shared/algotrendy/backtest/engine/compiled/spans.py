"""Let a compiled strategy go from bar to bar until its orders must meet one: the plain case.

Most bars mean nothing to any order. Over those a strategy runs in a loop of its own, compiled with
it, which saves the call of each bar and lets the compiler see both.
"""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from algotrendy.backtest.engine.compiled.memory import CONTEXT, offset
from algotrendy.backtest.engine.compiled.pointers import (
    load_float,
    load_int,
    prefetch,
    store_float,
    store_int,
)
from algotrendy.backtest.engine.compiled.tables import account_at, asset_at, orders_at
from algotrendy.backtest.engine.rules import meeting
from algotrendy.backtest.engine.rules.meeting import is_quiet
from algotrendy.exchange.compiled import register

register(meeting)
_EQUITY, _CASH, _EXPOSURE, _STEP, _NOW = (
    offset(CONTEXT, name) for name in ("equity", "cash", "exposure", "step", "now")
)


_LINE = 8
"""Bars whose floats fill one line of the processor's cache."""
_AHEAD = 8 * 64
"""How far the bars are brought near that orders may meet, in bytes of a column."""


@register_jitable
def bring_near(asset: Any, i: Any) -> None:
    """Fetch what only bars need that orders meet; else each such bar waits for the memory."""
    for column in (asset.open, asset.high, asset.low, asset.volume, asset.phase, asset.time):
        prefetch(column + i)


@register_jitable
def value_bar(context: Any, asset: Any, account: Any, step: Any) -> None:
    """Close a bar: the strategy may see it, and the account is worth what it makes it."""
    i = 8 * step
    if step % _LINE == 0:
        bring_near(asset, i + _AHEAD)
    close = load_float(asset.close + i)
    asset.seen = step + 1
    asset.mark = close
    value = asset.position * close * asset.multiplier * 1.0
    worth = account.cash + value
    account.equity = worth
    store_int(context + _STEP, step)
    store_int(context + _NOW, load_int(asset.known + i))
    store_float(load_int(context + _EQUITY) + i, worth)
    store_float(load_int(context + _CASH) + i, account.cash)
    store_float(load_int(context + _EXPOSURE) + i, abs(value))


@register_jitable
def is_quiet_at(asset: Any, orders: Any, step: Any) -> bool:
    """Tell whether the bar at a step means nothing to any order."""
    i = 8 * step
    return is_quiet(orders, asset, load_float(asset.low + i), load_float(asset.high + i))


VOCABULARY = {
    "account_at": account_at,
    "asset_at": asset_at,
    "orders_at": orders_at,
    "value_bar": value_bar,
    "is_quiet_at": is_quiet_at,
}
"""What the source of a span is written in."""
