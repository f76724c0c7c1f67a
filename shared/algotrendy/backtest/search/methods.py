"""Name the methods of search, and make a search by one of them."""

from __future__ import annotations

from typing import Literal, get_args

from algotrendy.backtest.search.bayesian import BayesianMethod
from algotrendy.backtest.search.genetic import GeneticMethod
from algotrendy.backtest.search.plain import GridMethod, RandomMethod
from algotrendy.backtest.search.searcher import Budget, Method, Search
from algotrendy.backtest.search.space import Space
from algotrendy.kernel.errors import Invalid

MethodName = Literal["grid", "random", "bayesian", "genetic"]


def make_search(name: MethodName, space: Space, budget: Budget, seed: int) -> Search:
    """Make a new search.

    Args:
        seed: Everything drawn follows from it, 0 or more.

    Raises:
        Invalid: For an unknown method, or if the rules of the strategy leave nothing.
        Unavailable: For the Bayesian method without optuna.
    """
    return Search(name, _method(name, space, budget, seed), space, budget, seed)


def _method(name: MethodName, space: Space, budget: Budget, seed: int) -> Method:
    match name:
        case "grid":
            return GridMethod(space, budget.max_runs, seed)
        case "random":
            return RandomMethod(space, seed)
        case "bayesian":
            return BayesianMethod(space, seed)
        case "genetic":
            return GeneticMethod(space, seed)
    raise Invalid("method", f"one of {', '.join(get_args(MethodName))}", name)
