"""Make what a walk forward chose again under kinder and under harsher fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.statistics.full import full_statistics
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walked import Walked


@dataclass(frozen=True, slots=True)
class Fills:
    """How the stitched run out of sample does under some fills; None where undefined.

    Attributes:
        name: Optimistic, As given or Harsh.
        trades: Closed round trips, and those that the end of a window closes.
    """

    name: str
    total_return: float | None
    cagr: float | None
    sharpe: float | None
    max_drawdown: float | None
    trades: int


def under_other_fills(plan: WalkPlan, walked: Walked) -> tuple[Fills, ...]:
    """Run every window's choice out of sample under optimistic, given and harsh fills.

    Parameters stay as they were chosen, under the terms that were given.
    """
    terms = plan.terms
    return (
        _fills("Optimistic", plan, walked, terms.optimistic()),
        _fills("As given", plan, walked, terms),
        _fills("Harsh", plan, walked, terms.harsh()),
    )


def _fills(name: str, plan: WalkPlan, walked: Walked, terms: Terms) -> Fills:
    engine, trades, returns = plan.engine.on_terms(terms), 0, []
    for step in walked.steps:
        if step.choice is None:
            returns.append(step.returns)
            continue
        outing = engine.outing(step.window, step.choice.combination)
        returns.append(outing.returns)
        trades += outing.trades
    begin = plan.dataset.timeline[walked.bars[0] - 1]
    found = full_statistics(
        returns=np.concatenate(returns),
        times=np.concatenate([[begin], plan.dataset.timeline[walked.bars]]),
        periods_per_year=plan.periods_per_year,
        drawdowns=0,
    )
    return Fills(
        name,
        found.growth.total_return,
        found.growth.cagr,
        found.ratios.sharpe,
        found.drawdowns.deepest,
        trades,
    )
