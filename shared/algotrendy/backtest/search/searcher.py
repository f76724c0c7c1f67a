"""Ask what to try next, tell how it scored: one conversation for every method of search.

    searcher = make_search("bayesian", space, Budget(max_runs=200), seed=7)
    while batch := searcher.ask(16):
        searcher.tell([(combination, score(combination)) for combination in batch])

A batch is asked whole and told in any order, in one piece or in several, so that anything can run
it: this process, many, or many machines. What is asked follows from the seed, the sizes of the
batches and the scores told, and from nothing else. So a search that was killed goes on by telling
a new one what is stored: it asks for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

from algotrendy.backtest.search.space import Combination, Space
from algotrendy.kernel.errors import Conflict, Invalid

Score = float | None
"""How good a combination is, more is better; None where that is undefined, as without a trade."""

Result = tuple[Combination, Score]

RUNS_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop.

    Attributes:
        max_runs: Combinations to try at most, 1 to 100,000.
        patience: Stop after so many in a row that were no better than the best; None never.
    """

    max_runs: int
    patience: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.max_runs <= RUNS_LIMIT:
            raise Invalid("max_runs", f"between 1 and {RUNS_LIMIT:,}", self.max_runs)
        if self.patience is not None and self.patience < 1:
            raise Invalid("patience", "at least 1, or absent", self.patience)


class Method(Protocol):
    """Decides what to try next; hears of results a round at a time, in the order it proposed."""

    def propose(self, count: int) -> list[Combination]:
        """Give 1 to ``count`` allowed combinations, none for the second time; none: no more."""
        ...

    def learn(self, results: Sequence[Result]) -> None:
        """Hear how all that was proposed last scored."""
        ...


class Searcher(Protocol):
    """Searches a space of parameters for the combination of the best score."""

    def ask(self, count: int) -> list[Combination]:
        """Give 1 to ``count`` combinations to try; none when the search is over."""
        ...

    def tell(self, results: Sequence[Result]) -> None:
        """Say how combinations scored."""
        ...

    @property
    def done(self) -> bool:
        """Tell whether the search is known to be over."""
        ...


class Search:
    """Carries a method on: within a budget, nothing tried twice, from stored results if any.

    Args:
        name: Of the method, for the state.
        method: A new one, that has proposed nothing.
        seed: That the method was made with, for the state.
    """

    def __init__(self, name: str, method: Method, space: Space, budget: Budget, seed: int) -> None:
        self._name = name
        self._method = method
        self._space = space
        self._budget = budget
        self._seed = seed
        self._told: dict[Combination, Score] = {}
        self._round: list[Combination] = []
        self._learned: list[Result] = []
        self._best: Result | None = None
        self._stale = 0
        self._exhausted = False

    @property
    def results(self) -> tuple[Result, ...]:
        """Give what was tried, in the order in which it was proposed."""
        return tuple(self._learned)

    @property
    def best(self) -> Result | None:
        """Give the best so far, of equals the first; None while nothing has a score."""
        return self._best

    @property
    def done(self) -> bool:
        """Tell whether the budget, the patience or the space is known to be used up.

        That the space is used up may only show when ``ask`` gives nothing.
        """
        if self._round:
            return False
        patience = self._budget.patience
        impatient = patience is not None and self._stale >= patience
        return self._exhausted or impatient or len(self._learned) >= self._budget.max_runs

    def ask(self, count: int) -> list[Combination]:
        """Give the combinations to try next; none when the search is over.

        What is already told is not asked: it is answered from what was told. Fewer than ``count``
        come when the budget, the space or a generation ends.

        Raises:
            Conflict: While an earlier batch is not told whole.
        """
        if count < 1:
            raise Invalid("count", "at least 1", count)
        if self._round:
            waiting = sum(
                combination not in self._told for combination in self._round
            )  # whole numbers
            raise Conflict(f"{waiting} of the {len(self._round)} combinations asked last wait")
        while not self.done:
            left = self._budget.max_runs - len(self._learned)
            self._round = self._method.propose(min(count, left))
            self._exhausted = not self._round
            if open_ := [each for each in self._round if each not in self._told]:
                return open_
            self._learn()
        return []

    def tell(self, results: Sequence[Result]) -> None:
        """Say how combinations scored, also such as are not asked yet; telling again is harmless.

        Raises:
            Invalid: For a combination that is not of the space, or a score that is no number.
            Conflict: For a second score that differs from the first.
        """
        for combination, score in results:
            if score is not None and not isfinite(score):
                raise Invalid("score", "a finite number, or absent", score)
            if combination not in self._told:
                self._space.places(combination)
                self._told[combination] = score
            elif self._told[combination] != score:
                raise Conflict(
                    f"{combination} was told to score {self._told[combination]}, now {score}"
                )
        if self._round and all(combination in self._told for combination in self._round):
            self._learn()

    def state(self) -> dict[str, Any]:
        """Give all that is told, as JSON values; ``restore`` takes it up.

        A search is the same again when also the counts asked for are.
        """
        return {
            **self._origin(),
            "results": [[list(combination), score] for combination, score in self._told.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Tell what is in a state.

        Raises:
            Conflict: If it is of another search, naming what differs.
        """
        for name, value in self._origin().items():
            if state.get(name) != value:
                raise Conflict(
                    f"the state is of a search with {name} {state.get(name)}, not {value}"
                )
        self.tell([(tuple(values), score) for values, score in state["results"]])

    def _origin(self) -> dict[str, Any]:
        return {
            "method": self._name,
            "seed": self._seed,
            "strategy": self._space.strategy.name,
            "axes": [[axis.name, axis.count, axis.at(0)] for axis in self._space.axes],
        }

    def _learn(self) -> None:
        results = [(combination, self._told[combination]) for combination in self._round]
        self._round = []
        self._learned += results
        for combination, score in results:
            if score is not None and (self._best is None or _better(score, self._best[1])):
                self._best = (combination, score)
                self._stale = 0
            else:
                self._stale += 1
        if results:
            self._method.learn(results)


def _better(score: float, than: Score) -> bool:
    return than is None or score > than
