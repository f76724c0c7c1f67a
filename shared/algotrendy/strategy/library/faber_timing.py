"""Hold each asset while it is above its ten-month mean, looked at once a month."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import sma
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter
from algotrendy.strategy.schedules import every_begin, nothing_between


def _rebalance(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    for k in range(len(market)):
        if own[k].mean > 0.0:
            if market[k].close[-1] > own[k].mean * ABOVE:
                market[k].target(1.0 / len(market))
            else:
                market[k].target(0.0)


FABER_TIMING = Strategy(
    name="faber_timing",
    summary="Each month holds, in equal parts, the assets whose close is above the mean of "
    "`period` closes; the part of the others stays cash.",
    source="Faber, 'A Quantitative Approach to Tactical Asset Allocation', Journal of Wealth "
    "Management 9 (Spring 2007); ten months as 210 sessions, on the first close of a month.",
    parameters=(Parameter("period", "int", 2, 1000, 210, "Closes in the mean"),),
    decide=nothing_between,
    warm_up=lambda values: int(values["period"]),
    indicators={"mean": sma("period")},
    schedules=((every_begin("month"), _rebalance),),
)
