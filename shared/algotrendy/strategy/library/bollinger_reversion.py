"""Buy what fell out of its usual range, and sell it when it is back in the middle."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import bollinger
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter


def _decide(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    now = market.close[-1]
    if market.position == 0.0:
        if own.band_lower > now * ABOVE:
            market.invest()
    elif now > own.band * ABOVE:
        market.exit()


BOLLINGER_REVERSION = Strategy(
    name="bollinger_reversion",
    summary="Buys when the close is more than `width` standard deviations below the mean of "
    "`period` closes; sells when it is above the mean.",
    source="The bands of Bollinger, 'Bollinger on Bollinger Bands' (2001), as a rule of reversion: "
    "the lower band to enter, the middle one to leave.",
    parameters=(
        Parameter("period", "int", 2, 500, 20, "Closes in mean and deviation"),
        Parameter("width", "float", 0.1, 10, 2, "Deviations below the mean at which it buys"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["period"]),
    indicators={"band": bollinger("period", "width")},
)
