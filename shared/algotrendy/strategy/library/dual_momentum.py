"""Hold the strongest of several assets, and only while it is strong by itself."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import lag
from algotrendy.strategy.parameters import Parameter
from algotrendy.strategy.schedules import every_begin, nothing_between


def _rebalance(market: Any, own: Any, p: Any) -> None:
    best = -1
    most = 1.0 + p.hurdle
    for k in range(len(market)):
        if own[k].past > 0.0:
            gain = market[k].close[-1] / own[k].past
            if gain > most:
                most = gain
                best = k
    for k in range(len(market)):
        if k != best:
            market[k].target(0.0)
    # What is held already stays as it is: rebalancing one asset would only cost.
    if best >= 0 and market[best].position == 0.0:
        market[best].target(1.0)


DUAL_MOMENTUM = Strategy(
    name="dual_momentum",
    summary="Each month holds the asset that rose most over `lookback` bars, if it rose more than "
    "`hurdle`, and else cash.",
    source="Antonacci, 'Dual Momentum Investing' (2014): relative momentum chooses, absolute "
    "momentum decides whether; with a fixed hurdle for Treasury bills, and cash for bonds.",
    parameters=(
        Parameter("lookback", "int", 2, 1000, 252, "Bars over which the return is taken"),
        Parameter("hurdle", "float", -0.5, 1, 0, "Return over `lookback` that it must beat"),
    ),
    decide=nothing_between,
    warm_up=lambda values: int(values["lookback"]) + 1,
    indicators={"past": lag("lookback")},
    assets=2,
    schedules=((every_begin("month"), _rebalance),),
)
