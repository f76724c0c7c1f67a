"""Declare what measures spread, slope, and how two series move together."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.indicators.sizes import SPREAD_PERIOD, after_full, when_full
from algotrendy.strategy.indicators.spec import Argument, Indicator, Limits, outputs_of
from algotrendy.strategy.indicators.updates import moments as update
from algotrendy.strategy.indicators.updates.pairs import correlation as update_correlation
from algotrendy.strategy.indicators.updates.pairs import correlation_cells
from algotrendy.strategy.indicators.updates.ramps import linear_regression as update_regression
from algotrendy.strategy.indicators.updates.ramps import ramp_cells


def _regression_cells(period: int) -> int:
    return 1 + ramp_cells(period)


def _volatility_cells(period: int, _periods_a_year: float) -> int:
    return 1 + update.variance_cells(period)


def standard_deviation(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the population standard deviation of the last ``period`` values."""
    return Indicator(
        "standard_deviation",
        update.standard_deviation,
        (on,),
        (period,),
        (SPREAD_PERIOD,),
        update.variance_cells,
        when_full,
        "The root of the mean squared deviation, over n.",
        timeframe=timeframe,
    )


def variance(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give the population variance of the last ``period`` values."""
    return Indicator(
        "variance",
        update.variance,
        (on,),
        (period,),
        (SPREAD_PERIOD,),
        update.variance_cells,
        when_full,
        "The mean squared deviation, over n.",
        timeframe=timeframe,
    )


def zscore(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Say how many population deviations the value is above the mean of the last ``period``.

    0 when none of them deviates.
    """
    return Indicator(
        "zscore",
        update.zscore,
        (on,),
        (period,),
        (SPREAD_PERIOD,),
        update.variance_cells,
        when_full,
        "The standard score.",
        timeframe=timeframe,
    )


def realised_volatility(
    period: Argument, periods_a_year: Argument = 252, on: str = "close", timeframe: int = 0
) -> Indicator:
    """Give the sample standard deviation of the last ``period`` log returns, a year; 0.2 is 20%.

    A return from or to a price that is not above 0 is left out.
    """
    return Indicator(
        "realised_volatility",
        update.realised_volatility,
        (on,),
        (period, periods_a_year),
        (SPREAD_PERIOD, Limits("periods_a_year", 1.0, 1e9, "float")),
        _volatility_cells,
        after_full,
        "Hull, 'Options, Futures, and Other Derivatives', estimating volatility from past prices.",
        timeframe=timeframe,
    )


def linear_regression(period: Argument, on: str = "close", timeframe: int = 0) -> Indicator:
    """Give where the line of least squares through the last ``period`` values ends.

    ``slope`` is its rise a bar.
    """
    return Indicator(
        "linear_regression",
        update_regression,
        (on,),
        (period,),
        (SPREAD_PERIOD,),
        _regression_cells,
        when_full,
        "Least squares.",
        outputs_of("slope"),
        timeframe,
    )


def correlation(period: Argument, on: Sequence[str], timeframe: int = 0) -> Indicator:
    """Correlate the last ``period`` values of two series, 1 to -1.

    nan while one of them does not move, where TA-Lib says 0.

    Raises:
        Invalid: If ``on`` does not name two.
    """
    if isinstance(on, str) or len(on) != 2:
        raise Invalid("correlation.on", "the names of two series", on)
    return Indicator(
        "correlation",
        update_correlation,
        tuple(on),
        (period,),
        (SPREAD_PERIOD,),
        correlation_cells,
        when_full,
        "Pearson's coefficient.",
        timeframe=timeframe,
    )
