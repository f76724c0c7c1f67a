"""Judge the winner of a sweep: deflate it by all trials, and hold it to the gate.

All figures are worked out of what the plan pins, and kept to as many digits as a row's, so that
they are the same bytes whoever ran the shards, and however often.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Final

import numpy as np

from algotrendy.backtest.counting import Entry
from algotrendy.backtest.evidence import evidence_of
from algotrendy.backtest.gate import Evidence, judge
from algotrendy.backtest.judged import Judged
from algotrendy.backtest.plan import Plan
from algotrendy.backtest.rows import backtest_of, canonical
from algotrendy.backtest.statistics.overfitting import backtest_overfitting
from algotrendy.backtest.statistics.series import FloatArray
from algotrendy.backtest.validation.on_engine import returns_of

if TYPE_CHECKING:
    from algotrendy.backtest.engine.result import Backtest
    from algotrendy.backtest.engine.running import Wish

CELLS_LIMIT: Final = 5_000_000
"""Most bars times combinations that the probability of overfitting is worked out of: more than
that takes an interpreted run, as on the laptop's emulator, a minute and 100 MB."""
BLOCKS: Final = 16
_LEAST_BARS: Final = 2 * BLOCKS


def judged(plan: Plan, again: Backtest, entry: Entry, mode: Wish = "auto") -> Judged:
    """Judge the winner.

    Args:
        again: The winner, run again.
        entry: What the sweep tried.
    """
    own = sum(tally.trials for tally in entry.tallies)  # whole numbers
    year = again.setting.a_year
    tried = plan.earlier.with_own((entry.strategy, tally) for tally in entry.tallies)
    why_not = _why_not(plan, again)
    probability = None if why_not else _overfitting(plan, again, mode)
    shown = Evidence(
        overfitting=probability,
        trades=len(again.trades),
        max_drawdown=_drawdown(again.equity),
        harsh_return=_harsh(plan, again, mode),
    )
    found = evidence_of(_returns(again), year, tried, shown=shown)
    evidence = replace(
        found,
        deflated_sharpe=_kept(found.deflated_sharpe),
        minimum_track_record=_kept(found.minimum_track_record),
        max_drawdown=_kept(found.max_drawdown),
        harsh_return=_kept(found.harsh_return),
    )
    return Judged(
        evidence=evidence,
        verdict=judge(evidence),
        own=own,
        counted_in=plan.earlier.counted_in,
        overfitting_of=0 if why_not else len(plan.combinations),
        why_not=why_not,
    )


def _returns(run: Backtest) -> FloatArray:
    return returns_of(run.equity[1:], float(run.equity[0]))


def _drawdown(equity: FloatArray) -> float:
    peaks = np.maximum.accumulate(equity)
    return min(float((equity / peaks).min()) - 1.0, 0.0)


def _harsh(plan: Plan, winner: Backtest, mode: Wish) -> float:
    setting = winner.setting
    found = backtest_of(
        setting.dataset,
        setting.strategy,
        setting.parameters(),
        plan.terms.harsh(),
        mode,
        plan.calendar,
    )
    return float(found.equity[-1]) / plan.terms.cash - 1.0


def _why_not(plan: Plan, winner: Backtest) -> str:
    bars, combinations = len(winner.equity), len(plan.combinations)
    if combinations < 2:
        return "one combination was tried: nothing was chosen from"
    if bars <= _LEAST_BARS:
        return f"{bars:,} bars are too few to be cut into {BLOCKS} blocks"
    if bars * combinations > CELLS_LIMIT:
        most = CELLS_LIMIT // bars
        return (
            f"{combinations:,} combinations on {bars:,} bars are too many to be looked at side by "
            f"side; at most {most:,} are"
        )
    return ""


def _overfitting(plan: Plan, winner: Backtest, mode: Wish) -> float:
    """Run every combination on the winner's bars, and tell how likely the choice was luck."""
    setting = winner.setting
    table = np.empty((len(winner.equity) - 1, len(plan.combinations)))
    for place, values in enumerate(plan.combinations):
        found = backtest_of(
            setting.dataset, setting.strategy, values, plan.terms, mode, plan.calendar
        )
        table[:, place] = _returns(found)
    return backtest_overfitting(table, BLOCKS).probability


def _kept(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return value
    rounded = canonical(value)
    return None if rounded is None else float(rounded)
