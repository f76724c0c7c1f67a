"""Buy the dip in an uptrend: a short RSI says oversold, a long mean says the trend is up."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import rsi, sma
from algotrendy.strategy.market import ABOVE
from algotrendy.strategy.parameters import Parameter, Rule


def _decide(market: Any, own: Any, p: Any) -> None:
    now = market.close[-1]
    if market.position == 0.0:
        if own.rsi < p.oversold and now > own.trend * ABOVE:
            if p.units > 0.0:
                market.buy(p.units)
            else:
                market.invest()
    elif now > own.mean * ABOVE:
        market.exit()


RSI_REVERSION = Strategy(
    name="rsi_reversion",
    summary="Buys when the RSI over `period` bars is below `oversold` while the close is above the "
    "mean of the last `trend`; sells when the close is above the mean of the last `exit`.",
    source="The 2-period RSI strategy of Connors and Alvarez, 'Short Term Trading Strategies That "
    "Work' (2008), ch. 9, filled at the next open; RSI after Wilder, 'New Concepts in Technical "
    "Trading Systems' (1978).",
    parameters=(
        Parameter("period", "int", 2, 100, 2, "Bars that the RSI is smoothed over"),
        Parameter("oversold", "float", 0.1, 50, 5, "RSI below which it buys"),
        Parameter("trend", "int", 3, 1000, 200, "Closes in the mean that tells the trend"),
        Parameter("exit", "int", 2, 200, 5, "Closes in the mean above which it sells"),
        Parameter("units", "float", 0, 1e9, 0, "Shares a trade; 0 invests all the cash"),
    ),
    decide=_decide,
    warm_up=lambda values: int(max(values["trend"], values["period"] + 1)),
    indicators={"rsi": rsi("period"), "trend": sma("trend"), "mean": sma("exit")},
    rules=(Rule("exit", "below trend", lambda values: values["exit"] < values["trend"]),),
)
