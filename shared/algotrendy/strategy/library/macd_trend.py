"""Follow the trend that two exponential means show, smoothed by a third."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import macd
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter, Rule

_ROUNDING = ABOVE - 1.0


def _decide(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    level = market.close[-1] * _ROUNDING
    if market.position == 0.0:
        if own.macd_histogram > level:
            market.invest()
    elif own.macd_histogram < -level:
        market.exit()


MACD_TREND = Strategy(
    name="macd_trend",
    summary="Buys when the MACD of `fast` and `slow` bars is above its mean of `signal` bars, "
    "sells when it is below.",
    source="Appel, 'Technical Analysis: Power Tools for Active Investors' (2005), long or flat, on "
    "the crossing of MACD and signal line alone.",
    parameters=(
        Parameter("fast", "int", 2, 200, 12, "Bars of the fast exponential mean"),
        Parameter("slow", "int", 3, 500, 26, "Bars of the slow exponential mean"),
        Parameter("signal", "int", 2, 200, 9, "Bars of the mean of their difference"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["slow"] + values["signal"]) - 1,
    rules=(Rule("fast", "below slow", lambda values: values["fast"] < values["slow"]),),
    indicators={"macd": macd("fast", "slow", "signal")},
)
