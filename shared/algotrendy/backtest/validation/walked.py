"""What a walk forward came to: the history out of sample, and how it compares with in sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.search.space import Space
from algotrendy.backtest.trials import Moments
from algotrendy.backtest.validation.choice import Choice
from algotrendy.backtest.validation.ports import WindowTrials
from algotrendy.backtest.validation.windows import Window
from algotrendy.strategy.parameters import Value

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One window.

    Attributes:
        choice: None when nothing had a score in sample: it stays out of the market.
        mean: Mean return of a bar of the chosen one in sample.
        score: Of the chosen one out of sample; None where undefined.
        returns: One a bar out of sample.
    """

    window: Window
    trials: WindowTrials
    choice: Choice | None
    mean: float
    score: float | None
    returns: FloatArray

    @property
    def total_return(self) -> float:
        """Compound the returns out of sample."""
        return float(np.prod(1.0 + self.returns)) - 1.0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON values, for ``from_json``: what one worker sends to another."""
        window, choice, sharpe = self.window, self.choice, self.trials.sharpe
        return {
            "window": window.number,
            "in_sample": [window.in_sample.start, window.in_sample.stop],
            "out_of_sample": [window.out_of_sample.start, window.out_of_sample.stop],
            "trials": self.trials.count,
            "sharpe": [sharpe.count, sharpe.mean, sharpe.m2],
            "best": self.trials.best,
            "choice": choice
            and [list(choice.combination), choice.score, choice.selection, choice.area],
            "mean": self.mean,
            "score": self.score,
            "returns": self.returns.tolist(),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Step:
        """Read what ``to_json`` gave: the same to the last bit."""
        inside, outside = range(*found["in_sample"]), range(*found["out_of_sample"])
        window = Window(found["window"], inside, outside)
        trials = WindowTrials(window, found["trials"], Moments(*found["sharpe"]), found["best"])
        choice = found["choice"] and Choice(tuple(found["choice"][0]), *found["choice"][1:])
        returns = np.array(found["returns"], dtype=np.float64)
        return cls(window, trials, choice, found["mean"], found["score"], returns)


@dataclass(frozen=True, slots=True)
class Stability:
    """How far a parameter moved from window to window.

    Attributes:
        values: Chosen, window by window, without those that chose nothing.
        stability: 1 when it never moved, 0 when it went from one end of its range to the other
            every time: 1 less the mean move, as a share of the range in steps. None for a single
            window.
    """

    name: str
    values: tuple[Value, ...]
    stability: float | None


@dataclass(frozen=True)
class Walked:
    """All windows, in order."""

    space: Space
    steps: tuple[Step, ...]

    @cached_property
    def returns(self) -> FloatArray:
        """Give the returns out of sample, window after window."""
        return np.concatenate([step.returns for step in self.steps])

    @cached_property
    def bars(self) -> IntArray:
        """Give the bar of the series that each of ``returns`` is of; ascending, none twice."""
        spans = [step.window.out_of_sample for step in self.steps]
        return np.concatenate([np.arange(span.start, span.stop) for span in spans])

    @property
    def trials(self) -> int:
        """Count the combinations tried, those of each window for themselves."""
        return sum(step.trials.count for step in self.steps)  # whole numbers

    @property
    def efficiency(self) -> float | None:
        """Give the walk-forward efficiency: mean return of a bar out of sample over in sample.

        A window in sample counts by its bars out of sample. None where there was no gain in
        sample to keep a share of.
        """
        weighted = [step.mean * len(step.window.out_of_sample) for step in self.steps]
        expected = fsum(weighted)
        return fsum(self.returns) / expected if expected > 0.0 else None

    @property
    def scores(self) -> tuple[float, float] | None:
        """Give the mean score in sample and out of sample, of the windows that have both."""
        both = [
            (step.choice.score, step.score)
            for step in self.steps
            if step.choice is not None and step.score is not None
        ]
        if not both:
            return None
        return fsum(a for a, _ in both) / len(both), fsum(b for _, b in both) / len(both)

    @property
    def gained(self) -> float:
        """Give the share of windows that gained out of sample."""
        won = len([step for step in self.steps if step.total_return > 0.0])
        return won / len(self.steps)

    @property
    def stability(self) -> tuple[Stability, ...]:
        """Tell how far each parameter that was searched moved."""
        chosen = [step.choice.combination for step in self.steps if step.choice is not None]
        places = [self.space.places(combination) for combination in chosen]
        found: list[Stability] = []
        for number, axis in enumerate(self.space.axes):
            if axis.count == 1:
                continue
            moves = [abs(now[number] - before[number]) for before, now in pairwise(places)]
            mean = sum(moves) / len(moves) / (axis.count - 1) if moves else None  # whole numbers
            values = tuple(combination[number] for combination in chosen)
            found.append(Stability(axis.name, values, None if mean is None else 1.0 - mean))
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Give all but the returns as JSON values; bars as first, and one past the last."""
        scores = self.scores
        return {
            "windows": [self._step_json(step) for step in self.steps],
            "trials": self.trials,
            "efficiency": self.efficiency,
            "in_sample": None if scores is None else scores[0],
            "out_of_sample": None if scores is None else scores[1],
            "gained": self.gained,
            "stability": {
                each.name: {"values": list(each.values), "stability": each.stability}
                for each in self.stability
            },
        }

    def _step_json(self, step: Step) -> dict[str, Any]:
        window, choice, sharpe = step.window, step.choice, step.trials.sharpe
        values = None if choice is None else choice.combination
        return {
            "window": window.number,
            "in_sample_bars": [window.in_sample.start, window.in_sample.stop],
            "out_of_sample_bars": [window.out_of_sample.start, window.out_of_sample.stop],
            "trials": step.trials.count,
            "sharpe_count": sharpe.count,
            "sharpe_mean": sharpe.mean if sharpe.count else None,
            "sharpe_variance": sharpe.variance,
            "parameters": values and dict(zip(self.space.names, values, strict=True)),
            "selection": None if choice is None else choice.selection,
            "in_sample": None if choice is None else choice.score,
            "area": None if choice is None else choice.area,
            "out_of_sample": step.score,
            "total_return": step.total_return,
        }
