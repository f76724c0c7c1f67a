"""Walk forward: choose parameters in each window, and see them on the bars that follow it.

Source: Pardo, "The Evaluation and Optimization of Trading Strategies" (2nd ed., 2008), which also
defines the walk-forward efficiency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.search.searcher import Searcher
from algotrendy.backtest.search.space import Combination, Space
from algotrendy.backtest.trials import Moments
from algotrendy.backtest.validation.choice import Selection, choose
from algotrendy.backtest.validation.ports import (
    NothingKept,
    Scored,
    ScoreRecord,
    TrialSink,
    WindowTrials,
)
from algotrendy.backtest.validation.walked import Step, Walked
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.errors import Invalid

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """How the chosen combination did out of sample.

    Attributes:
        returns: Simple, one a bar of ``window.out_of_sample``.
        score: By the same objective as in sample; None where undefined.
    """

    returns: FloatArray
    score: float | None


Evaluate = Callable[[Window, Sequence[Combination]], Sequence[Scored]]
"""Runs combinations on the in-sample part of a window, and on nothing after it; gives a result
for each, in their order."""

OutOfSample = Callable[[Window, Combination], Unseen]
"""Runs a combination on the part out of sample. Bars before it may warm its indicators up; it
begins without a position."""

Progress = Callable[[Window, int], None]
"""Told after each batch: the window, and how many combinations are tried in it. What it raises
ends the walk."""


def no_progress(window: Window, tried: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks from window to window: pure, over a search, what runs combinations, who counts them.

    Attributes:
        windows: See ``Windows.cut``.
        searcher: Makes a new search for a window.
        trials: Is told every combination tried, window by window, before any is seen out of
            sample.
        batch: Combinations asked for at once; a Bayesian search depends on it.
        record: What is in it is not run again.
    """

    windows: Sequence[Window]
    space: Space
    searcher: Callable[[Window], Searcher]
    evaluate: Evaluate
    out_of_sample: OutOfSample
    trials: TrialSink
    selection: Selection = "best"
    batch: int = 64
    record: ScoreRecord = field(default_factory=NothingKept)
    progress: Progress = no_progress

    def run(self) -> Walked:
        """Walk through all windows, one after the other.

        Raises:
            Invalid: If there is no window, or if returns out of sample do not fit it.
        """
        if not self.windows:
            raise Invalid("windows", "at least one", 0)
        return Walked(self.space, tuple(self.step(window) for window in self.windows))

    def step(self, window: Window) -> Step:
        """Choose in one window, and look out of sample.

        No window needs another one: several workers can do them, and ``Walked`` puts the steps
        together in the order of the windows.
        """
        tried = self._searched(window)
        counted = _counted(window, tried)
        self.trials.record(counted)
        choice = choose(self.space, {each: tried[each].score for each in tried}, self.selection)
        if choice is None:
            # Nothing to go by: the money stays where it is.
            return Step(window, counted, None, 0.0, None, np.zeros(len(window.out_of_sample)))
        unseen = self.out_of_sample(window, choice.combination)
        _check_returns(window, unseen.returns)
        mean = tried[choice.combination].mean
        return Step(window, counted, choice, mean, unseen.score, unseen.returns)

    def _searched(self, window: Window) -> dict[Combination, Scored]:
        searcher = self.searcher(window)
        known = dict(self.record.read(window))
        tried: dict[Combination, Scored] = {}
        while asked := searcher.ask(self.batch):
            if fresh := [combination for combination in asked if combination not in known]:
                found = list(zip(fresh, self.evaluate(window, fresh), strict=True))
                self.record.write(window, found)
                known.update(found)
            tried.update((combination, known[combination]) for combination in asked)
            searcher.tell([(combination, known[combination].score) for combination in asked])
            self.progress(window, len(tried))
        return tried


def _counted(window: Window, tried: Mapping[Combination, Scored]) -> WindowTrials:
    ratios = [scored.sharpe for scored in tried.values() if scored.sharpe is not None]
    return WindowTrials(window, len(tried), Moments.of(ratios), max(ratios, default=None))


def _check_returns(window: Window, returns: FloatArray) -> None:
    bars = len(window.out_of_sample)
    if returns.shape != (bars,):
        expected = f"one for each of the {bars} bars out of sample of window {window.number}"
        raise Invalid("returns", expected, returns.shape)
    if not np.isfinite(returns).all():
        row = int(np.argmin(np.isfinite(returns)))
        raise Invalid(f"returns[{row}]", "finite", float(returns[row]))
