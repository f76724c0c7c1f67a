"""Sum a run up in one pass over its curves: the figures that a sweep keeps of each of its runs.

The figures are computed by `summarise_into`, a function of numbers and records that runs compiled
in a sweep and interpreted elsewhere, to the same bits. What is undefined is nan there, and None in
a `Statistics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log, nan, sqrt
from typing import Any

import numpy as np

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.statistics.annual import STILL, TRADING_DAYS, steps_a_year
from algotrendy.backtest.statistics.figures import STATISTICS, Statistics
from algotrendy.exchange.rules.quantities import whole
from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.calendar import TradingCalendar

NS_PER_YEAR = 365.25 * 86_400 * 1e9
# The logarithm of a growth that a float holds with room to spare.
_MOST_GROWTH = 690.0
COUNTS = ("drawdown_bars", "trades", "orders_cut", "orders_unfilled")
"""The figures that are whole numbers."""

# More than the roundings of a fall come to.
_ROUNDING = 1e-12

# The state of an asset's round trip.
POSITION, ENTERED, LEFT, FEES = range(4)
TRIP_CELLS = 4


def periods_per_year(timeframe: Timeframe, calendar: TradingCalendar | None = None) -> float:
    """Give the bars in a year of 252 sessions of 6.5 hours, or in one of a calendar."""
    return steps_a_year(timeframe.value, calendar)


def years_of(times: Sequence[int] | Any) -> float:
    """Give the calendar time from the first moment to the last, in years."""
    return (int(times[-1]) - int(times[0])) / NS_PER_YEAR if len(times) else 0.0


def summarise(backtest: Backtest, periods_per_year: float = TRADING_DAYS) -> Statistics:
    """Sum up a run.

    Args:
        periods_per_year: How many steps a year has, for annualising.
    """
    out = [0.0] * len(STATISTICS)
    setting = backtest.setting
    rates = setting.rates
    summarise_into(
        backtest.equity.tolist(),
        backtest.exposure.tolist(),
        setting.terms.cash,
        years_of(backtest.time),
        periods_per_year,
        backtest.fills.view(np.recarray),
        len(backtest.fills),
        [asset.multiplier for asset in setting.dataset.assets],
        np.zeros((0, 0)) if rates is None else rates,
        [0.0] * (TRIP_CELLS * len(setting.dataset.assets)),
        [0.0] * len(backtest.equity),
        out,
    )
    counted = {
        "orders_cut": backtest.cut,
        "orders_unfilled": backtest.unfilled,
        "fees": backtest.raw.account.fees,
    }
    for name, value in counted.items():
        out[STATISTICS.index(name)] = float(value)
    return statistics_of_row(out)


def statistics_of_row(row: Sequence[float]) -> Statistics:
    """Give the figures of a row in the order of ``STATISTICS``; nan is undefined."""
    named: dict[str, Any] = {}
    for name, value in zip(STATISTICS, row, strict=True):
        if name in COUNTS:
            named[name] = int(value)
        else:
            named[name] = None if isnan(value) else float(value)
    return Statistics(**named)


def summarise_into(
    equity: Sequence[float],
    exposure: Sequence[float],
    cash: float,
    years: float,
    periods_per_year: float,
    done: Any,
    filled: int,
    multipliers: Any,
    rates: Any,
    trips: Any,
    changes: Any,
    out: Any,
) -> None:
    """Write the figures in the order of `Statistics`; counts of the account are left at 0.

    Args:
        done: The fills, with the fields of ``DoneRow``; the first ``filled`` are read.
        rates: Of currencies, shape (steps, assets); (0, 0) when all are the account's.
        trips: Room for the state of each asset's round trip, zeros.
        changes: Room for the return of each step.
        out: Gets the figures.
    """
    steps = len(equity)
    final = equity[steps - 1] if steps > 0 else cash
    out[0] = final
    out[1] = final / cash - 1.0
    growth = growth_of(cash, final, years)
    out[2] = growth
    mean, spread, losses, count, mean_equity = moments_of(equity, changes)
    deviation = sqrt(spread) if count > 1 else nan
    below = sqrt(losses) if count > 1 else nan
    risk = sqrt(spread * periods_per_year) if count > 1 else nan
    downside = sqrt(losses * periods_per_year) if count > 1 else nan
    out[3] = risk
    out[4] = mean * periods_per_year / risk if deviation > STILL else nan
    out[5] = mean * periods_per_year / downside if below > STILL else nan
    deepest, longest = deepest_fall(equity)
    out[6] = deepest
    out[7] = longest
    out[8] = nan if deepest == 0.0 else growth / -deepest
    held = 0
    for step in range(steps):
        if exposure[step] > 0.0:
            held += 1
    out[9] = held / steps if steps > 0 else 0.0
    traded, trades, wins, won, lost = count_trips(done, filled, multipliers, rates, trips)
    out[10] = traded / 2.0 / mean_equity / years if years > 0.0 and mean_equity > 0.0 else nan
    out[11] = trades
    out[12] = wins / trades if trades > 0 else nan
    out[13] = won / lost if lost > 0.0 else nan


def growth_of(initial: float, final: float, years: float) -> float:
    """Give the yearly rate that turns initial into final; -1 after ruin.

    It is nan without time, and when it is more than a float can hold: minutes tell no year.
    """
    if years <= 0.0:
        return nan
    if final <= 0.0:
        return -1.0
    if log(final / initial) / years > _MOST_GROWTH:
        return nan
    rate: float = (final / initial) ** (1.0 / years)
    return rate - 1.0


def add_exactly(total: float, rest: float, value: float) -> tuple[float, float]:
    """Add a value to a sum, and what rounding lost to a rest: Neumaier's summation."""
    added = total + value
    if abs(total) >= abs(value):
        rest += (total - added) + value
    else:
        rest += (value - added) + total
    return added, rest


def moments_of(equity: Sequence[float], changes: Any) -> tuple[float, float, float, int, float]:
    """Give of the returns up to ruin: mean, variance (n - 1), mean square of losses, number.

    And of the equity the mean. Sums wait for each addition before the next: two of them side by
    side take the time of one.

    Args:
        changes: Room for the returns.
    """
    count = steps_to_ruin(equity)
    for step in range(count):
        changes[step] = equity[step + 1] / equity[step] - 1.0
    total = 0.0
    rest = 0.0
    worth = 0.0
    worth_rest = 0.0
    for step in range(count):
        total, rest = add_exactly(total, rest, changes[step])
        worth, worth_rest = add_exactly(worth, worth_rest, equity[step])
    for step in range(count, len(equity)):
        worth, worth_rest = add_exactly(worth, worth_rest, equity[step])
    mean_equity = (worth + worth_rest) / len(equity) if len(equity) > 0 else 0.0
    if count == 0:
        return 0.0, 0.0, 0.0, 0, mean_equity
    mean = (total + rest) / count
    squares = 0.0
    squares_rest = 0.0
    losses = 0.0
    losses_rest = 0.0
    for step in range(count):
        change = changes[step]
        off = change - mean
        squares, squares_rest = add_exactly(squares, squares_rest, off * off)
        # Nothing is added for a gain: a branch that nobody can foresee would cost more.
        loss = min(0.0, change)
        losses, losses_rest = add_exactly(losses, losses_rest, loss * loss)
    spread = (squares + squares_rest) / (count - 1) if count > 1 else 0.0
    return mean, spread, (losses + losses_rest) / count, count, mean_equity


def steps_to_ruin(equity: Sequence[float]) -> int:
    """Count the steps from an equity above 0 to the next."""
    last = max(len(equity) - 1, 0)
    ruined = 0
    for step in range(last):
        if equity[step] <= 0.0:
            ruined += 1
    if ruined > 0:
        for step in range(last):
            if equity[step] <= 0.0:
                return step
    return last


def deepest_fall(equity: Sequence[float]) -> tuple[float, int]:
    """Give the deepest fall from a peak (0 or less) and the longest time below one, in bars."""
    deepest = 0.0
    longest = 0
    below = 0
    peak = 0.0
    for step in range(len(equity)):
        value = equity[step]
        is_below = value < peak
        below = below + 1 if is_below else 0
        longest = max(longest, below)
        peak = peak if is_below else value
        # Only what is deeper, or as deep but for rounding, is worth a division.
        if value < peak * (1.0 + deepest + _ROUNDING) or value <= 0.0:
            fall = value / peak - 1.0
            if fall < deepest:
                deepest = fall
    return deepest, longest


def count_trips(
    done: Any,
    filled: int,
    multipliers: Any,
    rates: Any,
    trips: Any,
) -> tuple[float, int, int, float, float]:
    """Give traded notional, closed round trips, winners, and what was won and lost by them.

    As `trades.TradeBook` counts them.
    """
    traded = 0.0
    trades = 0
    wins = 0
    won = 0.0
    lost = 0.0
    for f in range(filled):
        fill = done[f]
        units = fill.units
        unit = multipliers[fill.asset]
        if len(rates) > 0:
            unit = unit * rates[fill.step][fill.asset]
        price = fill.price * unit
        fee = fill.fee
        if fill.order > 0:
            traded += abs(units) * fill.price * unit
        at = TRIP_CELLS * fill.asset
        held = trips[at + POSITION]
        if held * units < 0.0:
            leaving = units if abs(units) <= abs(held) else -held
            part = fee if leaving == units else fee * (leaving / units)
            trips[at + LEFT] += abs(leaving) * price
            trips[at + FEES] += part
            trips[at + POSITION] = on_billionths(held + leaving)
            if trips[at + POSITION] == 0.0:
                made = trips[at + LEFT] - trips[at + ENTERED]
                profit = (made if held > 0.0 else -made) - trips[at + FEES]
                trades += 1
                if profit > 0.0:
                    wins += 1
                    won += profit
                else:
                    lost -= profit
                trips[at + ENTERED] = 0.0
                trips[at + LEFT] = 0.0
                trips[at + FEES] = 0.0
            units = on_billionths(units - leaving)
            fee -= part
        if units != 0.0:
            trips[at + POSITION] = on_billionths(trips[at + POSITION] + units)
            trips[at + ENTERED] += abs(units) * price
            trips[at + FEES] += fee
    return traded, trades, wins, won, lost


def on_billionths(quantity: float) -> float:
    """Give the nearest whole number of billionths, of either sign."""
    return whole(quantity) if quantity >= 0.0 else -whole(-quantity)
