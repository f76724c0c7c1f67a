"""A market whose best parameters are known in each window, and who counts what is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from algotrendy.backtest.search.methods import MethodName, make_search
from algotrendy.backtest.search.searcher import Budget
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.validation.ports import Scored, WindowTrials
from algotrendy.backtest.validation.walk_forward import Unseen, Walker
from algotrendy.backtest.validation.windows import Window
from fakes.searched import some_range, some_space

SPACE = some_space(some_range(10, 60, 10), some_range(100, 200, 50))
WINDOWS = tuple(
    Window(n + 1, range(10 * n, 10 * n + 30), range(10 * n + 30, 10 * n + 40)) for n in range(4)
)
BEST = {1: 20, 2: 30, 3: 30, 4: 60}
"""The best ``fast`` of each window; 100 is the best ``slow``."""


class Killed(Exception):  # noqa: N818 - it reads as what it means
    """What a walk dies of."""


@dataclass
class Counted:
    """Counts trials in memory."""

    windows: list[WindowTrials] = field(default_factory=list)

    def record(self, trials: WindowTrials) -> None:
        self.windows.append(trials)


@dataclass
class Kept:
    """Keeps scores in memory."""

    scores: dict[int, dict[Combination, Scored]] = field(default_factory=dict)

    def read(self, window: Window) -> Mapping[Combination, Scored]:
        return dict(self.scores.get(window.number, {}))

    def write(self, window: Window, scored: Sequence[tuple[Combination, Scored]]) -> None:
        self.scores.setdefault(window.number, {}).update(scored)


@dataclass
class Market:
    """Runs combinations; dies after so many batches."""

    batches: int = 10**6
    ran: list[tuple[int, Combination]] = field(default_factory=list)
    seen: list[tuple[int, Combination]] = field(default_factory=list)

    def evaluate(self, window: Window, combinations: Sequence[Combination]) -> list[Scored]:
        if not self.batches:
            raise Killed
        self.batches -= 1
        self.ran += [(window.number, combination) for combination in combinations]
        return [self.scored(window, combination) for combination in combinations]

    def scored(self, window: Window, combination: Combination) -> Scored:
        score = 2.0 - abs(combination[0] - BEST[window.number]) / 10 - combination[1] / 100
        return Scored(score, 0.01 * score, score / 16)

    def out_of_sample(self, window: Window, combination: Combination) -> Unseen:
        self.seen.append((window.number, combination))
        mean = 0.005 if window.number < 4 else -0.005
        returns = np.full(len(window.out_of_sample), mean)
        return Unseen(returns, mean * 100)


def some_walk(
    market: Market, method: MethodName = "grid", budget: int = 100, **changes: Any
) -> Walker:
    """Give a walk over four windows and 18 combinations."""
    said = {
        "windows": WINDOWS,
        "space": SPACE,
        "searcher": lambda _: make_search(method, SPACE, Budget(budget), 3),
        "evaluate": market.evaluate,
        "out_of_sample": market.out_of_sample,
        "trials": Counted(),
        "batch": 5,
        **changes,
    }
    return Walker(**said)
