"""Hold the winners: rank assets by their past returns each month, and rotate into the best."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import lag
from algotrendy.strategy.parameters import Parameter, Rule
from algotrendy.strategy.schedules import every_begin, nothing_between


def _rebalance(market: Any, own: Any, p: Any) -> None:
    for k in range(len(market)):
        if own[k].past > 0.0:
            gain = own[k].recent / own[k].past
            better = 0
            for j in range(len(market)):
                if own[j].past > 0.0:
                    other = own[j].recent / own[j].past
                    # Of equals the first counts as the better one.
                    if other > gain or (other == gain and j < k):
                        better += 1
            if better < p.hold:
                market[k].target(1.0 / p.hold)
            else:
                market[k].target(0.0)


MOMENTUM_ROTATION = Strategy(
    name="momentum_rotation",
    summary="Each month holds in equal parts the `hold` assets that rose most over `lookback` "
    "bars, of which the newest `skip` do not count.",
    source="Jegadeesh and Titman, 'Returns to Buying Winners and Selling Losers: Implications for "
    "Stock Market Efficiency', Journal of Finance 48 (1993) 65-91: six months, less a week, held "
    "for one month, winners only.",
    parameters=(
        Parameter("lookback", "int", 3, 1000, 126, "Bars back at which the return begins"),
        Parameter("skip", "int", 1, 250, 5, "Bars back at which it ends"),
        Parameter("hold", "int", 1, 100, 2, "Assets that are held"),
    ),
    decide=nothing_between,
    warm_up=lambda values: int(values["lookback"]) + 1,
    rules=(Rule("skip", "below lookback", lambda values: values["skip"] < values["lookback"]),),
    indicators={"past": lag("lookback"), "recent": lag("skip")},
    assets=2,
    schedules=((every_begin("month"), _rebalance),),
)
