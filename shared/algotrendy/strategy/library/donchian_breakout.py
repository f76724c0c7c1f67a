"""Trade breakouts as the Turtles did: buy a new high from a stop, size and stop by the range."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import atr, highest, lowest
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter, Rule


def _decide(market: Any, own: Any, p: Any) -> None:
    if market.position > 0.0:
        if own.bottom > own.stop:
            own.stop = own.bottom
            # A bracket's stop has the id that follows its entry's.
            market.replace(int(own.order) + 1, stop=own.stop)
        return
    market.cancel_all()
    if own.range > 0.0:
        entry = own.top * ABOVE
        own.stop = entry - p.width * own.range
        units = float(int(min(p.risk * market.equity / own.range, market.cash / entry)))
        if units > 0.0 and own.stop > 0.0:
            own.order = market.buy_bracket(units, stop=entry, stop_loss=own.stop)


DONCHIAN_BREAKOUT = Strategy(
    name="donchian_breakout",
    summary="Buys above the highest high of `entry` bars, so many units that the mean true range "
    "of `period` bars is `risk` of the equity; its stop lies `width` such ranges below, and rises "
    "to the lowest low of `exit` bars.",
    source="System 1 of the Turtles as in Faith, 'Way of the Turtle' (2007), appendix 'Original "
    "Turtle Trading Rules': long only, one unit, and no breakout skipped.",
    parameters=(
        Parameter("entry", "int", 2, 500, 20, "Bars whose high is to be passed"),
        Parameter("exit", "int", 2, 500, 10, "Bars whose low the stop follows"),
        Parameter("period", "int", 2, 200, 20, "Bars that the true range is averaged over"),
        Parameter("width", "float", 0.1, 20, 2, "Mean true ranges from the entry to the stop"),
        Parameter("risk", "float", 0.0001, 0.2, 0.01, "Part of the equity that a range may cost"),
    ),
    decide=_decide,
    warm_up=lambda values: int(max(values["entry"], values["exit"], values["period"] + 1)),
    rules=(Rule("exit", "at most entry", lambda values: values["exit"] <= values["entry"]),),
    state={"order": 0.0, "stop": 0.0},
    indicators={"top": highest("entry"), "bottom": lowest("exit"), "range": atr("period")},
)
