"""Search by a model of what scored well: the tree-structured Parzen estimator of optuna.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 24 (2011).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from algotrendy.backtest.search.draws import Untried
from algotrendy.backtest.search.searcher import Result
from algotrendy.backtest.search.space import Combination, Space
from algotrendy.kernel.errors import Unavailable

if TYPE_CHECKING:
    from optuna import Study, Trial

# So many draws in a row that break a rule or were tried, and one is drawn without the model.
_MISSES = 20


class BayesianMethod:
    """Draws where combinations that scored well lie denser than the others.

    Before ten have a score, draws are even. Within a batch the ones that wait count as bad (the
    constant liar of Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to parallelize
    optimization", 2010), so that a batch spreads out. A draw that breaks a rule of the strategy,
    or that was tried, is drawn again and teaches the model nothing. The same version of optuna
    repeats a search exactly; another one may search otherwise.

    Raises:
        Unavailable: If optuna is not installed.
    """

    def __init__(self, space: Space, seed: int) -> None:
        optuna = _optuna()
        self._space = space
        self._failed = optuna.trial.TrialState.FAIL
        self._study = _quiet_study(optuna, seed)
        self._ranges = {
            axis.name: optuna.distributions.IntDistribution(0, axis.count - 1)
            for axis in space.axes
            if axis.count > 1
        }
        self._untried = Untried(space, seed)
        self._waiting: dict[Combination, Trial] = {}
        self._proposed: set[Combination] = set()

    def propose(self, count: int) -> list[Combination]:
        """Draw the next ones; those proposed before in the batch count as bad meanwhile."""
        found: list[Combination] = []
        while len(found) < count:
            combination = self._modelled() or self._even()
            if combination is None:
                break
            self._proposed.add(combination)
            found.append(combination)
        return found

    def learn(self, results: Sequence[Result]) -> None:
        """Teach the model the scores; a combination without one teaches it nothing."""
        for combination, score in results:
            trial = self._waiting.pop(combination)
            if score is None:
                self._study.tell(trial, state=self._failed)
            else:
                self._study.tell(trial, score)

    def _modelled(self) -> Combination | None:
        for _ in range(_MISSES if self._ranges else 0):
            trial = self._study.ask(self._ranges)
            combination = self._space.at(
                [trial.params.get(axis.name, 0) for axis in self._space.axes]
            )
            if combination not in self._proposed and self._space.allows(combination):
                self._waiting[combination] = trial
                return combination
            self._study.tell(trial, state=self._failed)
        return None

    def _even(self) -> Combination | None:
        combination = self._untried.next(self._proposed)
        if combination is not None:
            places = dict(zip(self._space.names, self._space.places(combination), strict=True))
            self._study.enqueue_trial({name: places[name] for name in self._ranges})
            self._waiting[combination] = self._study.ask(self._ranges)
        return combination


def _optuna() -> ModuleType:
    # Not at the head: it is optional, and slow to load.
    try:
        import optuna
    except ImportError as error:
        raise Unavailable(
            "bayesian search", "optuna is not installed: pip install 'algotrendy[search]'"
        ) from error
    return optuna


def _quiet_study(optuna: ModuleType, seed: int) -> Study:
    # numpy's RandomState takes 32 bits of seed.
    digest = hashlib.sha256(f"{seed}:bayesian".encode()).digest()
    sampler = optuna.samplers.TPESampler(seed=int.from_bytes(digest[:4], "big"))
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study: Study = optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(before)
    return study
