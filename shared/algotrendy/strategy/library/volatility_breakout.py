"""Buy a move that is large for the bar before it, from a stop that is good for one session."""

from __future__ import annotations

from typing import Any

from algotrendy.kernel.order_codes import DAY
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter


def _decide(market: Any, own: Any, p: Any) -> None:
    close = market.close[-1]
    if market.position > 0.0:
        if close > market.entry_price * ABOVE:
            market.cancel_all()
            market.exit()
        elif market.open_orders() == 0:
            market.sell(market.position, stop=own.stop)
        return
    market.cancel_all()
    reach = market.high[-1] - market.low[-1]
    entry = close + p.fraction * reach
    units = float(int(p.share * market.cash / entry))
    stop = entry - p.risk * reach
    if reach > 0.0 and units > 0.0 and stop > 0.0:
        own.stop = stop
        market.buy(units, stop=entry, tif=DAY)


VOLATILITY_BREAKOUT = Strategy(
    name="volatility_breakout",
    summary="Buys when the next session rises above the close by `fraction` of the bar's range; "
    "sells at the open after the first close above what it paid, or from a stop `risk` such "
    "ranges below the entry.",
    source="Williams, 'Long-Term Secrets to Short-Term Trading' (1999), ch. 4, 'Volatility "
    "Breakouts - The Momentum Breakthrough': a part of today's range added to today's close; long "
    "only.",
    parameters=(
        Parameter("fraction", "float", 0.05, 5, 0.7, "Ranges from the close to the entry"),
        Parameter("risk", "float", 0.05, 20, 1.5, "Ranges from the entry to the stop"),
        Parameter("share", "float", 0.01, 1, 0.95, "Part of the cash that it buys for"),
    ),
    decide=_decide,
    warm_up=lambda _: 1,
    state={"stop": 0.0},
)
