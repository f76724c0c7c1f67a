"""Weigh prices by what was traded at them."""

from __future__ import annotations

import math

from algotrendy.strategy.indicators.updates.windows import (
    Memory,
    is_missing,
    rolling_sum,
    sum_cells,
)


def obv(memory: Memory, at: int, close: float, volume: float) -> float:
    """Add the volume of bars that closed higher, take off that of those that closed lower.

    Begins with the volume of the first bar. Cells: 1.0 once there is a close before; that close;
    the balance.
    """
    if is_missing(close, volume, 0.0):
        return math.nan
    balance = memory[at + 2]
    if memory[at] == 0.0 or close > memory[at + 1]:
        balance += volume
    elif close < memory[at + 1]:
        balance -= volume
    memory[at] = 1.0
    memory[at + 1] = close
    memory[at + 2] = balance
    return balance


def vwap_cells(period: int) -> int:
    """Count the cells of a rolling mean weighted by volume."""
    return 2 * sum_cells(period)


def vwap(
    memory: Memory, at: int, high: float, low: float, close: float, volume: float, period: int
) -> float:
    """Average the typical price of ``period`` bars by volume; nan when nothing was traded."""
    paid = rolling_sum(memory, at, (high + low + close) / 3.0 * volume, period)
    traded = rolling_sum(memory, at + sum_cells(period), volume, period)
    if traded == 0.0:
        return math.nan
    return paid / traded


def cumulative_vwap(
    memory: Memory, at: int, high: float, low: float, close: float, volume: float
) -> float:
    """Average the typical price of all bars by volume; nan until something was traded.

    Cells: what was paid, what was traded.
    """
    paid = (high + low + close) / 3.0 * volume
    if paid != paid:
        return math.nan
    memory[at] += paid
    memory[at + 1] += volume
    if memory[at + 1] == 0.0:
        return math.nan
    return memory[at] / memory[at + 1]


def money_flow_cells(period: int) -> int:
    """Count the cells of a money flow index."""
    return 2 + 2 * sum_cells(period)


def money_flow_index(
    memory: Memory, at: int, high: float, low: float, close: float, volume: float, period: int
) -> float:
    """Give the share of money at rising prices in all money at moving ones, in percent.

    50 when none moved. Cells: 1.0 once there is a price before; that typical price; a sum of the
    money at rising prices and one of that at falling ones.
    """
    price = (high + low + close) / 3.0
    money = price * volume
    if money != money:
        return math.nan
    before = memory[at + 1]
    memory[at + 1] = price
    if memory[at] == 0.0:
        memory[at] = 1.0
        return math.nan
    rising = rolling_sum(memory, at + 2, money if price > before else 0.0, period)
    falling_at = at + 2 + sum_cells(period)
    falling = rolling_sum(memory, falling_at, money if price < before else 0.0, period)
    if rising <= 0.0 and falling <= 0.0:
        return 50.0
    # What a sum lost in a difference must not carry the share out of its range.
    if rising <= 0.0:
        return 0.0
    if falling <= 0.0:
        return 100.0
    return 100.0 * (rising / (rising + falling))


def flow_of(high: float, low: float, close: float, volume: float) -> float:
    """Give the volume weighed 1 for a close at the high to -1 for one at the low."""
    if high == low:
        return 0.0
    return ((close - low) - (high - close)) / (high - low) * volume


def accumulation_distribution(
    memory: Memory, at: int, high: float, low: float, close: float, volume: float
) -> float:
    """Sum up the volume of all bars, weighed by where in its range each closed. Cell: the sum."""
    flow = flow_of(high, low, close, volume)
    if flow != flow:
        return math.nan
    memory[at] += flow
    return memory[at]


def chaikin_oscillator(
    memory: Memory,
    at: int,
    high: float,
    low: float,
    close: float,
    volume: float,
    fast: int,
    slow: int,
) -> float:
    """Give a fast exponential mean of accumulation and distribution less a slow one.

    Both begin at the first bar's. Cells: the sum; bars seen; the means.
    """
    line = accumulation_distribution(memory, at, high, low, close, volume)
    if line != line:
        return math.nan
    seen = memory[at + 1]
    if seen == 0.0:
        memory[at + 2] = line
        memory[at + 3] = line
    memory[at + 1] = seen + 1.0
    memory[at + 2] += (line - memory[at + 2]) * (2.0 / (fast + 1.0))
    memory[at + 3] += (line - memory[at + 3]) * (2.0 / (slow + 1.0))
    if seen + 1.0 < slow:
        return math.nan
    return memory[at + 2] - memory[at + 3]
