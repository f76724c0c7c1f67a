"""Do to an asset what a dividend, a split or the end of its listing does to it."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.data.actions import DELISTED, DIVIDEND
from algotrendy.backtest.engine.records import AccountRow, AssetRow, DoneRow, LogRow
from algotrendy.backtest.engine.rules.placing import close_out
from algotrendy.backtest.engine.rules.rows import keep_states
from algotrendy.exchange.rules.codes import CANCELED
from algotrendy.exchange.rules.corporate import dividend, whole_part
from algotrendy.exchange.rules.groups import is_open
from algotrendy.exchange.rules.quantities import whole, whole_lots
from algotrendy.exchange.rules.records import OrderRow


def take_action(
    kind: int,
    value: float,
    orders: Sequence[OrderRow],
    asset: AssetRow,
    account: AccountRow,
    log: Sequence[LogRow],
    done: Sequence[DoneRow],
    at: int,
    step: int,
) -> int:
    """Let an action of the company take effect, and write down how the position changed.

    A split is written at a price of 0, for which nobody pays; then what of a unit may not be held
    is sold, at the newest close.

    Returns:
        The new number of booked fills.
    """
    before = asset.position
    if kind == DIVIDEND:
        pay_dividend(asset, account, value)
        return at
    if kind == DELISTED:
        pay_out(orders, asset, account, log, value)
        return note_change(done, at, asset, account, before, asset.mark, step)
    split(orders, asset, log, value)
    at = note_change(done, at, asset, account, before, 0.0, step)
    before = asset.position
    cash_fraction(asset, account)
    return note_change(done, at, asset, account, before, asset.mark, step)


def pay_dividend(asset: AssetRow, account: AccountRow, per_unit: float) -> None:
    """Pay a dividend on what is held; a short owes it."""
    paid = dividend(asset.position, per_unit) * asset.multiplier * asset.rate
    account.cash += paid
    account.dividends += paid


def split(orders: Sequence[OrderRow], asset: AssetRow, log: Sequence[LogRow], ratio: float) -> None:
    """Split what is held and what is ordered; an order keeps its whole lots."""
    asset.mark = asset.mark / ratio
    size = asset.position * ratio
    asset.position = whole(size) if size >= 0.0 else -whole(-size)
    for row in range(asset.count):
        order = orders[row]
        if is_open(order):
            order.quantity = whole_lots(whole(order.quantity * ratio), asset.lot)
            order.filled = whole(order.filled * ratio)
            order.limit = order.limit / ratio
            order.stop = order.stop / ratio
            order.trail_price = order.trail_price / ratio
            order.mark = order.mark / ratio
            if not order.quantity > order.filled:
                order.state = CANCELED
            written = log[order.key - 1]
            written.units = order.quantity
            written.filled = whole(written.filled * ratio)
            written.limit = order.limit
            written.stop = order.stop
            written.trail_price = order.trail_price
    keep_states(orders, asset, log)


def cash_fraction(asset: AssetRow, account: AccountRow) -> None:
    """Pay the part of a position that is no whole lot at the newest close."""
    held = asset.position
    if asset.lot > 0.0 and held != 0.0:
        kept = whole_part(held, asset.lot, 1e-6)
        kept = whole(kept) if kept >= 0.0 else -whole(-kept)
        account.cash += (held - kept) * asset.mark * asset.multiplier * asset.rate
        asset.cost = asset.cost * kept / held
        asset.position = kept


def note_change(
    done: Sequence[DoneRow],
    at: int,
    asset: AssetRow,
    account: AccountRow,
    before: float,
    price: float,
    step: int,
) -> int:
    """Write down that a position changed without an order; give the new number of fills."""
    change = asset.position - before
    if change == 0.0:
        return at
    if at >= len(done):
        account.is_full = 1
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
