"""Choose parameters from what a search found in sample: the best, or the best of a good area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Literal

from algotrendy.backtest.search.searcher import Score
from algotrendy.backtest.search.space import Combination, Space

Selection = Literal["best", "neighbours"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes:
        score: Its own, in sample.
        selection: How it was chosen.
        area: With ``neighbours``, the mean of its score and those of its neighbours.
    """

    combination: Combination
    score: float
    selection: Selection
    area: float | None = None


def choose(
    space: Space, scores: Mapping[Combination, Score], selection: Selection
) -> Choice | None:
    """Choose a combination that has a score; None when none has one.

    With ``neighbours`` a combination counts as the mean of its own score and those of the ones a
    step of one parameter away, so that a single peak does not win over a plateau. Where fewer than
    half of the neighbours that the rules allow have a score, that says too little, and the
    combination is passed over; where that is so of all, as after a sparse search, the best one is
    chosen. Of equals the first in the order of the grid is chosen.
    """
    known = {combination: score for combination, score in scores.items() if score is not None}
    if not known:
        return None
    if selection == "neighbours":
        areas = {combination: _area(space, known, combination) for combination in known}
        if wide := {combination: area for combination, area in areas.items() if area is not None}:
            best = _highest(space, wide)
            return Choice(best, known[best], "neighbours", wide[best])
    best = _highest(space, known)
    return Choice(best, known[best], "best")


def _area(
    space: Space, known: Mapping[Combination, float], combination: Combination
) -> float | None:
    around = space.neighbours(combination)
    scored = [known[beside] for beside in around if beside in known]
    if not scored or 2 * len(scored) < len(around):
        return None
    return fsum([known[combination], *scored]) / (1 + len(scored))


def _highest(space: Space, values: Mapping[Combination, float]) -> Combination:
    return min(values, key=lambda combination: (-values[combination], space.places(combination)))
