"""Hold less when the market swings more: exposure by the inverse of last month's variance."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import realised_volatility
from algotrendy.strategy.parameters import Parameter
from algotrendy.strategy.schedules import every_begin, nothing_between


def _rebalance(market: Any, own: Any, p: Any) -> None:
    if own.volatility > 0.0:
        ratio = p.target / own.volatility
        market.target(min(ratio * ratio, p.most))


VOLATILITY_TARGET = Strategy(
    name="volatility_target",
    summary="Each month holds the asset at a weight of the variance of `target` over the variance "
    "of the last `period` returns, at most `most`.",
    source="Moreira and Muir, 'Volatility-Managed Portfolios', Journal of Finance 72 (2017) "
    "1611-1644; the constant that scales the weight is the square of `target`.",
    parameters=(
        Parameter("period", "int", 5, 500, 22, "Returns in the variance"),
        Parameter("target", "float", 0.01, 2, 0.15, "Volatility a year at which the weight is 1"),
        Parameter("most", "float", 0.01, 10, 1, "Greatest weight; above 1 needs leverage"),
    ),
    decide=nothing_between,
    warm_up=lambda values: int(values["period"]) + 1,
    indicators={"volatility": realised_volatility("period")},
    schedules=((every_begin("month"), _rebalance),),
)
