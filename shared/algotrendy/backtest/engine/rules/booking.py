"""Book fills: how much of one the account may take, and what it does to cash and position."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.engine.records import AccountRow, AssetRow, CostRow, LogRow
from algotrendy.backtest.engine.rules.costs import fee_of, slipped
from algotrendy.exchange.rules.codes import CANCELED, STOP_LOSS, TAKE_PROFIT
from algotrendy.exchange.rules.groups import is_open
from algotrendy.exchange.rules.positions import cost_after
from algotrendy.exchange.rules.quantities import whole, whole_lots
from algotrendy.exchange.rules.records import FillRow, OrderRow


def worth(asset: AssetRow, price: float) -> float:
    """Give the value of a position at a price, in the account's currency."""
    return asset.position * price * asset.multiplier * asset.rate


def equity_of(assets: Sequence[AssetRow], count: int, account: AccountRow) -> float:
    """Give cash and all positions at their marks."""
    equity = account.cash
    for k in range(count):
        if assets[k].position != 0.0:
            equity += worth(assets[k], assets[k].mark)
    return equity


def gross_of(assets: Sequence[AssetRow], count: int) -> float:
    """Give the value of all positions at their marks, longs and shorts added up."""
    gross = 0.0
    for k in range(count):
        if assets[k].position != 0.0:
            gross += abs(worth(assets[k], assets[k].mark))
    return gross


def budget_for(
    assets: Sequence[AssetRow],
    count: int,
    k: int,
    account: AccountRow,
    costs: CostRow,
    side: int,
    price: float,
) -> float:
    """Give the value that an asset may still be opened for at a price, its fee included.

    A cash account pays from its cash. With leverage or shorts, all positions together may be worth
    the leverage times the equity; other assets count at their marks.
    """
    if costs.leverage == 1.0 and costs.allow_short == 0:
        return account.cash
    equity = account.cash
    gross = 0.0
    for j in range(count):
        if assets[j].position != 0.0:
            value = worth(assets[j], price if j == k else assets[j].mark)
            equity += value
            if j != k or value * side > 0.0:
                gross += abs(value)
    return costs.leverage * equity - gross


def affordable(
    wanted: float, budget: float, unit: float, side: int, costs: CostRow, lot: float
) -> float:
    """Give the most units, up to those wanted, whose value and fee a budget pays.

    Args:
        wanted: Units, > 0.
        budget: In the account's currency; a fee counts leverage times, as it lowers the equity.
        unit: Value of one unit.
    """
    times = costs.leverage
    units = whole_lots(wanted, lot)
    if units * unit + times * fee_of(units, units * unit, side, costs) <= budget:
        return units
    # What a unit costs, and of it what grows with the units whichever fee it is.
    sale = costs.sale_rate if side < 0 else 0.0
    a_sale = times * costs.sale_per_unit if side < 0 else 0.0
    priced = unit * (1.0 + times * (costs.fee_rate + sale)) + times * costs.fee_per_unit + a_sale
    least = budget - times * costs.fee_minimum
    most = min(budget / priced, least / (unit * (1.0 + times * sale) + a_sale))
    if costs.fee_most > 0.0:
        # Where the greatest fee is less than those two, it is the one.
        most = max(most, budget / (unit * (1.0 + times * (costs.fee_most + sale)) + a_sale))
    most = min(most, units)
    if not most > 0.0:
        return 0.0
    units = whole_lots(whole(most), lot)
    # The quotient may be off by a rounding. The step doubles, so that it always ends.
    step = lot if lot > 0.0 else 1e-9
    while units > 0.0:
        if units * unit + times * fee_of(units, units * unit, side, costs) <= budget:
            return units
        units = whole_lots(whole(max(units - step, 0.0)), lot)
        step = step * 2.0
    return 0.0


def allowed(
    assets: Sequence[AssetRow],
    count: int,
    k: int,
    account: AccountRow,
    costs: CostRow,
    side: int,
    wanted: float,
    price: float,
    reduces: bool,
) -> float:
    """Give how much of a fill the account may take.

    What closes a position is always allowed, but for a fee that nothing pays. What opens one needs
    a budget, and to be short, leave.

    Args:
        reduces: The order may only close: an exit.
    """
    asset = assets[k]
    unit = price * asset.multiplier * asset.rate
    held = asset.position * side
    closing = 0.0
    if held < 0.0:
        closing = -held
        if wanted < closing:
            closing = whole_lots(wanted, asset.lot)
    opening = 0.0
    if wanted > closing and not reduces and (side > 0 or costs.allow_short != 0):
        budget = budget_for(assets, count, k, account, costs, side, price)
        opening = affordable(whole(wanted - closing), budget, unit, side, costs, asset.lot)
    units = closing + opening
    if closing > 0.0 and opening == 0.0 and costs.leverage == 1.0 and side < 0:
        notional = units * unit
        if account.cash + (notional - fee_of(units, notional, side, costs)) < 0.0:
            return 0.0
    return units


def book(
    asset: AssetRow, account: AccountRow, costs: CostRow, side: int, units: float, price: float
) -> float:
    """Move cash and position by a fill; give its fee."""
    notional = units * price * asset.multiplier * asset.rate
    fee = fee_of(units, notional, side, costs)
    if side > 0:
        account.cash += -notional - fee
    else:
        account.cash += notional - fee
    account.fees += fee
    change = units * side
    asset.cost = cost_after(asset.position, asset.cost, change, price)
    position = asset.position + change
    asset.position = whole(position) if position >= 0.0 else -whole(-position)
    if asset.position == 0.0:
        asset.cost = 0.0
    return fee


def settle(
    assets: Sequence[AssetRow],
    count: int,
    k: int,
    account: AccountRow,
    costs: CostRow,
    orders: Sequence[OrderRow],
    log: Sequence[LogRow],
    fill: FillRow,
    volume: float,
) -> tuple[float, float, float]:
    """Book what the market filled of an order, as far as the account may take it.

    Gives the units booked, 0.0 when none, their price after slippage, and their fee.
    """
    asset = assets[k]
    order = orders[fill.order]
    side = order.side
    wanted = fill.quantity
    if not wanted > 0.0:
        return 0.0, fill.price, 0.0
    price = slipped(order.kind, side, fill.price, wanted, volume, costs)
    is_exit = order.role == TAKE_PROFIT or order.role == STOP_LOSS
    units = allowed(assets, count, k, account, costs, side, wanted, price, is_exit)
    if units < wanted:
        account.cut += 1
    if not units > 0.0:
        return 0.0, price, 0.0
    fee = book(asset, account, costs, side, units, price)
    account.slippage += abs(price - fill.price) * units * asset.multiplier * asset.rate
    kept = log[order.key - 1]
    kept.filled = whole(kept.filled + units)
    kept.value += units * price
    return units, price, fee


def shrink_exits(
    orders: Sequence[OrderRow],
    count: int,
    entry: int,
    less: float,
    found: Sequence[FillRow],
    first: int,
    last: int,
) -> None:
    """Take from an entry's exits what the account did not take of the entry.

    The exits' own fills in the same bar stand in ``found[first:last]``.
    """
    for j in range(count):
        order = orders[j]
        if order.parent == entry:
            left = whole(max(order.quantity - less, 0.0))
            for f in range(first, last):
                if found[f].order == j and found[f].quantity > left:
                    found[f].quantity = left
            if is_open(order):
                order.quantity = max(left, order.filled)
                if order.quantity == order.filled:
                    order.state = CANCELED
