"""Drive the plain case, several times as fast: one asset, one timeframe, a cash account.

Does what `driver.drive` does where most of it cannot happen; `Interpreter` has the same pair. The
strategy goes from bar to bar by itself, see `spans`; here its orders meet the bars that it left.
"""

from __future__ import annotations

from typing import Any

from algotrendy.backtest.engine.compiled.cache import kept
from algotrendy.backtest.engine.compiled.memory import BAR_CLOSED
from algotrendy.backtest.engine.compiled.pointers import INT, load_float, load_int
from algotrendy.backtest.engine.compiled.signatures import ENTRY, FULL, RAISED, WHOLE
from algotrendy.backtest.engine.compiled.tables import (
    account_at,
    assets_at,
    bar_at,
    context_at,
    costs_at,
    done_at,
    found_at,
    log_at,
    orders_at,
    terms_at,
)
from algotrendy.backtest.engine.rules import meeting
from algotrendy.backtest.engine.rules.meeting import meet
from algotrendy.exchange.compiled import register

register(meeting)


@kept(INT(ENTRY, INT), error_model="numpy", nogil=True)
def drive_plain(entry: Any, place: int) -> int:
    """Run over all bars; give how it ended.

    Args:
        entry: Goes from the context's step to the next that orders must meet, or to the end.
        place: The context's address.
    """
    context, assets, account = context_at(place), assets_at(place), account_at(place)
    costs, terms, bar = costs_at(place), terms_at(place), bar_at(place)
    log, done, found = log_at(place), done_at(place), found_at(place)
    orders = orders_at(place, context.assets)
    asset = assets[0]
    filled = 0
    context.event = BAR_CLOSED
    context.late = 1
    asset.is_new = 1
    context.step = 0
    while context.step < asset.size:
        step = context.step
        if asset.count > 0:
            i = 8 * step
            bar.open = load_float(asset.open + i)
            bar.high = load_float(asset.high + i)
            bar.low = load_float(asset.low + i)
            bar.close = load_float(asset.close + i)
            bar.volume = load_float(asset.volume + i)
            bar.phase = load_int(asset.phase + i)
            begin = load_int(asset.time + i)
            filled = meet(
                assets, 1, 0, account, costs, orders, log, bar, begin, terms, found, done,
                filled, step,
            )  # fmt: skip
        if entry(place) != 0:
            return RAISED
    if account.is_full != 0:
        return FULL
    context.fill = filled
    return WHOLE
