"""Do to an asset what a dividend, a split or the end of its listing does to it."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.engine.records import AccountRow, AssetRow, DoneRow, LogRow
from algotrendy.backtest.engine.rules.placing import close_out
from algotrendy.exchange.rules.corporate import dividend, whole_part
from algotrendy.exchange.rules.groups import is_open
from algotrendy.exchange.rules.quantities import whole
from algotrendy.exchange.rules.records import OrderRow


def pay_dividend(asset: AssetRow, account: AccountRow, per_unit: float) -> None:
    """Pay a dividend on what is held; a short owes it."""
    paid = dividend(asset.position, per_unit) * asset.multiplier * asset.rate
    account.cash += paid
    account.dividends += paid


def split(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    ratio: float,
) -> None:
    """Split what is held and what is ordered; part of a unit that may not be held is paid out."""
    asset.mark = asset.mark / ratio
    size = asset.position * ratio
    kept = whole_part(size, asset.lot, 1e-6) if asset.lot > 0.0 else size
    kept = whole(kept) if kept >= 0.0 else -whole(-kept)
    if kept != size:
        account.cash += (size - kept) * asset.mark * asset.multiplier * asset.rate
        if size != 0.0:
            asset.cost = asset.cost * kept / size
    asset.position = kept
    for row in range(asset.count):
        order = orders[row]
        if is_open(order):
            order.quantity = whole(order.quantity * ratio)
            order.filled = whole(order.filled * ratio)
            order.limit = order.limit / ratio
            order.stop = order.stop / ratio
            order.trail_price = order.trail_price / ratio
            order.mark = order.mark / ratio
            written = log[order.key - 1]
            written.units = order.quantity
            written.filled = order.filled
            written.limit = order.limit
            written.stop = order.stop
            written.trail_price = order.trail_price


def note_change(
    done: Sequence[DoneRow], at: int, asset: AssetRow, before: float, price: float, step: int
) -> int:
    """Write down that a position changed without an order; give the new number of fills."""
    change = asset.position - before
    if change == 0.0 or at >= len(done):
        return at
    booked = done[at]
    booked.step = step
    booked.asset = asset.index
    booked.order = 0
    booked.units = change
    booked.price = price
    booked.fee = 0.0
    booked.slippage = 0.0
    return at + 1


def pay_out(
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    price: float,
) -> None:
    """End an asset's listing: what is held becomes cash at a price, nan for the newest close."""
    paid = asset.mark if price != price else price
    close_out(orders, asset, account, log, paid)
    asset.mark = paid
