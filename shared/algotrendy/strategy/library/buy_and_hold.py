"""Buy and hold: what every other strategy has to beat."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.definition import Strategy


def _decide(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    if len(market.close) == 1:
        market.invest()


BUY_AND_HOLD = Strategy(
    name="buy_and_hold",
    summary="Invests all the cash at the second bar's open and never sells.",
    source="The benchmark of Brock, Lakonishok and LeBaron, Journal of Finance 47 (1992).",
    parameters=(),
    decide=_decide,
    warm_up=lambda _: 1,
)
