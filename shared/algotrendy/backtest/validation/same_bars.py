"""Look at every combination on the same bars: how likely the choice was luck.

A walk forward tries combinations window by window. Here each runs once over all the bars of all
windows, and their returns, side by side, are what CSCV and combinatorial cross-validation read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from algotrendy.backtest.counting import Entry, Recorder
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.statistics.overfitting import Overfitting, backtest_overfitting
from algotrendy.backtest.trials import Kind, Tally
from algotrendy.backtest.validation.checks import CrossChecks
from algotrendy.backtest.validation.cross_validation import (
    CombinatorialSplits,
    CrossValidation,
    FloatArray,
    Purge,
    cross_validate,
    sharpe_per_bar,
)
from algotrendy.backtest.validation.on_engine import named
from algotrendy.backtest.validation.walk_plan import WalkPlan


@dataclass(frozen=True, slots=True, eq=False)
class SameBars:
    """What came of it.

    Attributes:
        combinations: How many ran.
        paths: Annualised Sharpe ratios of the paths, lowest first; those that are undefined are
            left out.
    """

    combinations: int
    overfitting: Overfitting
    validated: CrossValidation
    paths: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the figures as JSON values."""
        found = self.overfitting
        return {
            "combinations": self.combinations,
            "overfitting": {
                "probability": found.probability,
                "probability_of_loss": found.probability_of_loss,
                "slope": found.slope,
                "blocks": found.blocks,
                "splits": found.splits,
            },
            "paths": list(self.paths),
            "paths_that_lost": sum(path < 0.0 for path in self.paths),  # whole numbers
        }


def look_across(
    plan: WalkPlan,
    recorder: Recorder,
    bars: range,
    combinations: Sequence[Combination],
    checks: CrossChecks,
) -> SameBars:
    """Run combinations over some bars, count them, and look at them side by side.

    Raises:
        Invalid: If bars or combinations are too few for the cuts, or too many for the memory; what
            can be known before a walk, ``require_checks`` refuses before it.
    """
    checks.require_cells(len(bars), len(combinations))
    returns = _side_by_side(plan, bars, combinations)
    recorder.record(_entry(plan, bars, combinations, returns))
    validated = cross_validate(splits_of(plan, len(bars), combinations, checks), returns)
    year = plan.periods_per_year**0.5
    known = validated.scores[~np.isnan(validated.scores)]
    return SameBars(
        combinations=len(combinations),
        overfitting=backtest_overfitting(returns, checks.blocks),
        validated=validated,
        paths=tuple(float(score) * year for score in np.sort(known)),
    )


def splits_of(
    plan: WalkPlan, bars: int, combinations: Iterable[Combination], checks: CrossChecks
) -> CombinatorialSplits:
    """Cut the returns of some bars, the first of which has none."""
    strategy = plan.strategy
    needed = max(strategy.warm_up(named(strategy, each)) for each in combinations)
    # The outcome of a decision is the return of the bar after it.
    purge = Purge(horizon=1, warm_up=needed, embargo=checks.embargo)
    return CombinatorialSplits(bars - 1, checks.groups, checks.test_groups, purge)


def _side_by_side(plan: WalkPlan, bars: range, combinations: Sequence[Combination]) -> FloatArray:
    engine = plan.engine
    table = np.empty((len(bars) - 1, len(combinations)))
    for place, returns in enumerate(engine.returns_of_all(bars, combinations)):
        table[:, place] = returns
    return table


def _entry(
    plan: WalkPlan, bars: range, combinations: Sequence[Combination], returns: FloatArray
) -> Entry:
    sharpes = [None if np.isnan(each) else float(each) for each in sharpe_per_bar(returns)]
    tally = Tally.of(
        plan.symbols,
        plan.timeframe,
        plan.days[bars.start],
        plan.days[bars.stop - 1],
        sharpes,
        observations=len(returns),
        periods_per_year=plan.periods_per_year,
    )
    said = f"{plan.sha256}:{bars.start}:{bars.stop}:{sorted(combinations)}"
    sha256 = hashlib.sha256(said.encode()).hexdigest()
    return Entry(sha256, Kind.SEARCH, plan.strategy.name, plan.version, (tally,))
