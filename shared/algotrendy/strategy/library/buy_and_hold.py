"""Buy and hold: what every other strategy has to beat."""

from __future__ import annotations

from algotrendy.strategy.context import Account, Bars
from algotrendy.strategy.definition import Arguments, Memory, Strategy


def _decide(bars: Bars, memory: Memory, parameters: Arguments, account: Account) -> None:  # noqa: ARG001
    if len(bars.close) == 1:
        account.invest()


BUY_AND_HOLD = Strategy(
    name="buy_and_hold",
    summary="Invests all the cash at the second bar's open and never sells.",
    source="The benchmark of Brock, Lakonishok and LeBaron, Journal of Finance 47 (1992).",
    parameters=(),
    decide=_decide,
    warm_up=lambda _: 1,
)
