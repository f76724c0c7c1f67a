"""Keep the order rows of an asset: find, change, cancel and free them, and tell the log.

Each asset has rows of its own; ``asset.count`` of them are in use, oldest first, and the market
knows ``asset.admitted`` of those: an order meets no bar that began before it was placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from algotrendy.backtest.engine.records import AccountRow, AssetRow, LogRow
from algotrendy.exchange.rules.codes import CANCELED, FILLED, LIMIT, STOP, STOP_LIMIT
from algotrendy.exchange.rules.groups import cancel, is_open
from algotrendy.exchange.rules.records import OrderRow


def replace(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    log: Sequence[LogRow],
    order: int,
    units: float,
    limit: float,
    stop: float,
) -> int:
    """Change what is not 0.0 of an open order; give 1, or 0 when it is not open here."""
    row = row_of(orders, asset, order)
    if row < 0 or not is_open(orders[row]):
        return 0
    found = orders[row]
    kept = log[order - 1]
    asset.floor = inf
    if units > found.filled:
        found.quantity = units
        kept.units = units
    if limit > 0.0 and (found.kind == LIMIT or found.kind == STOP_LIMIT):
        found.limit = limit
        kept.limit = limit
    if stop > 0.0 and (found.kind == STOP or found.kind == STOP_LIMIT):
        found.stop = stop
        kept.stop = stop
    return 1


def cancel_order(
    orders: Sequence[OrderRow], asset: AssetRow, log: Sequence[LogRow], order: int
) -> int:
    """Cancel an order and its group; give how many ended."""
    row = row_of(orders, asset, order)
    return 0 if row < 0 else cancel_row(orders, asset, log, row)


def cancel_row(orders: Sequence[OrderRow], asset: AssetRow, log: Sequence[LogRow], row: int) -> int:
    """Cancel the order of a row and its group; give how many ended."""
    ended = cancel(orders, asset.count, row)
    if ended > 0:
        keep_states(orders, asset, log)
    return ended


def cancel_all(orders: Sequence[OrderRow], asset: AssetRow, log: Sequence[LogRow]) -> int:
    """Cancel all open orders of an asset; give how many ended."""
    ended = 0
    for row in range(asset.count):
        if is_open(orders[row]):
            orders[row].state = CANCELED
            ended += 1
    if ended > 0:
        keep_states(orders, asset, log)
    return ended


def row_of(orders: Sequence[OrderRow], asset: AssetRow, order: int) -> int:
    """Find the row of an order by its id, or give -1."""
    for row in range(asset.count):
        if orders[row].key == order:
            return row
    return -1


def is_order_open(orders: Sequence[OrderRow], asset: AssetRow, order: int) -> bool:
    """Tell whether an order of the asset may still fill."""
    row = row_of(orders, asset, order)
    return row >= 0 and is_open(orders[row])


def open_orders(orders: Sequence[OrderRow], asset: AssetRow) -> int:
    """Count the open orders of an asset."""
    found = 0
    for row in range(asset.count):
        if is_open(orders[row]):
            found += 1
    return found


def admit(orders: Sequence[OrderRow], asset: AssetRow, log: Sequence[LogRow], begin: int) -> int:
    """Let the market know the orders that were there when a bar began; give how many it knows."""
    row = asset.admitted
    while row < asset.count and log[orders[row].key - 1].since <= begin:
        row += 1
    if asset.admitted < row:
        asset.admitted = row
        asset.floor = inf
    return row


def keep_states(orders: Sequence[OrderRow], asset: AssetRow, log: Sequence[LogRow]) -> None:
    """Write the states into the log; when no order is open, free all rows."""
    asset.floor = inf
    is_any_open = False
    for row in range(asset.count):
        order = orders[row]
        kept = log[order.key - 1]
        state = order.state
        if state == FILLED and not kept.filled > 0.0:
            # The market had it, and the account could take nothing of it.
            state = CANCELED
        if kept.state != state:
            kept.state = state
            kept.stop = order.stop
        if is_open(order):
            is_any_open = True
    if not is_any_open:
        asset.count = 0
        asset.admitted = 0
        asset.dated = 0


def has_room(
    orders: Sequence[OrderRow], asset: AssetRow, account: AccountRow, log: Sequence[LogRow]
) -> bool:
    """Tell whether a group of three orders is taken: whether there is room, and trading open.

    Ended orders make room when there is none.
    """
    if account.is_shut != 0:
        return False
    if asset.count + 3 > len(orders):
        forget_ended(orders, asset)
    if asset.count + 3 <= len(orders) and account.placed + 3 <= len(log):
        return True
    account.is_full = 1
    return False


def forget_ended(orders: Sequence[OrderRow], asset: AssetRow) -> None:
    """Move the open orders together; groups keep each other's rows, ended members are dropped."""
    kept = 0
    admitted = 0
    for row in range(asset.count):
        if is_open(orders[row]):
            if kept != row:
                move(orders, asset.count, row, kept)
            if row < asset.admitted:
                admitted = kept + 1
            kept += 1
        else:
            unlink(orders, asset.count, row)
    asset.count = kept
    asset.admitted = admitted


def move(orders: Sequence[OrderRow], count: int, row: int, to: int) -> None:
    """Move an order to another row, and tell its group."""
    source = orders[row]
    place_ = orders[to]
    place_.kind = source.kind
    place_.side = source.side
    place_.tif = source.tif
    place_.role = source.role
    place_.state = source.state
    place_.quantity = source.quantity
    place_.filled = source.filled
    place_.limit = source.limit
    place_.stop = source.stop
    place_.trail_price = source.trail_price
    place_.trail_percent = source.trail_percent
    place_.mark = source.mark
    place_.increment = source.increment
    place_.lot = source.lot
    place_.triggered = source.triggered
    place_.extended = source.extended
    place_.parent = source.parent
    place_.sibling = source.sibling
    place_.key = source.key
    for other in range(count):
        if orders[other].parent == row:
            orders[other].parent = to
        if orders[other].sibling == row:
            orders[other].sibling = to


def unlink(orders: Sequence[OrderRow], count: int, row: int) -> None:
    """Let the others of a group forget an ended order."""
    for other in range(count):
        if orders[other].parent == row:
            orders[other].parent = -1
        if orders[other].sibling == row:
            orders[other].sibling = -1
