from __future__ import annotations

from decimal import Decimal

from algotrendy.backtest.request import Range
from algotrendy.backtest.search.searcher import Score
from algotrendy.backtest.search.space import Combination, Space
from algotrendy.backtest.validation.choice import Choice, choose
from algotrendy.strategy.library import strategy_named
from fakes.searched import some_range, some_space

SPACE = some_space(some_range(10, 50, 10), some_range(100, 100))


def line(*scores: Score) -> dict[Combination, Score]:
    """Give scores to fast 10, 20, 30, 40 and 50."""
    return {(10 * (n + 1), 100, 0): score for n, score in enumerate(scores)}


def test_the_best_score_is_chosen() -> None:
    found = choose(SPACE, line(1.0, 5.0, 2.0, 3.0, 3.0), "best")
    assert found == Choice((20, 100, 0), 5.0, "best")


def test_a_plateau_is_chosen_over_a_peak() -> None:
    found = choose(SPACE, line(0.0, 5.0, 0.0, 4.0, 4.0), "neighbours")
    assert found == Choice((50, 100, 0), 4.0, "neighbours", 4.0)


def test_a_combination_counts_as_the_mean_of_itself_and_its_neighbours() -> None:
    found = choose(SPACE, line(1.0, 2.0, 6.0, 4.0, 0.0), "neighbours")
    assert found == Choice((30, 100, 0), 6.0, "neighbours", 4.0)


def test_a_neighbour_without_a_score_is_left_out_of_the_mean() -> None:
    found = choose(SPACE, line(None, 3.0, 2.0, None, 9.0), "neighbours")
    assert found == Choice((20, 100, 0), 3.0, "neighbours", 2.5)


def test_a_combination_few_of_whose_neighbours_were_tried_is_passed_over() -> None:
    space = some_space(some_range(10, 30, 10), some_range(100, 120, 10))
    scores: dict[Combination, Score] = {
        # One of four, three of three, and twice one of two.
        (20, 110, 0): 9.0,
        (20, 120, 0): 1.0,
        (30, 120, 0): 2.0,
        (10, 120, 0): 2.5,
    }
    found = choose(space, scores, "neighbours")
    assert found == Choice((20, 120, 0), 1.0, "neighbours", 14.5 / 4)
    del scores[20, 120, 0], scores[10, 120, 0]
    assert choose(space, scores, "neighbours") == Choice((20, 110, 0), 9.0, "best")
    scores[20, 120, 0] = 1.0
    # Of the best one now one neighbour of four is known; of this one two of three are.
    assert choose(space, scores, "neighbours") == Choice((20, 120, 0), 1.0, "neighbours", 4.0)


def test_where_no_neighbours_were_tried_the_best_is_chosen_and_said() -> None:
    scores = line(3.0, None, 2.0, None, 9.0)
    assert choose(SPACE, scores, "neighbours") == Choice((50, 100, 0), 9.0, "best")


def test_neighbours_that_a_rule_forbids_are_not_missed() -> None:
    axis = Range(start=Decimal(10), stop=Decimal(30), step=Decimal(10))
    space = Space.of(strategy_named("sma_cross"), {"fast": axis, "slow": axis})
    scores: dict[Combination, Score] = {(10, 20, 0): 5.0, (10, 30, 0): 1.0, (20, 30, 0): 1.0}
    found = choose(space, scores, "neighbours")
    assert found == Choice((10, 20, 0), 5.0, "neighbours", 3.0)


def test_of_equal_scores_the_first_of_the_grid_is_chosen_whenever_it_was_tried() -> None:
    scores = dict(reversed(line(1.0, 4.0, 4.0, 4.0, 4.0).items()))
    chosen = choose(SPACE, scores, "best")
    assert chosen is not None
    assert chosen.combination == (20, 100, 0)


def test_without_any_score_nothing_is_chosen() -> None:
    assert choose(SPACE, line(None, None, None, None, None), "neighbours") is None
    assert choose(SPACE, {}, "best") is None
