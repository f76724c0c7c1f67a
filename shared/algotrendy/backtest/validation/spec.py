"""What a walk forward is to do: a strategy, symbols, a period, a search and windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from algotrendy.backtest.grid import COUNTED_LIMIT
from algotrendy.backtest.request import ResearchSpec, Seed, parse_as
from algotrendy.backtest.search.methods import MethodName
from algotrendy.backtest.search.searcher import RUNS_LIMIT, Budget
from algotrendy.backtest.search.space import Space
from algotrendy.backtest.validation.checks import CrossChecks, CrossChecksField
from algotrendy.backtest.validation.choice import Selection
from algotrendy.backtest.validation.windows import Windows
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy

Objective = Literal["sharpe", "sortino", "calmar", "total_return"]
"""What a search makes as large as it can: the statistic of that name."""

BATCH_LIMIT = 10_000


class WalkForwardSpec(ResearchSpec):
    """A request to search parameters in each window, and to see the chosen ones after it.

    A parameter that is not named keeps its default. Symbols and values are brought into order,
    so that equal requests are equal. ``max_runs`` and ``patience`` are of one window; ``batch``
    is how many combinations are run at once, on which a Bayesian search depends. ``cross_checks``
    holds every combination that was tried to the same bars besides, see ``CrossChecks``; null or
    false does not.
    """

    windows: Windows
    method: MethodName = "grid"
    objective: Objective = "sharpe"
    selection: Selection = "best"
    max_runs: Annotated[int, Field(ge=1, le=RUNS_LIMIT)] = 1_000
    patience: Annotated[int, Field(ge=1, le=RUNS_LIMIT)] | None = None
    batch: Annotated[int, Field(ge=1, le=BATCH_LIMIT)] = 64
    seed: Seed = 0
    cross_checks: CrossChecksField = CrossChecks()

    @property
    def budget(self) -> Budget:
        """Give when the search of a window ends."""
        return Budget(self.max_runs, self.patience)

    def most_tried(self, windows: int) -> int:
        """Give how many combinations the searches of so many windows may try at most."""
        # What is drawn without a score to go by is the same in each window.
        searches = 1 if self.method in ("grid", "random") else windows
        return min(self.grid, self.max_runs * searches)

    def space(self, strategy: Strategy) -> Space:
        """Give what the search may try.

        Raises:
            Invalid: If a name or a value does not fit the strategy; names ``parameters.<name>``.
        """
        return Space.of(strategy, self.parameters)

    def check(self, strategy: Strategy) -> None:
        """Refuse what does not fit the strategy, before anything is read.

        Raises:
            Invalid: Naming ``symbols`` or a parameter.
        """
        if strategy.assets == 1 and len(self.symbols) > 1:
            expected = f"one symbol, because {strategy.name} trades one"
            raise Invalid("symbols", expected, ", ".join(self.symbols))
        space = self.space(strategy)
        if space.size <= COUNTED_LIMIT and not any(map(space.allows, space.every())):
            raise space.nothing_allowed()

    def check_deployed(self, strategy: Strategy) -> None:
        """Refuse what the deployed workflow cannot run, as ``check`` does.

        Raises:
            Invalid: Naming the field.
        """
        if self.method == "bayesian":
            expected = "grid, random or genetic, because the functions have no optuna"
            raise Invalid("method", expected, self.method)
        if not self.parameters:
            raise Invalid("parameters", "given: values to choose from", None)
        self.check(strategy)


def parse_walk_forward(given: Mapping[str, Any]) -> WalkForwardSpec:
    """Read a request that did not come through an API.

    Raises:
        Invalid: Naming the first wrong field, as ``windows.in_sample``.
    """
    return parse_as(WalkForwardSpec, given, "walk-forward")
