"""Drive the plain case, several times as fast: one asset, one timeframe, a cash account.

Does what `driver.drive` does where most of it cannot happen; `Interpreter` has the same pair.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types

from algotrendy.backtest.engine.compiled.memory import (
    ACCOUNT,
    ASSET,
    BAR,
    BAR_CLOSED,
    CONTEXT,
    COSTS,
    DONE,
    FILL,
    LOG,
    ORDER,
    TERMS,
)
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT, load_float, load_int
from algotrendy.backtest.engine.compiled.signatures import ENTRY, FULL, RAISED, WHOLE, rows_of
from algotrendy.backtest.engine.rules import meeting
from algotrendy.backtest.engine.rules.meeting import is_quiet, meet
from algotrendy.exchange.compiled import register

register(meeting)


@njit(
    INT(
        ENTRY, INT, rows_of(CONTEXT), rows_of(ASSET), rows_of(ORDER, 2), rows_of(LOG),
        rows_of(DONE), rows_of(FILL), rows_of(BAR), rows_of(ACCOUNT), rows_of(COSTS),
        rows_of(TERMS), types.Array(FLOAT, 2, "C"),
    ),
    cache=True,
    error_model="numpy",
    nogil=True,
)  # fmt: skip
def drive_plain(
    entry: Any,
    address: int,
    contexts: Any,
    assets: Any,
    orders: Any,
    log: Any,
    done: Any,
    found: Any,
    bars: Any,
    accounts: Any,
    cost_rows: Any,
    terms: Any,
    curves: Any,
) -> int:
    """Run over all bars; give how it ended.

    Args:
        curves: Gets equity, cash and exposure, shape (3, steps).
    """
    context, account, costs, bar, asset = (
        contexts[0],
        accounts[0],
        cost_rows[0],
        bars[0],
        assets[0],
    )
    rows, term = orders[0], terms[0]
    equity, cash, exposure = curves[0], curves[1], curves[2]
    lows, highs, closes, known = asset.low, asset.high, asset.close, asset.known
    unit = asset.multiplier
    filled = 0
    context.event = BAR_CLOSED
    asset.is_new = 1
    for step in range(asset.size):
        i = 8 * step
        if asset.count > 0:
            low = load_float(lows + i)
            high = load_float(highs + i)
            if not is_quiet(rows, asset, low, high):
                bar.open = load_float(asset.open + i)
                bar.high = high
                bar.low = low
                bar.close = load_float(closes + i)
                bar.volume = load_float(asset.volume + i)
                bar.phase = load_int(asset.phase + i)
                begin = load_int(asset.time + i)
                filled = meet(
                    assets, 1, 0, account, costs, rows, log, bar, begin, term, found, done,
                    filled, step,
                )  # fmt: skip
        close = load_float(closes + i)
        asset.seen = step + 1
        asset.mark = close
        value = asset.position * close * unit * 1.0
        worth = account.cash + value
        account.equity = worth
        context.step = step
        context.now = load_int(known + i)
        if entry(address) != 0:
            return RAISED
        equity[step] = worth
        cash[step] = account.cash
        exposure[step] = abs(value)
    if account.is_full != 0:
        return FULL
    context.fill = filled
    return WHOLE
