"""Take a compiled strategy's orders: the rules of the desk, over memory at addresses.

Each function is compiled once, for all strategies: they call it, and take none of its code along.
What a strategy gives is checked as `strategy.market` checks it; here a bad value is refused, the
strategy raises ValueError for it, and the run is made again interpreted, which raises the error
that names the field.
"""

from __future__ import annotations

from math import inf
from typing import Any

from numba import types

from algotrendy.backtest.engine.compiled.cache import linked
from algotrendy.backtest.engine.compiled.memory import ASSET, CONTEXT, offset
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT, load_float, load_int, store_int
from algotrendy.backtest.engine.compiled.tables import (
    account_at,
    asset_at,
    costs_at,
    log_at,
    orders_at,
)
from algotrendy.backtest.engine.rules import booking, costs, placing, rows
from algotrendy.exchange.compiled import inner, register, rule_modules
from algotrendy.kernel.order_codes import GTC, MARKET
from algotrendy.strategy.market import kind_of

for _module in (*rule_modules(), costs, booking, rows, placing):
    register(_module)
_kind_of = inner(kind_of)


def _desk(*arguments: Any) -> Any:
    return linked(INT(INT, *arguments), error_model="numpy")


_ASSETS, _STEP, _NOW, _LATE = (offset(CONTEXT, name) for name in ("assets", "step", "now", "late"))
_ASSET_SIZE = ASSET.itemsize

REFUSED = -1
"""Given instead of an order's id."""


@inner
def asset_of(context: Any, order: Any) -> Any:
    """Give the address of the asset that an order is of, 0 for none."""
    if order < 1 or order > account_at(context).placed:
        return 0
    return load_int(context + _ASSETS) + _ASSET_SIZE * log_at(context)[order - 1].asset


@linked(types.void(INT), error_model="python")
def catch_up(context: Any) -> None:
    """Tell all that the newest bar's close changes, where the span of a plain run put that off."""
    if load_int(context + _LATE) == 0:
        return
    asset, account = asset_at(load_int(context + _ASSETS)), account_at(context)
    step = load_int(context + _STEP)
    price = load_float(asset.close + 8 * step)
    asset.seen = step + 1
    asset.mark = price
    account.equity = account.cash + asset.position * price * asset.multiplier * 1.0
    store_int(context + _NOW, load_int(asset.known + 8 * step))


@_desk(INT, INT, FLOAT, FLOAT, FLOAT, INT, FLOAT, FLOAT, FLOAT)
def place(
    context: Any,
    asset: Any,
    side: Any,
    units: Any,
    limit: Any,
    stop: Any,
    tif: Any,
    take_profit: Any,
    stop_loss: Any,
    stop_loss_limit: Any,
) -> Any:
    """Place an order, with its exits if any; give its id."""
    if not 0.0 < units < inf:
        return REFUSED
    for price in (limit, stop, take_profit, stop_loss, stop_loss_limit):
        if not 0.0 <= price < inf:
            return REFUSED
    if not 0 <= tif <= 5:
        return REFUSED
    catch_up(context)
    return placing.place(
        orders_at(context, asset), asset_at(asset), account_at(context), log_at(context),
        side, _kind_of(limit, stop), units, limit, stop, tif, take_profit, stop_loss,
        stop_loss_limit, load_int(context + _STEP), load_int(context + _NOW),
    )  # fmt: skip


@_desk(INT, INT, FLOAT)
def place_at_open(context: Any, asset: Any, side: Any, units: Any) -> Any:
    """Place what most orders are, one for the next open: quicker than `place`; give its id."""
    if not 0.0 < units < inf:
        return REFUSED
    catch_up(context)
    return placing.place(
        orders_at(context, asset), asset_at(asset), account_at(context), log_at(context),
        side, MARKET, units, 0.0, 0.0, GTC, 0.0, 0.0, 0.0,
        load_int(context + _STEP), load_int(context + _NOW),
    )  # fmt: skip


@_desk(INT, INT, FLOAT, FLOAT, FLOAT)
def trail(context: Any, asset: Any, side: Any, units: Any, price: Any, percent: Any) -> Any:
    """Place a trailing stop; give its id."""
    if not 0.0 < units < inf:
        return REFUSED
    for distance in (price, percent):
        if not 0.0 <= distance < inf:
            return REFUSED
    if (price > 0.0) == (percent > 0.0):
        return REFUSED
    catch_up(context)
    return placing.trail(
        orders_at(context, asset), asset_at(asset), account_at(context), log_at(context),
        side, units, price, percent, load_int(context + _STEP), load_int(context + _NOW),
    )  # fmt: skip


@_desk(INT, FLOAT, FLOAT, FLOAT)
def protect(
    context: Any, asset: Any, take_profit: Any, stop_loss: Any, stop_loss_limit: Any
) -> Any:
    """Place two exits for the whole position; give the target's id."""
    for price in (take_profit, stop_loss):
        if not 0.0 < price < inf:
            return REFUSED
    if not 0.0 <= stop_loss_limit < inf:
        return REFUSED
    catch_up(context)
    return placing.protect(
        orders_at(context, asset), asset_at(asset), account_at(context), log_at(context),
        take_profit, stop_loss, stop_loss_limit,
        load_int(context + _STEP), load_int(context + _NOW),
    )  # fmt: skip


@_desk(INT, FLOAT)
def invest(context: Any, asset: Any, share: Any) -> Any:
    """Buy for a share of the cash; give the order's id."""
    catch_up(context)
    return placing.invest(
        orders_at(context, asset), asset_at(asset), account_at(context), costs_at(context),
        log_at(context), share, load_int(context + _STEP), load_int(context + _NOW),
    )  # fmt: skip


@_desk(INT, FLOAT)
def target(context: Any, asset: Any, weight: Any) -> Any:
    """Order what brings the position to a weight of the equity; give the order's id."""
    catch_up(context)
    return placing.target(
        orders_at(context, asset), asset_at(asset), account_at(context), log_at(context),
        weight, load_int(context + _STEP), load_int(context + _NOW),
    )  # fmt: skip


@_desk(INT)
def cancel(context: Any, order: Any) -> Any:
    """Cancel an order and its group; give how many ended."""
    asset = asset_of(context, order)
    if asset == 0:
        return 0
    return rows.cancel_order(orders_at(context, asset), asset_at(asset), log_at(context), order)


@_desk(INT)
def cancel_all(context: Any, asset: Any) -> Any:
    """Cancel the open orders of an asset; give how many ended."""
    return rows.cancel_all(orders_at(context, asset), asset_at(asset), log_at(context))


@_desk(INT, FLOAT, FLOAT, FLOAT)
def replace(context: Any, order: Any, units: Any, limit: Any, stop: Any) -> Any:
    """Change an open order; give 1, or 0 when it is open no more."""
    for value in (units, limit, stop):
        if not 0.0 <= value < inf:
            return REFUSED
    asset = asset_of(context, order)
    if asset == 0:
        return 0
    orders, found, log = orders_at(context, asset), asset_at(asset), log_at(context)
    return rows.replace(orders, found, log, order, units, limit, stop)


@_desk(INT)
def is_open(context: Any, order: Any) -> Any:
    """Tell whether an order may still fill."""
    asset = asset_of(context, order)
    if asset == 0:
        return 0
    return 1 if rows.is_order_open(orders_at(context, asset), asset_at(asset), order) else 0


@_desk(INT)
def open_orders(context: Any, asset: Any) -> Any:
    """Count the open orders of an asset."""
    return rows.open_orders(orders_at(context, asset), asset_at(asset))
