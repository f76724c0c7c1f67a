"""Declare what measures how far bars reach, and in which direction."""

from __future__ import annotations

from typing import Final

from algotrendy.strategy.indicators.sizes import BAR, PERIOD, after_full, at_once, when_full
from algotrendy.strategy.indicators.spec import Argument, Indicator, outputs_of
from algotrendy.strategy.indicators.updates import ranges as update
from algotrendy.strategy.indicators.updates.windows import extreme_cells
from algotrendy.strategy.indicators.updates.windows import highest as update_highest
from algotrendy.strategy.indicators.updates.windows import lowest as update_lowest

_WILDER: Final = "Wilder, 'New Concepts in Technical Trading Systems' (1978)."


def _true_range_cells() -> int:
    return update.TRUE_RANGE


def _one_bar() -> int:
    return 1


def _atr_cells(_period: int) -> int:
    return update.ATR


def _adx_cells(_period: int) -> int:
    return update.ADX


def _adx_warm_up(period: int) -> int:
    return 2 * period - 1


def typical_price(timeframe: int = 0) -> Indicator:
    """Average high, low and close of the bar."""
    return Indicator(
        "typical_price",
        update.typical_price,
        BAR,
        (),
        (),
        at_once,
        at_once,
        "(high + low + close) / 3.",
        timeframe=timeframe,
    )


def median_price(timeframe: int = 0) -> Indicator:
    """Average high and low of the bar."""
    return Indicator(
        "median_price",
        update.median_price,
        ("high", "low"),
        (),
        (),
        at_once,
        at_once,
        "(high + low) / 2.",
        timeframe=timeframe,
    )


def highest(period: Argument, on: str = "high", timeframe: int = 0) -> Indicator:
    """Give the highest of the last ``period`` values, this bar's included.

    For a breakout compare with that of the bar before: ``lag(1, on="top")``.
    """
    return Indicator(
        "highest",
        update_highest,
        (on,),
        (period,),
        (PERIOD,),
        extreme_cells,
        when_full,
        "An extreme.",
        timeframe=timeframe,
    )


def lowest(period: Argument, on: str = "low", timeframe: int = 0) -> Indicator:
    """Give the lowest of the last ``period`` values, this bar's included."""
    return Indicator(
        "lowest",
        update_lowest,
        (on,),
        (period,),
        (PERIOD,),
        extreme_cells,
        when_full,
        "An extreme.",
        timeframe=timeframe,
    )


def true_range(timeframe: int = 0) -> Indicator:
    """Give the range of the bar and of the gap from the close before it; the first bar has none."""
    return Indicator(
        "true_range",
        update.true_range,
        BAR,
        (),
        (),
        _true_range_cells,
        _one_bar,
        _WILDER,
        timeframe=timeframe,
    )


def atr(period: Argument = 14, timeframe: int = 0) -> Indicator:
    """Average the true range as Wilder does."""
    return Indicator(
        "atr",
        update.atr,
        BAR,
        (period,),
        (PERIOD,),
        _atr_cells,
        after_full,
        _WILDER,
        timeframe=timeframe,
    )


def natr(period: Argument = 14, timeframe: int = 0) -> Indicator:
    """Give the average true range in percent of the close."""
    return Indicator(
        "natr",
        update.natr,
        BAR,
        (period,),
        (PERIOD,),
        _atr_cells,
        after_full,
        _WILDER,
        timeframe=timeframe,
    )


def adx(period: Argument = 14, timeframe: int = 0) -> Indicator:
    """Average how one-sided the movement is, 0 to 100, whatever the direction.

    ``plus_di`` and ``minus_di`` are the movement up and down in percent of the true range. They
    begin with the average, ``period`` bars later than they could.
    """
    return Indicator(
        "adx",
        update.adx,
        BAR,
        (period,),
        (PERIOD,),
        _adx_cells,
        _adx_warm_up,
        _WILDER,
        outputs_of("plus_di", "minus_di"),
        timeframe,
    )
