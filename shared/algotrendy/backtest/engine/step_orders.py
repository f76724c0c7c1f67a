"""Put the open orders of a run into rows, let their fates come true, and take them out again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from algotrendy.backtest.engine.records import AssetRow, LogRow
from algotrendy.backtest.engine.rules.rows import row_of
from algotrendy.backtest.engine.step_records import OrderSeen
from algotrendy.backtest.engine.step_state import OpenOrder
from algotrendy.exchange.rules.codes import (
    CANCELED,
    FILLED,
    GTC,
    HELD,
    PARTLY_FILLED,
    WORKING,
)
from algotrendy.exchange.rules.groups import end, is_open, release_exits, settle_sibling
from algotrendy.exchange.rules.records import OrderRow

_ENDED = LogRow(asset=-1)
"""Stands for every order that is open no more: of no asset, so nobody finds or writes it."""


def restore_orders(
    orders: Iterable[OpenOrder],
    placed: int,
    rows: Sequence[AssetRow],
    tables: Sequence[list[OrderRow]],
) -> list[LogRow]:
    """Fill the order rows with the open orders; give the log, that of id i at i - 1."""
    log = [_ENDED] * placed
    for row, table in zip(rows, tables, strict=True):
        table.clear()
        row.count = row.admitted = row.dated = 0
        row.floor = inf
    places: dict[int, int] = {}
    for order in orders:
        row, table = rows[order.asset], tables[order.asset]
        places[order.order] = row.count
        table.append(_order_row(order, row))
        log[order.order - 1] = _log_row(order)
        row.count += 1
        row.dated |= int(order.tif != GTC)
    for order in orders:
        found = tables[order.asset][places[order.order]]
        found.sibling = places.get(order.sibling, -1)
        found.parent = places.get(order.entry, -1) if order.is_held else -1
    return log


def apply_fates(
    fates: Iterable[OrderSeen],
    log: Sequence[LogRow],
    rows: Sequence[AssetRow],
    tables: Sequence[Sequence[OrderRow]],
) -> None:
    """Let orders be filled or ended as they are said to be, with what that does to their groups.

    What is said of an order that is open no more changes nothing: news may come twice.
    """
    for fate in fates:
        asset = log[fate.order - 1].asset if 1 <= fate.order <= len(log) else -1
        if asset < 0:
            continue
        row, orders = rows[asset], tables[asset]
        place = row_of(orders, row, fate.order)
        if place < 0 or not is_open(orders[place]):
            continue
        order = orders[place]
        order.filled = fate.filled
        if fate.state == "filled":
            order.state = FILLED
            release_exits(orders, row.count, place)
            settle_sibling(orders, place, 0.0)
        elif fate.state == "ended":
            end(orders, row.count, place, CANCELED)
        elif fate.filled > 0.0:
            order.state = PARTLY_FILLED


def open_orders(
    rows: Sequence[AssetRow], tables: Sequence[Sequence[OrderRow]], log: Sequence[LogRow]
) -> tuple[OpenOrder, ...]:
    """Give the orders that may still fill, asset by asset, oldest first."""
    found: list[OpenOrder] = []
    for row, orders in zip(rows, tables, strict=True):
        found += [
            _open_order(order, orders, log[order.key - 1])
            for order in orders[: row.count]
            if is_open(order)
        ]
    return tuple(found)


def _open_order(order: OrderRow, orders: Sequence[OrderRow], kept: LogRow) -> OpenOrder:
    other = orders[order.sibling] if order.sibling >= 0 else None
    return OpenOrder(
        order=order.key,
        asset=kept.asset,
        side=order.side,
        kind=order.kind,
        tif=order.tif,
        role=order.role,
        entry=kept.entry,
        sibling=other.key if other is not None and is_open(other) else 0,
        is_held=order.state == HELD,
        units=kept.units,
        filled=order.filled,
        limit=order.limit,
        stop=order.stop,
        trail_price=order.trail_price,
        trail_percent=order.trail_percent,
    )


def _order_row(order: OpenOrder, asset: AssetRow) -> OrderRow:
    state = HELD if order.is_held else PARTLY_FILLED if order.filled > 0.0 else WORKING
    return OrderRow(
        kind=order.kind,
        side=order.side,
        tif=order.tif,
        role=order.role,
        state=state,
        quantity=order.units,
        filled=order.filled,
        limit=order.limit,
        stop=order.stop,
        trail_price=order.trail_price,
        trail_percent=order.trail_percent,
        increment=asset.increment,
        lot=asset.lot,
        key=order.order,
    )


def _log_row(order: OpenOrder) -> LogRow:
    return LogRow(
        asset=order.asset,
        side=order.side,
        kind=order.kind,
        tif=order.tif,
        role=order.role,
        entry=order.entry,
        units=order.units,
        limit=order.limit,
        stop=order.stop,
        trail_price=order.trail_price,
        trail_percent=order.trail_percent,
        state=WORKING,
        filled=order.filled,
    )
