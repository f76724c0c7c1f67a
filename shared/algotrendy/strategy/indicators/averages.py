"""Declare averages: what follows the price, more or less closely."""

from __future__ import annotations

import math

from algotrendy.strategy.indicators.sizes import PERIOD, after_full, when_full
from algotrendy.strategy.indicators.spec import Argument, Indicator, Limits
from algotrendy.strategy.indicators.updates import averages as update
from algotrendy.strategy.indicators.updates.ramps import hull_cells, ramp_cells
from algotrendy.strategy.indicators.updates.ramps import hull_ma as update_hull_ma
from algotrendy.strategy.indicators.updates.ramps import wma as update_wma
from algotrendy.strategy.indicators.updates.windows import sma as update_sma
from algotrendy.strategy.indicators.updates.windows import sum_cells


def _ema_cells(_period: int) -> int:
    return update.EMA


def _dema_cells(_period: int) -> int:
    return 2 * update.EMA


def _tema_cells(_period: int) -> int:
    return 3 * update.EMA


def _twice(period: int) -> int:
    return 2 * (period - 1)


def _three_times(period: int) -> int:
    return 3 * (period - 1)


def _hull_warm_up(period: int) -> int:
    return period - 1 + math.isqrt(period) - 1


def _wilder_cells(_period: int) -> int:
    return update.WILDER


def _kama_cells(period: int, _fast: int, _slow: int) -> int:
    return update.kama_cells(period)


def sma(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Average the last ``period`` values, all with the same weight.

    Of equal values it is exactly that value, so that two of them are level when a market stands
    still.
    """
    return Indicator(
        "sma",
        update_sma,
        (on,),
        (period,),
        (PERIOD,),
        sum_cells,
        when_full,
        "The arithmetic mean.",
        timeframe=timeframe,
    )


def ema(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Average all values, each with 1 - 2 / (period + 1) of the weight of the one after it.

    Begins with the plain mean of the first ``period`` values.
    """
    return Indicator(
        "ema",
        update.ema,
        (on,),
        (period,),
        (PERIOD,),
        _ema_cells,
        when_full,
        "Exponential smoothing with the constant 2 / (n + 1), seeded by a mean.",
        timeframe=timeframe,
    )


def wilder(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Average all values, each with 1 - 1 / period of the weight of the one after it.

    Begins with the plain mean of the first ``period`` values.
    """
    return Indicator(
        "wilder",
        update.wilder,
        (on,),
        (period,),
        (PERIOD,),
        _wilder_cells,
        when_full,
        "Wilder, 'New Concepts in Technical Trading Systems' (1978).",
        timeframe=timeframe,
    )


def wma(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Average the last ``period`` values, weighted 1 for the oldest to period for the newest."""
    return Indicator(
        "wma",
        update_wma,
        (on,),
        (period,),
        (PERIOD,),
        ramp_cells,
        when_full,
        "The mean with linear weights.",
        timeframe=timeframe,
    )


def dema(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Take the exponential mean ahead of its lag: twice the mean less the mean of the mean."""
    return Indicator(
        "dema",
        update.dema,
        (on,),
        (period,),
        (PERIOD,),
        _dema_cells,
        _twice,
        "Mulloy, 'Smoothing Data with Faster Moving Averages', Technical Analysis of Stocks & "
        "Commodities 12:1 (1994).",
        timeframe=timeframe,
    )


def tema(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Take the exponential mean further ahead of its lag, by means of means of means."""
    return Indicator(
        "tema",
        update.tema,
        (on,),
        (period,),
        (PERIOD,),
        _tema_cells,
        _three_times,
        "Mulloy, 'Smoothing Data with Less Lag', Technical Analysis of Stocks & Commodities 12:2 "
        "(1994).",
        timeframe=timeframe,
    )


def trima(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Average the last ``period`` values with weights that rise to the middle and fall again."""
    return Indicator(
        "trima",
        update.trima,
        (on,),
        (period,),
        (PERIOD,),
        update.trima_cells,
        when_full,
        "A mean of means over half the period: triangular weights.",
        timeframe=timeframe,
    )


def kama(
    period: Argument,
    fast: Argument = 2,
    slow: Argument = 30,
    on: str = "close",
    timeframe: int = 0,
) -> Indicator:
    """Average as fast as a mean of ``fast`` in a trend, as slowly as one of ``slow`` in noise.

    A trend is where the distance that the price went in ``period`` values is most of its path.
    """
    return Indicator(
        "kama",
        update.kama,
        (on,),
        (period, fast, slow),
        (PERIOD, Limits("fast", 1), Limits("slow", 2, above="fast")),
        _kama_cells,
        after_full,
        "Kaufman, 'Smarter Trading' (1995).",
        timeframe=timeframe,
    )


def hull_ma(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Take a weighted mean ahead of its lag, by one of half the period, and smooth the result.

    Half the period and its square root are rounded down.
    """
    return Indicator(
        "hull_ma",
        update_hull_ma,
        (on,),
        (period,),
        (Limits("period", 2),),
        hull_cells,
        _hull_warm_up,
        "Alan Hull's moving average (2005).",
        timeframe=timeframe,
    )
