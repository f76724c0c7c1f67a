"""A strategy that does what it is told at each bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from algotrendy.strategy.context import Account, Bars
from algotrendy.strategy.definition import Arguments, Memory, Strategy

Act = Callable[[Account], None]


def scripted(script: Mapping[int, Act]) -> Strategy:
    """Make a strategy that acts at the bars of the script, counted from 0."""

    def decide(bars: Bars, memory: Memory, parameters: Arguments, account: Account) -> None:
        act = script.get(len(bars.close) - 1)
        if act is not None:
            act(account)

    return Strategy("scripted", "Does as told.", "tests", (), decide, lambda _: 1)
