"""Take orders: write them into the rows that the market matches, and into the log that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from algotrendy.backtest.engine.records import AccountRow, AssetRow, CostRow, LogRow
from algotrendy.backtest.engine.rules.booking import affordable, worth
from algotrendy.backtest.engine.rules.rows import cancel_all, cancel_row, has_room
from algotrendy.exchange.rules.codes import (
    ALONE,
    ENTRY,
    GTC,
    HELD,
    LIMIT,
    MARKET,
    STOP,
    STOP_LIMIT,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING_STOP,
    WORKING,
)
from algotrendy.exchange.rules.groups import is_working
from algotrendy.exchange.rules.quantities import whole, whole_lots
from algotrendy.exchange.rules.records import OrderRow


def place(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    side: int,
    kind: int,
    units: float,
    limit: float,
    stop: float,
    tif: int,
    take_profit: float,
    stop_loss: float,
    stop_loss_limit: float,
    step: int,
    now: int,
) -> int:
    """Place an order, and its held exits when it names any; give its id, 0 without room."""
    if not has_room(orders, asset, account, log):
        return 0
    with_exits = take_profit > 0.0 or stop_loss > 0.0
    role = ENTRY if with_exits else ALONE
    row = write_row(
        orders, asset, account, log, side, kind, units, limit, stop, tif, role, WORKING, step, now
    )
    order = account.placed
    if with_exits:
        write_exits(
            orders, asset, account, log, row, -side, units,
            take_profit, stop_loss, stop_loss_limit, HELD, step, now,
        )  # fmt: skip
    return order


def write_row(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    side: int,
    kind: int,
    units: float,
    limit: float,
    stop: float,
    tif: int,
    role: int,
    state: int,
    step: int,
    now: int,
) -> int:
    """Write one order into the next free row, and into the log; give the row."""
    row = asset.count
    asset.count = row + 1
    asset.floor = inf
    if tif != GTC:
        asset.dated = 1
    account.placed += 1
    order = orders[row]
    order.kind = kind
    order.side = side
    order.tif = tif
    order.role = role
    order.state = state
    order.quantity = units
    order.filled = 0.0
    order.limit = limit
    order.stop = stop
    order.trail_price = 0.0
    order.trail_percent = 0.0
    order.mark = 0.0
    order.increment = asset.increment
    order.lot = asset.lot
    order.triggered = 0
    order.extended = 0
    order.parent = -1
    order.sibling = -1
    order.key = account.placed
    kept = log[account.placed - 1]
    kept.step = step
    kept.since = now
    kept.asset = asset.index
    kept.side = side
    kept.kind = kind
    kept.tif = tif
    kept.role = role
    kept.entry = 0
    kept.units = units
    kept.limit = limit
    kept.stop = stop
    kept.trail_price = 0.0
    kept.trail_percent = 0.0
    kept.state = state
    kept.filled = 0.0
    kept.value = 0.0
    return row


def write_exits(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    parent: int,
    side: int,
    units: float,
    take_profit: float,
    stop_loss: float,
    stop_loss_limit: float,
    state: int,
    step: int,
    now: int,
) -> None:
    """Write a target, a stop, or both as siblings; ``parent`` is the entry's row, -1 for none."""
    target = -1
    if take_profit > 0.0:
        target = write_row(
            orders, asset, account, log, side, LIMIT, units, take_profit, 0.0,
            GTC, TAKE_PROFIT, state, step, now,
        )  # fmt: skip
        join(orders, log, target, parent, -1)
    if stop_loss > 0.0:
        kind = STOP_LIMIT if stop_loss_limit > 0.0 else STOP
        row = write_row(
            orders, asset, account, log, side, kind, units, stop_loss_limit, stop_loss,
            GTC, STOP_LOSS, state, step, now,
        )  # fmt: skip
        join(orders, log, row, parent, target)
        if target >= 0:
            orders[target].sibling = row


def join(
    orders: Sequence[OrderRow], log: Sequence[LogRow], row: int, parent: int, sibling: int
) -> None:
    """Make an exit one of its group."""
    order = orders[row]
    order.parent = parent
    order.sibling = sibling
    if parent >= 0:
        log[order.key - 1].entry = orders[parent].key


def trail(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    side: int,
    units: float,
    price: float,
    percent: float,
    step: int,
    now: int,
) -> int:
    """Place a trailing stop; give its id, 0 without room."""
    if not has_room(orders, asset, account, log):
        return 0
    row = write_row(
        orders, asset, account, log, side, TRAILING_STOP, units, 0.0, 0.0,
        GTC, ALONE, WORKING, step, now,
    )  # fmt: skip
    kept = log[account.placed - 1]
    orders[row].trail_price = price
    orders[row].trail_percent = percent
    kept.trail_price = price
    kept.trail_percent = percent
    return account.placed


def protect(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    take_profit: float,
    stop_loss: float,
    stop_loss_limit: float,
    step: int,
    now: int,
) -> int:
    """Place two exits for the whole position; give the target's id, 0 when flat."""
    if asset.position == 0.0 or not has_room(orders, asset, account, log):
        return 0
    side = -1 if asset.position > 0.0 else 1
    order = account.placed + 1
    write_exits(
        orders, asset, account, log, -1, side, abs(asset.position),
        take_profit, stop_loss, stop_loss_limit, WORKING, step, now,
    )  # fmt: skip
    return order


def invest(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    costs: CostRow,
    log: Sequence[LogRow],
    share: float,
    step: int,
    now: int,
) -> int:
    """Buy at the next open for a share of the cash, fee included, as the mark values it."""
    unit = asset.mark * asset.multiplier * asset.rate
    budget = account.cash * share
    if not (budget > 0.0 and unit > 0.0):
        return 0
    units = affordable(whole(budget / unit), budget, unit, 1, costs, asset.lot)
    if not units > 0.0:
        account.cut += 1
        return 0
    return place(
        orders, asset, account, log, 1, MARKET, units, 0.0, 0.0, GTC, 0.0, 0.0, 0.0, step, now
    )


def target(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    weight: float,
    step: int,
    now: int,
) -> int:
    """Order at the next open what makes the position a weight of the equity at the marks."""
    for row in range(asset.count):
        if orders[row].kind == MARKET and orders[row].role == ALONE and is_working(orders[row]):
            cancel_row(orders, asset, log, row)
    unit = asset.mark * asset.multiplier * asset.rate
    if not unit > 0.0:
        return 0
    wanted = whole_lots(whole(abs(weight) * max(account.equity, 0.0) / unit), asset.lot)
    if weight < 0.0:
        wanted = -wanted
    change = wanted - asset.position
    units = whole(abs(change))
    if not units > 0.0:
        return 0
    side = 1 if change > 0.0 else -1
    return place(
        orders, asset, account, log, side, MARKET, units, 0.0, 0.0, GTC, 0.0, 0.0, 0.0, step, now
    )


def liquidate(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    step: int,
    now: int,
) -> None:
    """Cancel an asset's orders, and close its position at the next open."""
    cancel_all(orders, asset, log)
    if asset.position != 0.0:
        side = -1 if asset.position > 0.0 else 1
        place(
            orders, asset, account, log, side, MARKET, abs(asset.position), 0.0, 0.0, GTC,
            0.0, 0.0, 0.0, step, now,
        )  # fmt: skip


def close_out(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    price: float,
) -> float:
    """End an asset: cancel its orders, turn its position into cash at a price; give the units."""
    cancel_all(orders, asset, log)
    units = asset.position
    account.cash += worth(asset, price)
    asset.position = 0.0
    asset.cost = 0.0
    return units
