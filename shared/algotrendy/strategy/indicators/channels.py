"""Declare channels around a price, and stops that trail it."""

from __future__ import annotations

from algotrendy.strategy.indicators.sizes import (
    BANDS,
    BAR,
    PERIOD,
    SPREAD_PERIOD,
    WIDTH,
    after_full,
    when_full,
)
from algotrendy.strategy.indicators.spec import Argument, Indicator, Limits, outputs_of
from algotrendy.strategy.indicators.updates import channels as update
from algotrendy.strategy.indicators.updates.averages import EMA
from algotrendy.strategy.indicators.updates.moments import bollinger as update_bollinger
from algotrendy.strategy.indicators.updates.moments import variance_cells
from algotrendy.strategy.indicators.updates.ranges import ATR
from algotrendy.strategy.parameters import Value


def _bollinger_cells(period: int, _width: float) -> int:
    return 2 + variance_cells(period)


def _keltner_cells(*_: Value) -> int:
    return 2 + EMA + ATR


def _keltner_warm_up(period: int, range_period: int, _width: float) -> int:
    return max(period - 1, range_period)


def _supertrend_cells(*_: Value) -> int:
    return update.SUPERTREND + ATR


def _sar_cells(*_: Value) -> int:
    return update.SAR


def _sar_warm_up(*_: Value) -> int:
    return 1


def _ichimoku_warm_up(_short: int, middle: int, long: int) -> int:
    return long - 1 + middle


def bollinger(
    period: Argument = 20, width: Argument = 2.0, on: str = "close", timeframe: int = 0
) -> Indicator:
    """Give the mean; ``upper`` and ``lower`` lie ``width`` population deviations from it."""
    return Indicator(
        "bollinger",
        update_bollinger,
        (on,),
        (period, width),
        (SPREAD_PERIOD, WIDTH),
        _bollinger_cells,
        when_full,
        "Bollinger, 'Bollinger on Bollinger Bands' (2001).",
        BANDS,
        timeframe,
    )


def donchian(period: Argument = 20, timeframe: int = 0) -> Indicator:
    """Give the middle of ``upper``, the highest high, and ``lower``, the lowest low.

    This bar's own are included: for a breakout compare with ``lag(1, on="channel_upper")``.
    """
    return Indicator(
        "donchian",
        update.donchian,
        ("high", "low"),
        (period,),
        (PERIOD,),
        update.donchian_cells,
        when_full,
        "Richard Donchian's channel of four weeks.",
        BANDS,
        timeframe,
    )


def keltner(
    period: Argument = 20,
    range_period: Argument = 10,
    width: Argument = 2.0,
    timeframe: int = 0,
) -> Indicator:
    """Give the exponential mean of closes; the bands lie ``width`` average true ranges from it.

    The channel of our day; Keltner himself took plain means of typical prices and of ranges.
    """
    return Indicator(
        "keltner",
        update.keltner,
        BAR,
        (period, range_period, width),
        (PERIOD, Limits("range_period", 1), WIDTH),
        _keltner_cells,
        _keltner_warm_up,
        "After Keltner, 'How to Make Money in Commodities' (1960).",
        BANDS,
        timeframe,
    )


def supertrend(period: Argument = 10, width: Argument = 3.0, timeframe: int = 0) -> Indicator:
    """Give the band that trails the trend: below the price in a rise, above it in a fall.

    Bands lie ``width`` average true ranges from the middle of the bar and never move away from the
    price; a close beyond one turns the trend. ``direction`` is 1 in a rise and -1 in a fall; it
    begins as a rise when the close is not below the middle of its bar.
    """
    return Indicator(
        "supertrend",
        update.supertrend,
        BAR,
        (period, width),
        (PERIOD, WIDTH),
        _supertrend_cells,
        after_full,
        "Olivier Seban's Supertrend.",
        outputs_of("direction"),
        timeframe,
    )


def parabolic_sar(
    acceleration: Argument = 0.02, limit: Argument = 0.2, timeframe: int = 0
) -> Indicator:
    """Give the stop that was in force for this bar: below the price in a rise, above it in a fall.

    A bar that reaches it ends the trend, and has the extreme of that trend for its stop. The first
    trend is a fall when the second bar's low moved down, and further than its high moved up.
    """
    return Indicator(
        "parabolic_sar",
        update.parabolic_sar,
        ("high", "low"),
        (acceleration, limit),
        (
            Limits("acceleration", 0.0, 1.0, "float"),
            Limits("limit", 0.0, 1.0, "float", above="acceleration"),
        ),
        _sar_cells,
        _sar_warm_up,
        "Wilder, 'New Concepts in Technical Trading Systems' (1978).",
        timeframe=timeframe,
    )


def ichimoku(
    short: Argument = 9, middle: Argument = 26, long: Argument = 52, timeframe: int = 0
) -> Indicator:
    """Give the conversion line, the middle of the range of ``short`` bars; ``base`` of ``middle``.

    ``span_a`` and ``span_b`` are the edges of the cloud that is drawn at this bar: worked out
    ``middle`` bars ago, half the way between the lines and the middle of ``long`` bars. The lagging
    span is left out: drawn at a bar it would be a later close.
    """
    return Indicator(
        "ichimoku",
        update.ichimoku,
        ("high", "low"),
        (short, middle, long),
        (
            Limits("short", 1),
            Limits("middle", 2, above="short"),
            Limits("long", 3, above="middle"),
        ),
        update.ichimoku_cells,
        _ichimoku_warm_up,
        "Goichi Hosoda's Ichimoku Kinko Hyo (1969).",
        outputs_of("base", "span_a", "span_b"),
        timeframe,
    )
