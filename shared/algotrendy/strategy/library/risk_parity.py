"""Give each asset as much weight as it is calm: inverse volatility, monthly."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import realised_volatility
from algotrendy.strategy.parameters import Parameter
from algotrendy.strategy.schedules import every_begin, nothing_between


def _rebalance(market: Any, own: Any, p: Any) -> None:
    whole = 0.0
    for k in range(len(market)):
        if own[k].volatility > 0.0:
            whole += 1.0 / own[k].volatility
    for k in range(len(market)):
        if own[k].volatility > 0.0:
            market[k].target(p.invested / (own[k].volatility * whole))


RISK_PARITY = Strategy(
    name="risk_parity",
    summary="Each month weighs all assets by the inverse of their volatility over `period` bars; "
    "the weights add up to `invested`.",
    source="Maillard, Roncalli and Teïletche, 'The Properties of Equally Weighted Risk "
    "Contribution Portfolios', Journal of Portfolio Management 36 (2010) 60-70: equal risk "
    "contributions where all correlations are equal.",
    parameters=(
        Parameter("period", "int", 5, 1000, 60, "Returns in the volatility"),
        Parameter("invested", "float", 0.01, 10, 0.98, "Sum of the weights"),
    ),
    decide=nothing_between,
    warm_up=lambda values: int(values["period"]) + 1,
    indicators={"volatility": realised_volatility("period")},
    assets=2,
    schedules=((every_begin("month"), _rebalance),),
)
