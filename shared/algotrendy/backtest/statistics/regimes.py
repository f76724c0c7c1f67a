"""Break a run's returns down by the market's state and by the calendar.

No state looks ahead: the state of a bar is known at the close before it. Bars before a state can
be told carry the code -1 and count in none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from algotrendy.backtest.statistics.rolling import (
    check_window,
    rolling_mean,
    rolling_volatility,
)
from algotrendy.backtest.statistics.sample import sample_of
from algotrendy.backtest.statistics.series import DAY_NS, FloatArray, IntArray, Series, defined
from algotrendy.kernel.errors import Invalid

BEAR, BULL = 0, 1
TREND_NAMES = ("bear", "bull")
VOLATILITY_NAMES = ("low volatility", "middle volatility", "high volatility")
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Regime:
    """What the run made in one state.

    Attributes:
        name: Of the state.
        bars: How many returns fell into it.
        share: Of all the returns that fell into any.
        total_return: The returns compounded, one after the other.
        mean: Of the returns.
        volatility: Annualised.
        sharpe: Annualised.
        win_rate: Gains over gains and losses.
        best, worst: Return of one bar.
    """

    name: str
    bars: int
    share: float
    total_return: float | None
    mean: float | None
    volatility: float | None
    sharpe: float | None
    win_rate: float | None
    best: float | None
    worst: float | None


def by_state(
    returns: FloatArray, codes: IntArray, names: Sequence[str], periods_per_year: float
) -> tuple[Regime, ...]:
    """Break returns down by codes that point at names; -1 is left out.

    Raises:
        Invalid: If there are not as many codes as returns, or a code has no name.
    """
    if len(codes) != len(returns):
        raise Invalid("codes", f"of length {len(returns)}", len(codes))
    if len(codes) and not (codes.min() >= -1 and codes.max() < len(names)):
        raise Invalid("codes", f"from -1 to {len(names) - 1}", int(codes.max()))
    told = int(np.count_nonzero(codes >= 0))
    return tuple(
        _regime(name, returns[codes == code], told, periods_per_year)
        for code, name in enumerate(names)
    )


def trend_by_mean(prices: FloatArray, window: int = 200) -> IntArray:
    """Tell bull from bear by a market's price above or below its mean of the last bars.

    Args:
        prices: Of the market at each close, shape (n + 1,), as a series' wealth.

    Returns:
        Codes of the n returns: that of the return from close t to t + 1 is known at close t. At
        the mean itself counts as bear.

    Source: Faber, "A Quantitative Approach to Tactical Asset Allocation", Journal of Wealth
    Management 9 (2007), for the long mean.
    """
    mean = rolling_mean(prices, check_window(window))
    codes = np.where(prices > mean, BULL, BEAR)
    codes[np.isnan(mean)] = -1
    return codes[:-1].astype(np.int64)


def trend_by_turns(prices: FloatArray, turn: float = 0.2) -> IntArray:
    """Tell bull from bear by falls and rises of 20 percent, from the close at which they are seen.

    A bear market begins when the price has fallen by ``turn`` from its highest close, a bull market
    when it has risen by ``turn`` from its lowest. Codes as of ``trend_by_mean``; -1 until the first
    turn. Nothing is dated back to the peak, as chroniclers do.
    """
    if not 0.0 < turn < 1.0:
        raise Invalid("turn", "between 0 and 1", turn)
    codes = np.full(len(prices), -1, dtype=np.int64)
    state, high, low = -1, -math.inf, math.inf
    for bar, price in enumerate(prices.tolist()):
        high, low = max(high, price), min(low, price)
        if state != BEAR and price <= high * (1.0 - turn):
            state, low = BEAR, price
        elif state != BULL and price >= low * (1.0 + turn):
            state, high = BULL, price
        codes[bar] = state
    return codes[:-1]


def volatility_terciles(returns: FloatArray, window: int = 21, memory: int = 252) -> IntArray:
    """Tell low, middle and high volatility (0, 1, 2) by what was known before each return.

    The volatility of the last ``window`` returns before it is ranked among its own last ``memory``
    values: below a third of them is low, from two thirds on high.

    Args:
        returns: Of the market or the run, shape (n,).
    """
    check_window(memory, 3)
    known = rolling_volatility(returns, window, 1.0)
    codes = np.full(len(returns), -1, dtype=np.int64)
    first = window - 1 + memory - 1
    ends = np.arange(first, len(returns) - 1)
    for start in range(0, len(ends), max(1, _AT_ONCE // memory)):
        some = ends[start : start + max(1, _AT_ONCE // memory)]
        past = np.lib.stride_tricks.sliding_window_view(known, memory)[some - memory + 1]
        rank = np.count_nonzero(past < known[some][:, None], axis=1) / memory
        codes[some + 1] = (rank >= 1.0 / 3.0).astype(np.int64) + (rank >= 2.0 / 3.0)
    return codes


def by_calendar(series: Series, unit: Literal["year", "month", "weekday"]) -> tuple[Regime, ...]:
    """Break returns down by the UTC calendar of the bar in which each ends; empty without times."""
    if series.times is None or len(series.returns) == 0:
        return ()
    days = series.times[1:] // DAY_NS
    if unit == "weekday":
        # The first day of 1970 was a Thursday.
        return by_state(series.returns, (days + 3) % 7, WEEKDAY_NAMES, series.periods_per_year)
    dates = days.astype("datetime64[D]")
    if unit == "month":
        months = dates.astype("datetime64[M]").astype(np.int64) % 12
        return by_state(series.returns, months, MONTH_NAMES, series.periods_per_year)
    years = dates.astype("datetime64[Y]").astype(np.int64)
    found, codes = np.unique(years, return_inverse=True)
    names = [str(1970 + year) for year in found.tolist()]
    return by_state(series.returns, codes.astype(np.int64), names, series.periods_per_year)


def _regime(name: str, returns: FloatArray, told: int, periods_per_year: float) -> Regime:
    sample = sample_of(returns)
    some = len(returns) > 0
    moved = sample.gains + sample.losses
    year = math.sqrt(periods_per_year)
    return Regime(
        name=name,
        bars=len(returns),
        share=len(returns) / told if told else 0.0,
        total_return=defined(np.prod(returns + 1.0) - 1.0) if some else None,
        mean=sample.mean if some else None,
        volatility=None if sample.deviation is None else sample.deviation * year,
        sharpe=sample.mean / sample.deviation * year if sample.moves and sample.deviation else None,
        win_rate=sample.gains / moved if moved else None,
        best=float(sample.ordered[-1]) if some else None,
        worst=float(sample.ordered[0]) if some else None,
    )
