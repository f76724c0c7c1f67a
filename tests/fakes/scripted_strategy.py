"""A strategy that does what it is told at each bar, and what comes of it, in plain figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.market import Market

Act = Callable[[Market], object]


def scripted(script: Mapping[int, Act], **more: Any) -> Strategy:
    """Make a strategy that acts at the calls of the script, counted from 0.

    Args:
        script: What is done at which call of ``decide``.
        more: Fields of `Strategy`.
    """

    def decide(market: Market, own: Any, p: Any) -> None:
        now = int(own.calls)
        own.calls = now + 1.0
        if now in script:
            script[now](market)

    return Strategy(
        "scripted", "Does as told.", "tests", (), decide, lambda _: 1, state={"calls": 0.0}, **more
    )


def ran(
    bars: BarSeries | Dataset,
    strategy: Strategy,
    terms: Terms,
    mode: Wish = "interpreted",
    **parameters: object,
) -> Backtest:
    """Run a strategy over bars."""
    dataset = from_series(bars) if isinstance(bars, BarSeries) else bars
    return run(Setting(dataset, strategy, strategy.check(parameters), terms), mode)


def fills_of(backtest: Backtest) -> list[tuple[int, float, float]]:
    """Give the fills as tuples of step, units and price."""
    return [tuple(row) for row in backtest.fills[["step", "units", "price"]].tolist()]


def ends_of(backtest: Backtest) -> list[tuple[float, float, int]]:
    """Give the orders as tuples of units, filled units and state."""
    return [tuple(row) for row in backtest.orders[["units", "filled", "state"]].tolist()]
