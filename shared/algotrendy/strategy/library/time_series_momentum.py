"""Follow each asset's own past return, in a size that its volatility sets."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import lag, realised_volatility
from algotrendy.strategy.parameters import Parameter
from algotrendy.strategy.schedules import every_begin, nothing_between


def _rebalance(market: Any, own: Any, p: Any) -> None:
    for k in range(len(market)):
        if own[k].volatility > 0.0 and own[k].past > 0.0:
            weight = min(p.target / own[k].volatility, p.most) / len(market)
            if market[k].close[-1] > own[k].past:
                market[k].target(weight)
            elif p.short > 0 and market[k].close[-1] < own[k].past:
                market[k].target(-weight)
            else:
                market[k].target(0.0)


TIME_SERIES_MOMENTUM = Strategy(
    name="time_series_momentum",
    summary="Each month holds every asset that rose over `lookback` bars, and with `short` sells "
    "those that fell, each at a weight of `target` over its volatility of `period` bars, at most "
    "`most`, shared by all assets.",
    source="Moskowitz, Ooi and Pedersen, 'Time Series Momentum', Journal of Financial Economics "
    "104 (2012) 228-250; the volatility is of a plain window instead of an exponential one.",
    parameters=(
        Parameter("lookback", "int", 2, 1000, 252, "Bars over which the return is taken"),
        Parameter("period", "int", 5, 500, 60, "Returns in the volatility"),
        Parameter("target", "float", 0.01, 2, 0.4, "Volatility a year that a position is to have"),
        Parameter("most", "float", 0.01, 10, 1, "Greatest weight before it is shared"),
        Parameter("short", "int", 0, 1, 0, "1 sells short what fell, 0 holds none of it"),
    ),
    decide=nothing_between,
    warm_up=lambda values: int(max(values["lookback"], values["period"])) + 1,
    indicators={"past": lag("lookback"), "volatility": realised_volatility("period")},
    schedules=((every_begin("month"), _rebalance),),
)
