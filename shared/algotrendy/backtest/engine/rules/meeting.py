"""Let the orders of an asset meet one of its bars, and book what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from algotrendy.backtest.engine.records import (
    AccountRow,
    AssetRow,
    CostRow,
    DoneRow,
    LogRow,
)
from algotrendy.backtest.engine.rules.booking import gross_of, settle, shrink_exits
from algotrendy.backtest.engine.rules.placing import liquidate
from algotrendy.backtest.engine.rules.rows import admit, keep_states
from algotrendy.exchange.rules.bars import match_touched
from algotrendy.exchange.rules.codes import ENTRY, LAST_OF_SESSION, MARKET
from algotrendy.exchange.rules.groups import expire_session, is_working
from algotrendy.exchange.rules.prices import is_touched, quiet_band
from algotrendy.exchange.rules.records import BarRow, FillRow, OrderRow, Terms


def is_quiet(orders: Sequence[OrderRow], asset: AssetRow, low: float, high: float) -> bool:
    """Tell whether a bar from low to high means nothing to an asset's orders."""
    if asset.floor < low and high < asset.ceiling:
        return True
    if asset.floor < inf:
        return False
    find_band(orders, asset)
    return asset.floor < low and high < asset.ceiling


def find_band(orders: Sequence[OrderRow], asset: AssetRow) -> None:
    """Find between which prices no order of an asset can do anything, until one of them changes.

    Where every bar may mean something the floor stays at inf.
    """
    asset.floor = inf
    asset.ceiling = -inf
    if asset.admitted < asset.count or asset.dated != 0:
        return
    floor = -inf
    ceiling = inf
    for row in range(asset.count):
        below, above = quiet_band(orders[row])
        floor = max(floor, below)
        ceiling = min(ceiling, above)
    asset.floor = floor
    asset.ceiling = ceiling


def meet(
    assets: Sequence[AssetRow],
    count: int,
    k: int,
    account: AccountRow,
    costs: CostRow,
    orders: Sequence[OrderRow],
    log: Sequence[LogRow],
    bar: BarRow,
    begin: int,
    terms: Terms,
    found: Sequence[FillRow],
    done: Sequence[DoneRow],
    at: int,
    step: int,
) -> int:
    """Let an asset's orders meet a bar that began at ``begin``.

    Args:
        found: Room for the market's fills, four for each order row.
        done: Gets the booked fills, from ``at`` on.

    Returns:
        The new number of booked fills.
    """
    asset = assets[k]
    known = admit(orders, asset, log, begin)
    is_met = False
    for row in range(known):
        if is_touched(orders[row], bar.low, bar.high):
            is_met = True
            break
    if is_met:
        fills = match_touched(orders, known, bar, terms, found, 0)
        if at + fills > len(done):
            account.is_full = 1
            return at
        for f in range(fills):
            fill = found[f]
            units, price, fee = settle(
                assets, count, k, account, costs, orders, log, fill, bar.volume
            )
            if units < fill.quantity and orders[fill.order].role == ENTRY:
                less = fill.quantity - units
                shrink_exits(orders, known, fill.order, less, found, f + 1, fills)
            if units > 0.0:
                order = orders[fill.order]
                booked = done[at]
                booked.step = step
                booked.asset = asset.index
                booked.order = order.key
                booked.units = units * order.side
                booked.price = price
                booked.fee = fee
                booked.slippage = abs(price - fill.price)
                at += 1
    is_end = asset.dated != 0 and bar.phase & LAST_OF_SESSION != 0
    if is_end and expire_session(orders, known, 0) > 0:
        is_met = True
    if is_met:
        keep_states(orders, asset, log)
    return at


def sells_first(orders: Sequence[OrderRow], asset: AssetRow) -> bool:
    """Tell whether an asset has a sale that fills at the next open: it is met before the others."""
    for row in range(asset.count):
        order = orders[row]
        if order.side < 0 and order.kind == MARKET and is_working(order):
            return True
    return False


def is_called(assets: Sequence[AssetRow], count: int, account: AccountRow, costs: CostRow) -> bool:
    """Tell whether the equity is below what the positions need, or gone; counts the call."""
    gross = gross_of(assets, count)
    if account.equity <= 0.0:
        account.is_ruined = 1
        return True
    if gross > 0.0 and account.equity < costs.maintenance * gross:
        account.margin_calls += 1
        return True
    return False


def close_all(
    assets: Sequence[AssetRow],
    count: int,
    account: AccountRow,
    tables: Sequence[Sequence[OrderRow]],
    log: Sequence[LogRow],
    step: int,
    now: int,
) -> None:
    """Cancel every order, and close every position at its next open."""
    for k in range(count):
        liquidate(tables[k], assets[k], account, log, step, now)
