"""Reach the tables of a run from the context's address, in compiled code.

What is reached so belongs to nobody there: counting who uses it costs as much as a rule does.
The run that owns the memory outlives the call.
"""

from __future__ import annotations

from typing import Any

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
from algotrendy.backtest.engine.compiled.pointers import load_int, record_of, records_of
from algotrendy.exchange.compiled import inner

_ASSETS, _COUNT, _ACCOUNT, _COSTS, _LOG, _LOG_ROWS, _ROWS, _DONE, _FOUND, _BAR, _TERMS = (
    offset(CONTEXT, name)
    for name in (
        "assets", "count", "account", "costs", "log", "log_rows", "rows", "done", "found", "bar",
        "terms",
    )
)  # fmt: skip
_ORDERS = offset(ASSET, "orders")
_account, _bar, _costs, _terms = map(record_of, (ACCOUNT, BAR, COSTS, TERMS))
_assets, _orders, _log, _done, _found = map(records_of, (ASSET, ORDER, LOG, DONE, FILL))

context_at, asset_at = record_of(CONTEXT), record_of(ASSET)
"""Give the record of the context, or of an asset, by its own address."""


@inner
def assets_at(context: Any) -> Any:
    """Give the records of the assets."""
    return _assets(load_int(context + _ASSETS), load_int(context + _COUNT))


@inner
def orders_at(context: Any, asset: Any) -> Any:
    """Give the order rows of an asset, by its own address."""
    return _orders(load_int(asset + _ORDERS), load_int(context + _ROWS))


@inner
def account_at(context: Any) -> Any:
    """Give the record of the account."""
    return _account(load_int(context + _ACCOUNT))


@inner
def costs_at(context: Any) -> Any:
    """Give the record of what trading costs."""
    return _costs(load_int(context + _COSTS))


@inner
def terms_at(context: Any) -> Any:
    """Give the market's rules of the first asset."""
    return _terms(load_int(context + _TERMS))


@inner
def bar_at(context: Any) -> Any:
    """Give the record that the bar is put into which orders meet."""
    return _bar(load_int(context + _BAR))


@inner
def log_at(context: Any) -> Any:
    """Give the log of orders."""
    return _log(load_int(context + _LOG), load_int(context + _LOG_ROWS))


@inner
def done_at(context: Any) -> Any:
    """Give the table of booked fills: as many rows as the log has."""
    return _done(load_int(context + _DONE), load_int(context + _LOG_ROWS))


@inner
def found_at(context: Any) -> Any:
    """Give the room for the market's fills: four for each order row."""
    return _found(load_int(context + _FOUND), 4 * load_int(context + _ROWS))
