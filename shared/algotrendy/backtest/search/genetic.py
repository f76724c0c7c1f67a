"""Search by generations: what scored well is crossed and changed a little.

Our own rather than the NSGA-II of optuna: that one counts a combination that breaks a rule as a
member of its generation, builds generations in the order in which trials happen to end, and is
made for several objectives. Here a generation is proposed whole before any of it is told, so the
sizes of the batches do not matter at all, and nothing needs to be installed.
"""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.search.draws import Draws, Untried
from algotrendy.backtest.search.searcher import Result
from algotrendy.backtest.search.space import Combination, Places, Space

_ATTEMPTS = 20
_CREEP_SHARE = 10


class GeneticMethod:
    """Keeps the best of all generations as parents of the next one.

    Two parents, each the better of two drawn, give a child each of whose parameters is of the one
    or the other; each parameter then changes with a chance of one in their number, half of the
    time by up to a tenth of its range, half of the time to anywhere in it. A child that breaks a
    rule or was tried is drawn again, and in the end replaced by a random combination. The parts
    (tournaments, uniform crossover, creep and random resetting, survival of the best of parents
    and children) are described in Eiben and Smith, "Introduction to Evolutionary Computing"
    (2003).

    Args:
        population: Children in a generation, and parents kept, at least 2.
    """

    def __init__(self, space: Space, seed: int, population: int = 20) -> None:
        self._space = space
        self._population = population
        self._draws = Draws(seed, "genetic")
        self._untried = Untried(space, seed)
        self._varied = [number for number, axis in enumerate(space.axes) if axis.count > 1]
        self._proposed: set[Combination] = set()
        self._children: list[Combination] = []
        self._parents: list[tuple[float, Places]] = []

    def propose(self, count: int) -> list[Combination]:
        """Give the next ones of the generation, at most those that are left of it."""
        if not self._children:
            self._children = self._generation()
        found, self._children = self._children[:count], self._children[count:]
        return found

    def learn(self, results: Sequence[Result]) -> None:
        """Keep the best as parents; of equals the first proposed."""
        self._parents += [
            (score, self._space.places(combination))
            for combination, score in results
            if score is not None
        ]
        self._parents.sort(key=lambda parent: -parent[0])
        del self._parents[self._population :]

    def _generation(self) -> list[Combination]:
        children: list[Combination] = []
        while len(children) < self._population:
            child = self._child() or self._untried.next(self._proposed)
            if child is None:
                break
            self._proposed.add(child)
            children.append(child)
        return children

    def _child(self) -> Combination | None:
        if len(self._parents) < 2 or not self._varied:
            return None
        for _ in range(_ATTEMPTS):
            child = self._space.at(self._changed(self._crossed()))
            if child not in self._proposed and self._space.allows(child):
                return child
        return None

    def _crossed(self) -> list[int]:
        one, other = self._parent(), self._parent()
        return [pair[self._draws.below(2)] for pair in zip(one, other, strict=True)]

    def _parent(self) -> Places:
        # Parents stand in order: the lower place is the better one.
        count = len(self._parents)
        return self._parents[min(self._draws.below(count), self._draws.below(count))][1]

    def _changed(self, places: list[int]) -> list[int]:
        for number in self._varied:
            if self._draws.below(len(self._varied)):
                continue
            count = self._space.axes[number].count
            if self._draws.below(2):
                places[number] = self._draws.below(count)
            else:
                step = 1 + self._draws.below(max(1, count // _CREEP_SHARE))
                moved = places[number] + (step if self._draws.below(2) else -step)
                places[number] = min(max(moved, 0), count - 1)
        return places
