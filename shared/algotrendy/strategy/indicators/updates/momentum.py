"""Tell how fast, how far and how steadily a price moves."""

from __future__ import annotations

import math

from algotrendy.strategy.indicators.updates.averages import (
    EMA,
    WILDER,
    ema,
    triple_ema,
    wilder,
)
from algotrendy.strategy.indicators.updates.windows import (
    NEWEST,
    RING,
    RUN,
    Memory,
    extreme_age,
    extreme_cells,
    highest,
    is_missing,
    lag,
    lowest,
    rolling_sum,
    sma,
    sum_cells,
)


def momentum(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the value less that of ``period`` values ago."""
    return value - lag(memory, at, value, period)


def roc(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the change over ``period`` values in percent; nan when it was from 0."""
    before = lag(memory, at, value, period)
    if before == 0.0:
        return math.nan
    return (value / before - 1.0) * 100.0


def rsi(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the share of gains in all moves, in percent, 50 when nothing moved.

    Cells: 1.0 once there is a value before; that value; Wilder's means of gains and of losses.
    """
    if value != value:
        return math.nan
    move = value - memory[at + 1]
    memory[at + 1] = value
    if memory[at] == 0.0:
        memory[at] = 1.0
        return math.nan
    gain, loss = 0.0, 0.0
    if move > 0.0:
        gain = move
    else:
        loss = -move
    gains = wilder(memory, at + 2, gain, period)
    moves = gains + wilder(memory, at + 2 + WILDER, loss, period)
    if moves == 0.0:
        return 50.0
    return 100.0 * (gains / moves)


def macd(memory: Memory, at: int, value: float, fast: int, slow: int, signal: int) -> float:
    """Give a fast exponential mean less a slow one.

    Cells: the signal, the histogram; values seen; the means: fast, slow, signal.
    """
    memory[at] = math.nan
    memory[at + 1] = math.nan
    if value != value:
        return math.nan
    seen = memory[at + 2]
    memory[at + 2] = seen + 1.0
    line = math.nan
    # The fast mean waits, so that the seeds of both end at the same value.
    if seen >= slow - fast:
        line = ema(memory, at + 3, value, fast)
    line -= ema(memory, at + 3 + EMA, value, slow)
    smooth = ema(memory, at + 3 + 2 * EMA, line, signal)
    if smooth != smooth:
        return math.nan
    memory[at] = smooth
    memory[at + 1] = line - smooth
    return line


def trix(memory: Memory, at: int, value: float, period: int) -> float:
    """Give the change of the thrice smoothed value in percent; nan when it was from 0.

    Cells: 1.0 once there is a mean before; that mean; three exponential means.
    """
    mean = triple_ema(memory, at + 2, value, period)
    if mean != mean:
        return math.nan
    before = memory[at + 1]
    memory[at + 1] = mean
    if memory[at] == 0.0:
        memory[at] = 1.0
        return math.nan
    if before == 0.0:
        return math.nan
    return (mean / before - 1.0) * 100.0


def cci(memory: Memory, at: int, high: float, low: float, close: float, period: int) -> float:
    """Measure the typical price from its mean, in 0.015 mean absolute deviations.

    Reads the whole window at each bar, since every deviation changes with the mean.
    """
    price = (high + low + close) / 3.0
    mean = sma(memory, at, price, period)
    if mean != mean:
        return math.nan
    if memory[at + RUN] >= period:
        return 0.0
    deviations = 0.0
    for k in range(at + RING, at + RING + period):
        deviations += math.fabs(memory[k] - mean)
    if deviations == 0.0:
        return 0.0
    return (memory[at + NEWEST] - mean) / (0.015 * (deviations / period))


def place_in_range(
    memory: Memory, at: int, high: float, low: float, close: float, period: int
) -> float:
    """Say where the close lies in the range of the last ``period`` bars, 0.0 to 1.0.

    A range of nothing has its close in the middle. Cells: a highest, a lowest.
    """
    if is_missing(high, low, close):
        return math.nan
    top = highest(memory, at, high, period)
    bottom = lowest(memory, at + extreme_cells(period), low, period)
    if top == bottom:
        return 0.5
    return (close - bottom) / (top - bottom)


def williams_r(
    memory: Memory, at: int, high: float, low: float, close: float, period: int
) -> float:
    """Say how far the close lies below the highest high, in percent of the range, 0 to -100."""
    return 100.0 * place_in_range(memory, at, high, low, close, period) - 100.0


def stochastic_cells(period: int, smoothing: int, signal: int) -> int:
    """Count the cells of a stochastic oscillator."""
    return 2 + 2 * extreme_cells(period) + sum_cells(smoothing) + sum_cells(signal)


def stochastic(
    memory: Memory,
    at: int,
    high: float,
    low: float,
    close: float,
    period: int,
    smoothing: int,
    signal: int,
) -> float:
    """Say where the close lies in the range, in percent, smoothed; its mean is the signal.

    Cells: the signal, the unsmoothed value; a highest, a lowest; a mean and the signal's mean.
    """
    memory[at] = math.nan
    memory[at + 1] = math.nan
    raw = 100.0 * place_in_range(memory, at + 2, high, low, close, period)
    smooth_at = at + 2 + 2 * extreme_cells(period)
    smooth = sma(memory, smooth_at, raw, smoothing)
    line = sma(memory, smooth_at + sum_cells(smoothing), smooth, signal)
    if line != line:
        return math.nan
    memory[at] = line
    memory[at + 1] = raw
    return smooth


def ultimate_cells(short: int, middle: int, long: int) -> int:
    """Count the cells of an ultimate oscillator."""
    return 2 + 2 * (sum_cells(short) + sum_cells(middle) + sum_cells(long))


def pressure(memory: Memory, at: int, buying: float, reach: float, period: int) -> float:
    """Give the share of buying in all that was reached, 0.5 when there was nothing to reach."""
    bought = rolling_sum(memory, at, buying, period)
    whole = rolling_sum(memory, at + sum_cells(period), reach, period)
    if whole == 0.0:
        return 0.5
    return bought / whole


def ultimate_oscillator(
    memory: Memory,
    at: int,
    high: float,
    low: float,
    close: float,
    short: int,
    middle: int,
    long: int,
) -> float:
    """Weigh buying pressure over three periods 4 : 2 : 1, in percent.

    Cells: 1.0 once there is a close before; that close; for each period a sum of the buying and
    one of the true range.
    """
    if is_missing(high, low, close):
        return math.nan
    before = memory[at + 1]
    memory[at + 1] = close
    if memory[at] == 0.0:
        memory[at] = 1.0
        return math.nan
    bottom, top = low, high
    if before < bottom:
        bottom = before
    if before > top:
        top = before
    buying, reach = close - bottom, top - bottom
    second = at + 2 + 2 * sum_cells(short)
    third = second + 2 * sum_cells(middle)
    weighed = 4.0 * pressure(memory, at + 2, buying, reach, short)
    weighed += 2.0 * pressure(memory, second, buying, reach, middle)
    weighed += pressure(memory, third, buying, reach, long)
    return 100.0 * (weighed / 7.0)


def aroon_cells(period: int) -> int:
    """Count the cells of an Aroon."""
    return 2 + 2 * extreme_cells(period + 1)


def aroon(memory: Memory, at: int, high: float, low: float, period: int) -> float:
    """Give how new the highest high is less how new the lowest low is, in percent.

    Cells: the two of them, up and down; a highest, a lowest, each over period + 1 bars.
    """
    memory[at] = math.nan
    memory[at + 1] = math.nan
    if is_missing(high, low, 0.0):
        return math.nan
    lows = at + 2 + extreme_cells(period + 1)
    top = highest(memory, at + 2, high, period + 1)
    lowest(memory, lows, low, period + 1)
    if top != top:
        return math.nan
    up = 100.0 * (period - extreme_age(memory, at + 2, period + 1)) / period
    down = 100.0 * (period - extreme_age(memory, lows, period + 1)) / period
    memory[at] = up
    memory[at + 1] = down
    return up - down
