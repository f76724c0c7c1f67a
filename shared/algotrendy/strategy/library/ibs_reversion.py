"""Buy a close near the bar's low, sell one near its high: internal bar strength."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Parameter, Rule


def _decide(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    low = market.low[-1]
    reach = market.high[-1] - low
    if reach > 0.0:
        strength = (market.close[-1] - low) / reach
        if market.position == 0.0:
            if strength < p.buy:
                market.invest()
        elif strength > p.sell:
            market.exit()


IBS_REVERSION = Strategy(
    name="ibs_reversion",
    summary="Buys when the close lies in the lowest part `buy` of the bar's range, sells when it "
    "lies above `sell` of it.",
    source="Pagonidis, 'The IBS Effect: Mean Reversion in Equity ETFs', working paper (2013), with "
    "its thresholds of 0.2 and 0.8; filled at the next open.",
    parameters=(
        Parameter("buy", "float", 0.01, 0.99, 0.2, "Place in the range below which it buys"),
        Parameter("sell", "float", 0.01, 0.99, 0.8, "Place in the range above which it sells"),
    ),
    decide=_decide,
    warm_up=lambda _: 1,
    rules=(Rule("buy", "below sell", lambda values: values["buy"] < values["sell"]),),
)
