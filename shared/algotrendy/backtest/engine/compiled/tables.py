"""Reach the tables of a run from the context's address, in compiled code.

What is reached so belongs to nobody there: counting who uses it costs as much as a rule does.
The run that owns the memory outlives the call.
"""

from __future__ import annotations

from typing import Any

from numba import carray
from numba.extending import register_jitable

from algotrendy.backtest.engine.compiled.memory import (
    ACCOUNT,
    ASSET,
    BAR,
    CONTEXT,
    COSTS,
    DONE,
    FILL,
    LOG,
    ORDER,
    TERMS,
    offset,
)
from algotrendy.backtest.engine.compiled.pointers import load_int, void_at

_ASSETS, _COUNT, _ACCOUNT, _COSTS, _LOG, _LOG_ROWS, _ROWS, _DONE, _FOUND, _BAR, _TERMS = (
    offset(CONTEXT, name)
    for name in (
        "assets", "count", "account", "costs", "log", "log_rows", "rows", "done", "found", "bar",
        "terms",
    )
)  # fmt: skip
_ORDERS = offset(ASSET, "orders")


@register_jitable
def context_at(context: Any) -> Any:
    """Give the record of the context."""
    return carray(void_at(context), (1,), dtype=CONTEXT)[0]


@register_jitable
def assets_at(context: Any) -> Any:
    """Give the records of the assets."""
    return carray(void_at(load_int(context + _ASSETS)), (load_int(context + _COUNT),), dtype=ASSET)


@register_jitable
def asset_at(asset: Any) -> Any:
    """Give the record of an asset, by its own address."""
    return carray(void_at(asset), (1,), dtype=ASSET)[0]


@register_jitable
def orders_at(context: Any, asset: Any) -> Any:
    """Give the order rows of an asset, by its own address."""
    return carray(void_at(load_int(asset + _ORDERS)), (load_int(context + _ROWS),), dtype=ORDER)


@register_jitable
def account_at(context: Any) -> Any:
    """Give the record of the account."""
    return carray(void_at(load_int(context + _ACCOUNT)), (1,), dtype=ACCOUNT)[0]


@register_jitable
def costs_at(context: Any) -> Any:
    """Give the record of what trading costs."""
    return carray(void_at(load_int(context + _COSTS)), (1,), dtype=COSTS)[0]


@register_jitable
def terms_at(context: Any) -> Any:
    """Give the market's rules of the first asset."""
    return carray(void_at(load_int(context + _TERMS)), (1,), dtype=TERMS)[0]


@register_jitable
def bar_at(context: Any) -> Any:
    """Give the record that the bar is put into which orders meet."""
    return carray(void_at(load_int(context + _BAR)), (1,), dtype=BAR)[0]


@register_jitable
def log_at(context: Any) -> Any:
    """Give the log of orders."""
    return carray(void_at(load_int(context + _LOG)), (load_int(context + _LOG_ROWS),), dtype=LOG)


@register_jitable
def done_at(context: Any) -> Any:
    """Give the table of booked fills: as many rows as the log has."""
    return carray(void_at(load_int(context + _DONE)), (load_int(context + _LOG_ROWS),), dtype=DONE)


@register_jitable
def found_at(context: Any) -> Any:
    """Give the room for the market's fills: four for each order row."""
    return carray(void_at(load_int(context + _FOUND)), (4 * load_int(context + _ROWS),), dtype=FILL)
