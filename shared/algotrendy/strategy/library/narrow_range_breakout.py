"""Wait for the narrowest bar of several, and buy its breakout with a target and a stop."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter


def _is_narrowest(market: Any, period: int) -> bool:
    """Tell whether no bar but the newest of so many has a range as narrow."""
    reach = market.high[-1] - market.low[-1]
    for i in range(2, period + 1):  # noqa: SIM110 - generators do not compile
        if market.high[-i] - market.low[-i] <= reach:
            return False
    return True


def _decide(market: Any, own: Any, p: Any) -> None:
    if not market.is_new:
        return
    if market.position > 0.0:
        own.held += 1.0
        if own.held >= p.hold:
            market.cancel_all()
            market.exit()
        return
    own.held = 0.0
    market.cancel_all()
    high = market.high[-1]
    reach = high - market.low[-1]
    if len(market.close) < p.period or not reach > 0.0 or not _is_narrowest(market, p.period):
        return
    entry = high * ABOVE
    units = float(int(p.share * market.cash / entry))
    if units > 0.0:
        target = high + p.reward * reach
        market.buy_bracket(units, take_profit=target, stop_loss=market.low[-1], stop=entry)


NARROW_RANGE_BREAKOUT = Strategy(
    name="narrow_range_breakout",
    summary="After the narrowest of `period` bars buys above its high for one bar, with a stop at "
    "its low and a target `reward` ranges above; sells after `hold` bars at the latest.",
    source="The NR7 pattern of Crabel, 'Day Trading with Short Term Price Patterns and Opening "
    "Range Breakout' (1990); long only, from the bar's high, as a bracket.",
    parameters=(
        Parameter("period", "int", 2, 100, 7, "Bars of which the newest is the narrowest"),
        Parameter("reward", "float", 0.1, 50, 3, "Ranges from the high to the target"),
        Parameter("hold", "int", 1, 250, 5, "Bars after which it sells"),
        Parameter("share", "float", 0.01, 1, 0.95, "Part of the cash that it buys for"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["period"]),
    state={"held": 0.0},
)
