"""Sell in May: be invested in the winter half of the year."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.dates import month_of, next_weekday
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Parameter, Rule


def _decide(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    # The order fills on the next weekday, so that one's month counts.
    month = month_of(next_weekday(market.time[-1]))
    if (month - p.buy) % 12 < (p.sell - p.buy) % 12:
        if market.position == 0.0 and market.open_orders() == 0:
            market.invest()
    else:
        market.exit()


HALLOWEEN = Strategy(
    name="halloween",
    summary="Holds from the first open of month `buy` to the first open of month `sell`.",
    source='Bouman and Jacobsen, \'The Halloween Indicator, "Sell in May and Go Away": Another '
    "Puzzle', American Economic Review 92 (2002) 1618-1635; cash in summer.",
    parameters=(
        Parameter("buy", "int", 1, 12, 11, "Month, 1 to 12, that it buys in"),
        Parameter("sell", "int", 1, 12, 5, "Month, 1 to 12, that it sells in"),
    ),
    decide=_decide,
    warm_up=lambda _: 1,
    rules=(Rule("buy", "other than sell", lambda values: values["buy"] != values["sell"]),),
)
