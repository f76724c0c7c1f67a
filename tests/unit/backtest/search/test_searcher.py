from __future__ import annotations

import json

import pytest

from algotrendy.backtest.search.methods import make_search
from algotrendy.backtest.search.searcher import Budget
from algotrendy.kernel.errors import Conflict, Invalid
from fakes.searched import played, scored, some_range, some_space, tried

SPACE = some_space(some_range(10, 40, 10), some_range(20, 50, 10))


def test_a_batch_is_told_in_any_order_and_in_pieces() -> None:
    searcher = make_search("grid", SPACE, Budget(8), 0)
    first, *others = scored(searcher.ask(4))
    searcher.tell(others[::-1])
    assert searcher.results == ()
    searcher.tell([first])
    assert searcher.results == (first, *others)


def test_the_next_batch_waits_for_the_last_one() -> None:
    searcher = make_search("grid", SPACE, Budget(8), 0)
    searcher.tell(scored(searcher.ask(4))[:3])
    with pytest.raises(Conflict, match="1 of the 4 combinations asked last wait"):
        searcher.ask(4)
    assert not searcher.done


def test_the_budget_ends_a_search_in_the_middle_of_a_batch() -> None:
    searcher = make_search("random", SPACE, Budget(7), 0)
    assert [len(batch) for batch in played(searcher, 4)] == [4, 3]
    assert searcher.done
    assert searcher.ask(4) == []


def test_a_space_that_is_used_up_ends_a_search() -> None:
    searcher = make_search("random", SPACE, Budget(1_000), 0)
    assert sorted(tried(searcher, 4)) == [c for c in SPACE.every() if c[0] < c[1]]
    assert searcher.done


def test_patience_ends_a_search_that_gets_no_better() -> None:
    searcher = make_search("grid", SPACE, Budget(10, patience=3), 0)
    asked = tried(searcher, 1, lambda combination: -float(combination[0]))
    assert asked == [(10, slow, 0) for slow in (20, 30, 40, 50)]
    assert searcher.best == ((10, 20, 0), -10.0)


def test_no_score_is_no_better_and_never_best() -> None:
    searcher = make_search("grid", SPACE, Budget(10, patience=3), 0)
    assert len(played(searcher, 1, lambda _: None)) == 3
    assert searcher.best is None


def test_of_equal_scores_the_first_is_best() -> None:
    searcher = make_search("grid", SPACE, Budget(10), 0)
    played(searcher, 5, lambda _: 1.5)
    assert searcher.best == ((10, 20, 0), 1.5)


def test_what_is_told_beforehand_is_not_asked_but_counted() -> None:
    searcher = make_search("grid", SPACE, Budget(10), 0)
    searcher.tell(scored([(10, 20, 0), (10, 40, 0)]))
    assert searcher.ask(4) == [(10, 30, 0), (10, 50, 0)]
    searcher.tell(scored([(10, 30, 0), (10, 50, 0)]))
    assert [result[0] for result in searcher.results] == [(10, s, 0) for s in (20, 30, 40, 50)]
    assert len(searcher.ask(9)) == 6


def test_a_search_of_which_all_is_told_asks_nothing() -> None:
    whole = make_search("grid", SPACE, Budget(6), 0)
    played(whole, 4)
    again = make_search("grid", SPACE, Budget(6), 0)
    again.tell(whole.results)
    assert again.ask(4) == []
    assert again.results == whole.results


def test_telling_again_is_harmless_and_telling_otherwise_refused() -> None:
    searcher = make_search("grid", SPACE, Budget(6), 0)
    told = scored(searcher.ask(2))
    searcher.tell([*told, *told])
    with pytest.raises(Conflict, match=r"was told to score .*, now 7"):
        searcher.tell([(told[0][0], 7.0)])


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    searcher = make_search("grid", SPACE, Budget(6), 0)
    with pytest.raises(Invalid, match="score must be a finite number, or absent"):
        searcher.tell([((10, 20, 0), score)])


def test_a_combination_of_another_space_is_refused() -> None:
    searcher = make_search("grid", SPACE, Budget(6), 0)
    with pytest.raises(Invalid, match=r"parameters\.slow must be a value of its range, was 25"):
        searcher.tell([((10, 25, 0), 1.0)])


def test_a_state_of_another_search_is_refused() -> None:
    state = json.loads(json.dumps(make_search("grid", SPACE, Budget(6), 1).state()))
    with pytest.raises(Conflict, match="a search with seed 1, not 2"):
        make_search("grid", SPACE, Budget(6), 2).restore(state)
    with pytest.raises(Conflict, match="a search with method grid, not random"):
        make_search("random", SPACE, Budget(6), 1).restore(state)


@pytest.mark.parametrize(
    ("budget", "field"),
    [((0, None), "max_runs"), ((100_001, None), "max_runs"), ((5, 0), "patience")],
)
def test_a_budget_out_of_range_is_refused(budget: tuple[int, int | None], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Budget(*budget)
    assert refused.value.field == field


def test_a_batch_of_none_is_refused() -> None:
    with pytest.raises(Invalid, match="count must be at least 1, was 0"):
        make_search("grid", SPACE, Budget(6), 0).ask(0)
