"""Be invested on the last session of a month and the first few of the next."""

from __future__ import annotations

from typing import Any

from algotrendy.strategy.dates import day_of, month_of, weekdays_left
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Parameter


def _decide(market: Any, own: Any, p: Any) -> None:
    if not market.is_new:
        return
    time = market.time[-1]
    if month_of(time) != own.month:
        own.month = month_of(time)
        own.session = 0.0
    if day_of(time) != own.day:
        own.day = day_of(time)
        own.session += 1.0
    if weekdays_left(time) <= p.before:
        if market.position == 0.0 and market.open_orders() == 0:
            market.invest()
    elif own.session >= p.after:
        market.exit()


TURN_OF_MONTH = Strategy(
    name="turn_of_month",
    summary="Holds from the open of the last `before` weekdays of each month until the open after "
    "the first `after` sessions of the next.",
    source="Lakonishok and Smidt, 'Are Seasonal Anomalies Real? A Ninety-Year Perspective', Review "
    "of Financial Studies 1 (1988) 403-425: the last trading day and the first three; bought at an "
    "open, so without the night before it.",
    parameters=(
        Parameter("before", "int", 1, 8, 1, "Last weekdays of a month that it holds"),
        Parameter("after", "int", 1, 8, 3, "First sessions of a month that it holds"),
    ),
    decide=_decide,
    warm_up=lambda _: 1,
    state={"month": 0.0, "day": -1.0, "session": 0.0},
)
