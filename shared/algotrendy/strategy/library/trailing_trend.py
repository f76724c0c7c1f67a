"""Buy a new high and let a stop trail far below, so that only a broken trend is sold."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import atr
from algotrendy.strategy.parameters import Parameter


def _decide(market: Any, own: Any, p: Any) -> None:
    close = market.close[-1]
    if market.position > 0.0:
        if market.open_orders() == 0:
            market.sell_trailing(market.position, price=p.width * own.range)
    elif own.range > 0.0 and close >= own.peak:
        market.invest()
    own.peak = max(own.peak, close)


TRAILING_TREND = Strategy(
    name="trailing_trend",
    summary="Buys at a close that is the highest so far; sells from a stop that trails the high by "
    "`width` mean true ranges of `period` bars.",
    source="Wilcox and Crittenden, 'Does Trend Following Work on Stocks?', Blackstar Funds (2005): "
    "a stop of 10 average true ranges; here it trails within the bar, by the range at the entry.",
    parameters=(
        Parameter("period", "int", 2, 500, 45, "Bars that the true range is averaged over"),
        Parameter("width", "float", 0.1, 50, 10, "Mean true ranges from the high to the stop"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["period"]) + 1,
    state={"peak": 0.0},
    indicators={"range": atr("period")},
)
