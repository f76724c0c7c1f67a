"""Drive a compiled strategy over a dataset; step for step what `interpreted` does."""

from __future__ import annotations

from typing import Any

from numba import types

from algotrendy.backtest.engine.compiled.cache import kept
from algotrendy.backtest.engine.compiled.memory import (
    ACCOUNT,
    ACTION,
    ASSET,
    BAR,
    BAR_CLOSED,
    CONTEXT,
    COSTS,
    DECIDE_ONLY,
    DONE,
    FILL,
    FILLED,
    FRAME,
    INDICATORS_ONLY,
    LOG,
    ORDER,
    SCHEDULED,
    TERMS,
)
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT, load_float, load_int
from algotrendy.backtest.engine.compiled.signatures import ENTRY, FULL, RAISED, WHOLE, rows_of
from algotrendy.backtest.engine.rules import actions as action_rules
from algotrendy.backtest.engine.rules import meeting
from algotrendy.backtest.engine.rules.actions import take_action
from algotrendy.backtest.engine.rules.booking import equity_of, gross_of
from algotrendy.backtest.engine.rules.costs import charge_nights
from algotrendy.backtest.engine.rules.meeting import (
    close_all,
    is_called,
    is_quiet,
    meet,
    sells_first,
)
from algotrendy.exchange.compiled import inner, register

for _module in (action_rules, meeting):
    register(_module)

_DONE_SIZE = DONE.itemsize


@inner
def act(
    asset: Any,
    orders: Any,
    account: Any,
    log: Any,
    actions: Any,
    moment: int,
    done: Any,
    at: int,
    step: int,
) -> int:
    """Take the actions of a company that take effect by a moment; give the number of fills."""
    while asset.action < asset.last_action and actions[asset.action].time <= moment:
        action = actions[asset.action]
        asset.action += 1
        at = take_action(action.kind, action.value, orders, asset, account, log, done, at, step)
    return at


@inner
def tell_frames(assets: Any, count: int, frames: Any, now: int) -> None:
    """Let the coarser frames see the bars that are known by now."""
    for k in range(count):
        for place in range(1, frames.shape[1]):
            frame = frames[k, place]
            before = frame.seen
            while frame.seen < frame.size and load_int(frame.known + 8 * frame.seen) <= now:
                frame.seen += 1
            frame.is_new = 1 if frame.seen > before else 0


@kept(
    INT(
        ENTRY, INT, rows_of(CONTEXT), rows_of(ASSET), rows_of(FRAME, 2), rows_of(ORDER, 2),
        rows_of(LOG), rows_of(DONE), rows_of(FILL), rows_of(BAR), rows_of(ACCOUNT),
        rows_of(COSTS), rows_of(TERMS), rows_of(ACTION), types.Array(FLOAT, 2, "C"),
        types.Array(INT, 1, "C"), types.Array(INT, 1, "C"),
        types.Array(INT, 1, "C", readonly=True),
        types.Array(FLOAT, 2, "C"), INT, INT, INT,
    ),
    error_model="numpy",
    nogil=True,
)  # fmt: skip
def drive(  # noqa: C901 - the order of a step, in one place
    entry: Any,
    address: int,
    contexts: Any,
    assets: Any,
    frames: Any,
    orders: Any,
    log: Any,
    done: Any,
    found: Any,
    bars: Any,
    accounts: Any,
    cost_rows: Any,
    terms: Any,
    actions: Any,
    rates: Any,
    nights: Any,
    due: Any,
    timeline: Any,
    curves: Any,
    has_callbacks: int,
    done_rows: int,
    trade_from: int,
) -> int:
    """Run over all steps; give how it ended.

    Args:
        due: Of each step, bit i set when schedule i is due; empty without schedules.
        curves: Gets equity, cash and exposure, shape (3, steps).
        has_callbacks: 1 when fills or schedules are told.
        done_rows: Where the booked fills are, as an address.
        trade_from: The first step at which orders are taken.
    """
    context, account, costs, bar = contexts[0], accounts[0], cost_rows[0], bars[0]
    count = assets.shape[0]
    is_margin = costs.leverage > 1.0 or costs.allow_short != 0
    equity, cash, exposure = curves[0], curves[1], curves[2]
    filled = 0
    for step in range(timeline.size):
        now = timeline[step]
        if nights.size > 0 and nights[step] != 0:
            charge_nights(assets, count, account, costs, nights[step])
        if rates.shape[0] > 0:
            for k in range(count):
                assets[k].rate = rates[step, k]
        first = filled
        sales = False
        for k in range(count):
            asset = assets[k]
            asset.is_new = 0
            if asset.seen < asset.size:
                if load_int(asset.known + 8 * asset.seen) == now:
                    asset.is_new = 1
                    if count > 1 and asset.count > 0 and sells_first(orders[k], asset):
                        asset.is_new = 2
                        sales = True
            elif asset.action < asset.last_action:
                filled = act(asset, orders[k], account, log, actions, now, done, filled, step)
        for turn in range(2 if sales else 1):
            for k in range(count):
                asset = assets[k]
                if asset.is_new == 0 or (sales and asset.is_new != 2 - turn):
                    continue
                i = 8 * asset.seen
                begin = load_int(asset.time + i)
                if asset.action < asset.last_action:
                    filled = act(asset, orders[k], account, log, actions, begin, done, filled, step)
                low = load_float(asset.low + i)
                high = load_float(asset.high + i)
                if asset.count > 0 and not is_quiet(orders[k], asset, low, high):
                    bar.open = load_float(asset.open + i)
                    bar.high = high
                    bar.low = low
                    bar.close = load_float(asset.close + i)
                    bar.volume = load_float(asset.volume + i)
                    bar.phase = load_int(asset.phase + i)
                    filled = meet(
                        assets, count, k, account, costs, orders[k], log, bar, begin, terms[k],
                        found, done, filled, step,
                    )  # fmt: skip
                asset.seen += 1
                asset.mark = load_float(asset.close + i)
        if frames.shape[1] > 1:
            tell_frames(assets, count, frames, now)
        account.equity = equity_of(assets, count, account)
        if is_margin and account.is_ruined == 0 and is_called(assets, count, account, costs):
            close_all(assets, count, account, orders, log, step, now)
        context.step = step
        context.now = now
        account.is_shut = 1 if step < trade_from else 0
        if account.is_ruined == 0:
            if has_callbacks == 0:
                context.event = BAR_CLOSED
                if entry(address) != 0:
                    return RAISED
            else:
                context.event = INDICATORS_ONLY
                if entry(address) != 0:
                    return RAISED
                context.event = FILLED
                for at in range(first, filled):
                    if done[at].order == 0:
                        continue
                    context.fill = done_rows + at * _DONE_SIZE
                    if entry(address) != 0:
                        return RAISED
                if due.size > 0 and due[step] != 0:
                    for schedule in range(62):
                        if due[step] >> schedule & 1 != 0:
                            context.event = SCHEDULED + schedule
                            if entry(address) != 0:
                                return RAISED
                context.event = DECIDE_ONLY
                if entry(address) != 0:
                    return RAISED
        if account.is_full != 0:
            return FULL
        equity[step] = account.equity
        cash[step] = account.cash
        exposure[step] = gross_of(assets, count)
    contexts[0].fill = filled
    return WHOLE
