"""Bet that two prices that went together come together again: long the one, short the other."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.own import Vector
from algotrendy.strategy.parameters import Parameter, Rule

_STILL = 1e-9
"""Deviations of a log ratio below this are rounding."""


def _deviations(own: Any, ratio: float, window: int) -> float:
    """Say how many sample deviations a ratio is above the mean of those before it."""
    mean = 0.0
    for i in range(window):
        mean += own.ratios[i]
    mean /= window
    squares = 0.0
    for i in range(window):
        squares += (own.ratios[i] - mean) * (own.ratios[i] - mean)
    deviation = sqrt(squares / (window - 1))
    return (ratio - mean) / deviation if deviation > _STILL else 0.0


def _decide(market: Any, own: Any, p: Any) -> None:
    if not (market[0].is_new and market[1].is_new):
        return
    ratio = log(market[0].close[-1] / market[1].close[-1])
    if own.seen >= p.window:
        score = _deviations(own, ratio, p.window)
        held = market[0].position
        if held == 0.0 and market[1].position == 0.0:
            if abs(score) > p.entry:
                share = p.share if score < 0.0 else -p.share
                market[0].target(share)
                market[1].target(-share)
        elif (held > 0.0 and score >= -p.exit) or (held < 0.0 and score <= p.exit) or held == 0.0:
            market[0].exit()
            market[1].exit()
    own.ratios[int(own.seen) % p.window] = ratio
    own.seen += 1.0


PAIRS_TRADING = Strategy(
    name="pairs_trading",
    summary="When the ratio of the first two prices is more than `entry` deviations from its mean "
    "of the `window` bars before, buys the cheap one and sells the dear one short, `share` of the "
    "equity each, until less than `exit` remain. It needs terms that allow shorts.",
    source="Gatev, Goetzmann and Rouwenhorst, 'Pairs Trading: Performance of a Relative-Value "
    "Arbitrage Rule', Review of Financial Studies 19 (2006) 797-827; the log ratio deviates "
    "from a rolling window, for a given pair.",
    parameters=(
        Parameter("window", "int", 10, 1000, 252, "Bars whose ratios form mean and deviation"),
        Parameter("entry", "float", 0.5, 10, 2, "Deviations beyond which it opens"),
        Parameter("exit", "float", 0, 5, 0, "Deviations at which it closes"),
        Parameter("share", "float", 0.01, 5, 0.4, "Part of the equity on each side"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["window"]) + 1,
    rules=(Rule("exit", "below entry", lambda values: values["exit"] < values["entry"]),),
    state={"seen": 0.0, "ratios": Vector("window")},
    assets=2,
)
