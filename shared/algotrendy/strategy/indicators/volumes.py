"""Declare what weighs prices by what was traded at them."""

from __future__ import annotations

from algotrendy.strategy.indicators.sizes import (
    PERIOD,
    TRADED_BAR,
    after_full,
    at_once,
    when_full,
)
from algotrendy.strategy.indicators.spec import Argument, Indicator, Limits
from algotrendy.strategy.indicators.updates import volumes as update
from algotrendy.strategy.parameters import Value


def _obv_cells() -> int:
    return 3


def _one_cell() -> int:
    return 1


def _two_cells() -> int:
    return 2


def _chaikin_cells(*_: Value) -> int:
    return 4


def _chaikin_warm_up(_fast: int, slow: int) -> int:
    return slow - 1


def obv(timeframe: int = 0) -> Indicator:
    """Add the volume of bars that closed higher, take off that of those that closed lower.

    Begins with the volume of the first bar, as TA-Lib does: only its changes mean something.
    """
    return Indicator(
        "obv",
        update.obv,
        ("close", "volume"),
        (),
        (),
        _obv_cells,
        at_once,
        "Granville, 'Granville's New Key to Stock Market Profits' (1963).",
        timeframe=timeframe,
    )


def vwap(period: Argument, timeframe: int = 0) -> Indicator:
    """Average the typical price of the last ``period`` bars by volume; nan when none was traded."""
    return Indicator(
        "vwap",
        update.vwap,
        TRADED_BAR,
        (period,),
        (PERIOD,),
        update.vwap_cells,
        when_full,
        "Berkowitz, Logue and Noser, 'The Total Cost of Transactions on the NYSE', Journal of "
        "Finance 43 (1988); here of bars.",
        timeframe=timeframe,
    )


def cumulative_vwap(timeframe: int = 0) -> Indicator:
    """Average the typical price of all bars so far by volume; nan until some was traded."""
    return Indicator(
        "cumulative_vwap",
        update.cumulative_vwap,
        TRADED_BAR,
        (),
        (),
        _two_cells,
        at_once,
        "As `vwap`, from the first bar on.",
        timeframe=timeframe,
    )


def money_flow_index(period: Argument = 14, timeframe: int = 0) -> Indicator:
    """Give the share of money at rising typical prices in all at moving ones, 0 to 100.

    50 when no money moved. TA-Lib says 0 for that, and for flows of less than 1 in all, which a
    market of small units has.
    """
    return Indicator(
        "money_flow_index",
        update.money_flow_index,
        TRADED_BAR,
        (period,),
        (PERIOD,),
        update.money_flow_cells,
        after_full,
        "Quong and Soudack, 'Volume-Weighted RSI: Money Flow', Technical Analysis of Stocks & "
        "Commodities 7 (1989).",
        timeframe=timeframe,
    )


def accumulation_distribution(timeframe: int = 0) -> Indicator:
    """Sum up the volume of all bars, weighed 1 for a close at the high to -1 for one at the low."""
    return Indicator(
        "accumulation_distribution",
        update.accumulation_distribution,
        TRADED_BAR,
        (),
        (),
        _one_cell,
        at_once,
        "Marc Chaikin's accumulation and distribution line.",
        timeframe=timeframe,
    )


def chaikin_oscillator(fast: Argument = 3, slow: Argument = 10, timeframe: int = 0) -> Indicator:
    """Give a fast exponential mean of accumulation and distribution less a slow one.

    Both begin with the first bar's value, as in TA-Lib, and not with a mean.
    """
    return Indicator(
        "chaikin_oscillator",
        update.chaikin_oscillator,
        TRADED_BAR,
        (fast, slow),
        (Limits("fast", 1), Limits("slow", 2, above="fast")),
        _chaikin_cells,
        _chaikin_warm_up,
        "Marc Chaikin's oscillator.",
        timeframe=timeframe,
    )
