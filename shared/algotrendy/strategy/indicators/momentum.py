"""Declare what tells how fast, how far and how steadily a price moves."""

from __future__ import annotations

from algotrendy.strategy.indicators.sizes import BAR, PERIOD, after_full, when_full
from algotrendy.strategy.indicators.spec import Argument, Indicator, Limits, outputs_of
from algotrendy.strategy.indicators.updates import momentum as update
from algotrendy.strategy.indicators.updates.averages import EMA, WILDER
from algotrendy.strategy.indicators.updates.windows import extreme_cells, lag_cells, sum_cells
from algotrendy.strategy.indicators.updates.windows import lag as update_lag
from algotrendy.strategy.parameters import Value


def _rsi_cells(_period: int) -> int:
    return 2 + 2 * WILDER


def _macd_cells(*_: Value) -> int:
    return 3 + 3 * EMA


def _macd_warm_up(_fast: int, slow: int, signal: int) -> int:
    return slow - 1 + signal - 1


def _trix_cells(_period: int) -> int:
    return 2 + 3 * EMA


def _trix_warm_up(period: int) -> int:
    return 3 * (period - 1) + 1


def _range_cells(period: int) -> int:
    return 2 * extreme_cells(period)


def _stochastic_warm_up(period: int, smoothing: int, signal: int) -> int:
    return period - 1 + smoothing - 1 + signal - 1


def _longest(_short: int, _middle: int, long: int) -> int:
    return long


def lag(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the value of ``period`` bars ago."""
    return Indicator(
        "lag",
        update_lag,
        (on,),
        (period,),
        (PERIOD,),
        lag_cells,
        after_full,
        "No more than a memory.",
        timeframe=timeframe,
    )


def momentum(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the value less that of ``period`` bars ago."""
    return Indicator(
        "momentum",
        update.momentum,
        (on,),
        (period,),
        (PERIOD,),
        lag_cells,
        after_full,
        "A difference.",
        timeframe=timeframe,
    )


def roc(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the change over ``period`` bars in percent.

    A change from 0 has none and is nan, where TA-Lib says 0.
    """
    return Indicator(
        "roc",
        update.roc,
        (on,),
        (period,),
        (PERIOD,),
        lag_cells,
        after_full,
        "The rate of change.",
        timeframe=timeframe,
    )


def rsi(period: Argument = 14, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the share of gains in all moves, 0 to 100, averaged as Wilder does.

    While nothing moved it is 50, where TA-Lib says 0, which would read as oversold.
    """
    return Indicator(
        "rsi",
        update.rsi,
        (on,),
        (period,),
        (PERIOD,),
        _rsi_cells,
        after_full,
        "Wilder, 'New Concepts in Technical Trading Systems' (1978).",
        timeframe=timeframe,
    )


def macd(
    fast: Argument = 12,
    slow: Argument = 26,
    signal: Argument = 9,
    on: str = "close",
    timeframe: int = 0,
) -> Indicator:
    """Give a fast exponential mean less a slow one; ``signal`` is its mean, ``histogram`` the rest.

    The fast mean begins late, so that the seeds of both end at the same bar, as in TA-Lib.
    """
    return Indicator(
        "macd",
        update.macd,
        (on,),
        (fast, slow, signal),
        (Limits("fast", 1), Limits("slow", 2, above="fast"), Limits("signal", 1)),
        _macd_cells,
        _macd_warm_up,
        "Appel, 'Technical Analysis: Power Tools for Active Investors' (2005).",
        outputs_of("signal", "histogram"),
        timeframe,
    )


def trix(period: Argument = 30, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the change of the thrice smoothed value from bar to bar in percent.

    A change from 0 is nan, where TA-Lib says 0.
    """
    return Indicator(
        "trix",
        update.trix,
        (on,),
        (period,),
        (PERIOD,),
        _trix_cells,
        _trix_warm_up,
        "Hutson, 'Good TRIX', Technical Analysis of Stocks & Commodities 1 (1983).",
        timeframe=timeframe,
    )


def cci(period: Argument = 20, timeframe: int = 0) -> Indicator:
    """Measure the typical price from its mean, in 0.015 mean absolute deviations.

    The one indicator whose work grows with its period: each deviation changes with the mean.
    """
    return Indicator(
        "cci",
        update.cci,
        BAR,
        (period,),
        (PERIOD,),
        sum_cells,
        when_full,
        "Lambert, 'Commodity Channel Index: Tool for Trading Cyclic Trends', Commodities (1980).",
        timeframe=timeframe,
    )


def williams_r(period: Argument = 14, timeframe: int = 0) -> Indicator:
    """Say how far the close lies below the highest high, in percent of the range, 0 to -100.

    In a range of nothing it is -50, where TA-Lib says 0, which would read as overbought.
    """
    return Indicator(
        "williams_r",
        update.williams_r,
        BAR,
        (period,),
        (PERIOD,),
        _range_cells,
        when_full,
        "Larry Williams's percent range.",
        timeframe=timeframe,
    )


def stochastic(
    period: Argument = 14,
    smoothing: Argument = 3,
    signal: Argument = 3,
    timeframe: int = 0,
) -> Indicator:
    """Say where the close lies in the range, 0 to 100, smoothed by a mean: the slow %K.

    ``signal`` is the mean of that, the slow %D; ``raw`` is the fast %K. With a smoothing of 1 the
    first two are the fast %K and %D. In a range of nothing the close is in the middle, 50, where
    TA-Lib says 0.
    """
    return Indicator(
        "stochastic",
        update.stochastic,
        BAR,
        (period, smoothing, signal),
        (PERIOD, Limits("smoothing", 1), Limits("signal", 1)),
        update.stochastic_cells,
        _stochastic_warm_up,
        "Lane, 'Lane's Stochastics', Technical Analysis of Stocks & Commodities 2 (1984).",
        outputs_of("signal", "raw"),
        timeframe,
    )


def ultimate_oscillator(
    short: Argument = 7, middle: Argument = 14, long: Argument = 28, timeframe: int = 0
) -> Indicator:
    """Weigh buying pressure over three periods 4 : 2 : 1, 0 to 100.

    A period that nothing moved in counts half, where TA-Lib leaves it out as 0.
    """
    return Indicator(
        "ultimate_oscillator",
        update.ultimate_oscillator,
        BAR,
        (short, middle, long),
        (
            Limits("short", 1),
            Limits("middle", 2, above="short"),
            Limits("long", 3, above="middle"),
        ),
        update.ultimate_cells,
        _longest,
        "Williams, 'The Ultimate Oscillator', Technical Analysis of Stocks & Commodities 3 (1985).",
        timeframe=timeframe,
    )


def aroon(period: Argument = 25, timeframe: int = 0) -> Indicator:
    """Give how new the highest high is less how new the lowest low is, 100 to -100.

    ``up`` and ``down`` are the two, 100 for an extreme at this bar, 0 for one ``period`` bars ago;
    of equal extremes the newest counts.
    """
    return Indicator(
        "aroon",
        update.aroon,
        ("high", "low"),
        (period,),
        (PERIOD,),
        update.aroon_cells,
        after_full,
        "Tushar Chande's Aroon (1995).",
        outputs_of("up", "down"),
        timeframe,
    )
