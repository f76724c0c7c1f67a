"""What a walk forward needs from the world: who counts its trials, who keeps what is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from algotrendy.backtest.search.searcher import Score
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.trials import Moments
from algotrendy.backtest.validation.windows import Window


@dataclass(frozen=True, slots=True)
class Scored:
    """How a combination did in the in-sample part of a window.

    Attributes:
        score: By the objective of the search; None where undefined.
        mean: Mean return of a bar.
        sharpe: Sharpe ratio per bar, not annualised; None without variation.
    """

    score: Score
    mean: float
    sharpe: float | None


@dataclass(frozen=True, slots=True)
class WindowTrials:
    """What was tried in one window.

    Attributes:
        count: Combinations, those without a Sharpe ratio included.
        sharpe: Moments of the Sharpe ratios per bar, of those that have one.
        best: The highest of them; None when there is none.
    """

    window: Window
    count: int
    sharpe: Moments
    best: float | None


class TrialSink(Protocol):
    """Counts trials for good."""

    def record(self, trials: WindowTrials) -> None:
        """Count the trials of a window; the same window again, after a kill, says the same."""
        ...


class ScoreRecord(Protocol):
    """Keeps what is done, so that a walk forward that was killed does not run it again."""

    def read(self, window: Window) -> Mapping[Combination, Scored]:
        """Give what is stored of a window."""
        ...

    def write(self, window: Window, scored: Sequence[tuple[Combination, Scored]]) -> None:
        """Store what a batch found."""
        ...


class NothingKept:
    """A record for those who can begin anew."""

    def read(self, window: Window) -> Mapping[Combination, Scored]:  # noqa: ARG002 - the port's
        """Give nothing."""
        return {}

    def write(self, window: Window, scored: Sequence[tuple[Combination, Scored]]) -> None:
        """Keep nothing."""
