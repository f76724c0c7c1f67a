"""Quote both sides of a fair value, and lean against what is held."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import atr, ema
from algotrendy.strategy.parameters import Parameter


def _decide(market: Any, own: Any, p: Any) -> None:
    if not market.is_new:
        return
    market.cancel_all()
    close = market.close[-1]
    lot = float(int(p.size * market.equity / close))
    if not (own.range > 0.0 and own.fair > 0.0 and lot > 0.0):
        return
    most = p.limit * lot
    least = -most if p.short > 0 else 0.0
    lean = (market.position - (most + least) / 2.0) / (most - least)
    middle = own.fair - p.skew * own.range * lean
    # A quote never takes: it stays on its side of the newest close.
    bid = min(middle - p.width * own.range, close)
    ask = max(middle + p.width * own.range, close)
    room = min(lot, most - market.position)
    if bid > 0.0 and room >= 1.0:
        market.buy(room, limit=bid)
    room = min(lot, market.position - least)
    if ask > 0.0 and room >= 1.0:
        market.sell(room, limit=ask)


MARKET_MAKING = Strategy(
    name="market_making",
    summary="After each bar quotes a lot of `size` of the equity on both sides of the mean of "
    "`period` closes, `width` mean true ranges away; the more it holds of `limit` lots, the lower "
    "it quotes.",
    source="Avellaneda and Stoikov, 'High-Frequency Trading in a Limit Order Book', Quantitative "
    "Finance 8 (2008) 217-224: a reservation price that falls with the inventory; here linear in "
    "it, on bars, with fixed parameters instead of calibrated ones.",
    parameters=(
        Parameter("period", "int", 2, 500, 10, "Bars of the exponential mean, the fair value"),
        Parameter("range", "int", 2, 200, 20, "Bars that the true range is averaged over"),
        Parameter("width", "float", 0.01, 10, 0.5, "Mean true ranges from the middle to a quote"),
        Parameter("skew", "float", 0, 20, 1, "Ranges that the middle moves over all the inventory"),
        Parameter("size", "float", 0.001, 1, 0.1, "Part of the equity in a lot"),
        Parameter("limit", "int", 1, 100, 5, "Lots that it holds at most"),
        Parameter("short", "int", 0, 1, 0, "1 holds as many short, 0 none"),
    ),
    decide=_decide,
    warm_up=lambda values: int(max(values["period"], values["range"] + 1)),
    indicators={"fair": ema("period"), "range": atr("range")},
)
