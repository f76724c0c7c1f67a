"""Say W1 and W2 to raptorbt's array runners, which size by a part of capital, not by units.

A size is cut to whole lots: with lots of 100 shares, capital for 150 of them buys exactly 100.
"""

from __future__ import annotations

import raptorbt
from workloads import FEE, UNITS, Floats

NOTE = "where two means are exactly level, its own may differ in their last bits, and it trades"


def config(cash: float) -> raptorbt.BacktestConfig:
    """Give fee, cash, and fills at the next open."""
    return raptorbt.BacktestConfig(initial_capital=cash, fees=FEE, fill_timing="next_bar_open")


def lots() -> raptorbt.InstrumentConfig:
    """Give lots as large as the units of the workloads."""
    return raptorbt.InstrumentConfig(lot_size=UNITS)


def shares_of_capital(close: Floats, cash: float) -> Floats:
    """Give for each bar the part of the capital that pays one lot and a half."""
    return 1.5 * UNITS * close / cash


def fills(metrics: raptorbt.BacktestMetrics) -> int:
    """Count the fills: two a closed trade, one an open one."""
    return 2 * metrics.total_closed_trades + metrics.total_open_trades
