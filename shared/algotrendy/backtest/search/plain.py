"""Search without learning: the grid in its order, or combinations at random."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.grid import sample
from algotrendy.backtest.search.draws import Untried
from algotrendy.backtest.search.searcher import Result
from algotrendy.backtest.search.space import Combination, Space


class GridMethod:
    """Tries every allowed combination in order; of too many a sample that the seed fixes.

    Raises:
        Invalid: If the rules leave nothing.
    """

    def __init__(self, space: Space, max_runs: int, seed: int) -> None:
        self._combinations = sample(space, max_runs, seed).combinations
        self._next = 0

    def propose(self, count: int) -> list[Combination]:
        """Give the next ones."""
        found = self._combinations[self._next : self._next + count]
        self._next += len(found)
        return list(found)

    def learn(self, results: Sequence[Result]) -> None:
        """Take no notice: the order is fixed."""


class RandomMethod:
    """Tries allowed combinations in an order that the seed fixes.

    A larger budget goes on where a smaller one stopped, which no sample of a grid does. Bergstra
    and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13 (2012), show when it
    beats a grid of the same size: when few of the parameters matter.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self._untried = Untried(space, seed)

    def propose(self, count: int) -> list[Combination]:
        """Give the next ones."""
        found: list[Combination] = []
        while len(found) < count and (drawn := self._untried.next()) is not None:
            found.append(drawn)
        return found

    def learn(self, results: Sequence[Result]) -> None:
        """Take no notice: the order is fixed."""
