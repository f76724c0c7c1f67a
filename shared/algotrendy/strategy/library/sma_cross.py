"""Follow the trend: hold while a fast moving average is above a slow one."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import sma
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter, Rule


def _decide(market: Any, own: Any, p: Any) -> None:
    if market.position == 0.0:
        if own.fast > own.slow * ABOVE:
            if p.units > 0.0:
                market.buy(p.units)
            else:
                market.invest()
    elif own.slow > own.fast * ABOVE:
        market.exit()


SMA_CROSS = Strategy(
    name="sma_cross",
    summary="Buys when the mean of the last `fast` closes is above that of the last `slow`, "
    "sells when it is below.",
    source="The variable-length moving average of Brock, Lakonishok and LeBaron, 'Simple Technical "
    "Trading Rules and the Stochastic Properties of Stock Returns', Journal of Finance 47 (1992), "
    "long or flat, without a band.",
    parameters=(
        Parameter("fast", "int", 2, 500, 20, "Closes in the fast mean"),
        Parameter("slow", "int", 3, 1000, 50, "Closes in the slow mean"),
        Parameter("units", "float", 0, 1e9, 0, "Shares a trade; 0 invests all the cash"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["slow"]),
    indicators={"fast": sma("fast"), "slow": sma("slow")},
    rules=(Rule("fast", "below slow", lambda values: values["fast"] < values["slow"]),),
)
