"""A hill to climb: a space of two means, and a score whose best place is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from algotrendy.backtest.request import Range
from algotrendy.backtest.search.searcher import Result, Score, Searcher
from algotrendy.backtest.search.space import Combination, Space
from algotrendy.strategy.library import strategy_named

TOP = (40, 120)


def some_range(start: int, stop: int, step: int = 1) -> Range:
    return Range(start=Decimal(start), stop=Decimal(stop), step=Decimal(step))


def some_space(fast: Range | None = None, slow: Range | None = None) -> Space:
    """Give 2 to 101 by 50 to 249, unless told otherwise: 20,000 combinations."""
    ranges = {"fast": fast or some_range(2, 101), "slow": slow or some_range(50, 249)}
    return Space.of(strategy_named("sma_cross"), ranges)


def height(combination: Combination) -> float:
    """Score a combination: 0 at the top, less with the square of the distance to it."""
    fast, slow = combination[0], combination[1]
    return -float((fast - TOP[0]) ** 2 + (slow - TOP[1]) ** 2)


def played(
    searcher: Searcher, batch: int, score: Callable[[Combination], Score] = height
) -> list[list[Combination]]:
    """Search to the end, and give the batches that were asked."""
    batches: list[list[Combination]] = []
    while asked := searcher.ask(batch):
        batches.append(asked)
        searcher.tell(scored(asked, score))
    return batches


def tried(
    searcher: Searcher, batch: int, score: Callable[[Combination], Score] = height
) -> list[Combination]:
    """Search to the end, and give what was asked."""
    return [combination for asked in played(searcher, batch, score) for combination in asked]


def scored(
    combinations: Sequence[Combination], score: Callable[[Combination], Score] = height
) -> list[Result]:
    return [(combination, score(combination)) for combination in combinations]
