"""Backtests that are nothing but the exchange's rules, one bar at a time, in both their forms.

Written in the subset that numba compiles. A fill costs a share of its value, in ``fee``.
"""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.exchange.rules.codes import (
    BUY,
    ENTRY,
    FREE,
    HELD,
    LIMIT,
    MARKET,
    PARTLY_FILLED,
    REGULAR_HOURS,
    SELL,
    STOP,
    STOP_LOSS,
    TAKE_PROFIT,
    WORKING,
)
from algotrendy.exchange.rules.quantities import whole
from algotrendy.exchange.rules.records import BarRow, FillRow, OrderRow, Terms
from algotrendy.exchange.rules.step import match_bar
from algotrendy.market_data.series import BarSeries

CASH, FEE = 10_000_000.0, 0.001


def bar_rows(series: BarSeries) -> list[BarRow]:
    """Give a series as the rules see it, each bar in regular hours."""
    columns = zip(series.open, series.high, series.low, series.close, series.volume, strict=True)
    return [
        BarRow(open=open_, high=high, low=low, close=close, volume=volume, phase=REGULAR_HOURS)
        for open_, high, low, close, volume in columns
    ]


def put(order: OrderRow, kind: int, side: int, quantity: float, state: int) -> None:
    """Write an order over a row that is no longer needed."""
    order.kind = kind
    order.side = side
    order.state = state
    order.quantity = quantity
    order.filled = 0.0
    order.triggered = 0
    order.parent = -1
    order.sibling = -1


def put_bracket(orders: Sequence[OrderRow], units: float, target: float, stop: float) -> None:
    """Write a market buy with both its exits over the first three rows."""
    put(orders[0], MARKET, BUY, units, WORKING)
    orders[0].role = ENTRY
    put(orders[1], LIMIT, SELL, units, HELD)
    orders[1].role = TAKE_PROFIT
    orders[1].limit = target
    put(orders[2], STOP, SELL, units, HELD)
    orders[2].role = STOP_LOSS
    orders[2].stop = stop
    for exit_ in (1, 2):
        orders[exit_].parent = 0
        orders[exit_].sibling = 3 - exit_


def brackets(
    bars: Sequence[BarRow],
    orders: Sequence[OrderRow],
    terms: Sequence[Terms],
    fills: Sequence[FillRow],
    units: float,
) -> tuple[float, int]:
    """Buy at every tenth bar when flat, with exits 0.3 % away; give last equity and fills."""
    cash, position, filled = CASH, 0.0, 0
    bar_count = len(bars)
    for t in range(bar_count):
        found = match_bar(orders, 3, bars[t], terms[0], fills, 0)
        for f in range(found):
            change = fills[f].quantity * orders[fills[f].order].side
            value = fills[f].quantity * fills[f].price
            cash -= change * fills[f].price + value * FEE
            position = whole(position + change)
        filled += found
        if position == 0.0 and t % 10 == 0 and t + 1 < bar_count:
            busy = False
            for k in range(3):
                state = orders[k].state
                busy = busy or (state != FREE and state <= PARTLY_FILLED)
            if not busy:
                close = bars[t].close
                put_bracket(orders, units, close * 1.003, close * 0.997)
    return cash + position * bars[bar_count - 1].close, filled


def sma_cross(
    bars: Sequence[BarRow],
    orders: Sequence[OrderRow],
    terms: Sequence[Terms],
    fills: Sequence[FillRow],
    units: float,
) -> tuple[float, int]:
    """Be long while the mean of 20 closes is above that of 50; give last equity and fills."""
    cash, position, filled = CASH, 0.0, 0
    fast, slow = 0.0, 0.0
    bar_count = len(bars)
    for t in range(bar_count):
        found = match_bar(orders, 1, bars[t], terms[0], fills, 0)
        for f in range(found):
            change = fills[f].quantity * orders[0].side
            cash -= change * fills[f].price + fills[f].quantity * fills[f].price * FEE
            position = whole(position + change)
        filled += found
        close = bars[t].close
        fast += close
        slow += close
        if t >= 20:
            fast -= bars[t - 20].close
        if t >= 50:
            slow -= bars[t - 50].close
        if t >= 49:
            if position == 0.0 and fast / 20 > slow / 50:
                put(orders[0], MARKET, BUY, units, WORKING)
            elif position > 0.0 and fast / 20 < slow / 50:
                put(orders[0], MARKET, SELL, units, WORKING)
    return cash + position * bars[bar_count - 1].close, filled
