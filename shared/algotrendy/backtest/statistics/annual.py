"""Say how many bars a year has, and below what a figure is rounding: one rule for all figures."""

from __future__ import annotations

import math
from typing import Final

from algotrendy.backtest.data.timeframes import is_style, parse_timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar

TRADING_DAYS: Final = 252.0
"""Sessions a year where nobody says otherwise: those of US equities."""
STILL: Final = 1e-13
"""At this or below, the deviation of the returns of a bar is rounding and not risk."""
_SESSION_HOURS: Final = 6.5
_WEEKS, _MONTHS = 52.0, 12.0
_HOUR_NS = 3_600_000_000_000
_YEAR_NS = 365.25 * 24 * _HOUR_NS


def steps_a_year(timeframe: str, calendar: TradingCalendar | None = None) -> float:
    """Give the bars of a timeframe in a year.

    Args:
        calendar: Of the market: 365 days of 24 hours where it never closes; without one, 252
            sessions of 6.5 hours, as US equities have.
    """
    found = parse_timeframe(timeframe)
    days = TRADING_DAYS if calendar is None else calendar.sessions_a_year
    hours = _SESSION_HOURS if calendar is None else calendar.session_hours
    if found.unit == "Day":
        return days / found.count
    if found.unit == "Week":
        return _WEEKS / found.count
    if found.unit == "Month":
        return _MONTHS / found.count
    return days * (hours * _HOUR_NS / found.ns)


def steps_a_year_of(
    name: str, steps: int, first: int, last: int, calendar: TradingCalendar | None = None
) -> float:
    """Give the steps in a year of some bars: by their timeframe, or of a chart style by counting.

    Args:
        name: Of the timeframe or the style.
        steps: How many there are.
        first, last: When the first and the last was known, nanoseconds since 1970 UTC.
    """
    if not is_style(name):
        return steps_a_year(name, calendar)
    # Bars of trades come as trades do: there are as many in a year as there were in this time.
    years = (last - first) / _YEAR_NS
    return (steps - 1) / years if steps > 1 and years > 0.0 else TRADING_DAYS


def check_periods(periods_per_year: float) -> None:
    """Raise Invalid unless a year has a positive, finite number of bars."""
    if not (math.isfinite(periods_per_year) and periods_per_year > 0.0):
        raise Invalid("periods_per_year", "above 0", periods_per_year)
