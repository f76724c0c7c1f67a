from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any, get_args

import pytest

from algotrendy.backtest.grid import sample
from algotrendy.backtest.search.methods import MethodName, make_search
from algotrendy.backtest.search.searcher import Budget
from algotrendy.backtest.search.space import Combination, Space
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Rule
from fakes.searched import TOP, height, played, scored, some_range, some_space, tried

METHODS: tuple[MethodName, ...] = get_args(MethodName)
SPACE = some_space()
RUNS = 60


def asked(name: MethodName, seed: int = 7, batch: int = 16, runs: int = RUNS) -> list[Combination]:
    return tried(make_search(name, SPACE, Budget(runs), seed), batch)


@pytest.mark.parametrize("name", METHODS)
def test_a_search_keeps_its_budget_and_the_rules_and_tries_nothing_twice(name: MethodName) -> None:
    found = asked(name)
    assert len(found) == len(set(found)) == RUNS
    assert all(SPACE.allows(combination) for combination in found)
    assert all(SPACE.at(SPACE.places(combination)) == combination for combination in found)


@pytest.mark.parametrize("name", METHODS)
def test_a_search_is_the_same_from_the_same_seed_and_another_from_another(
    name: MethodName,
) -> None:
    assert asked(name) == asked(name)
    assert asked(name, seed=8) != asked(name)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_killed_search_goes_on_from_its_state(name: MethodName, killed_after: int) -> None:
    whole = make_search(name, SPACE, Budget(RUNS), 7)
    batches = played(whole, 16)
    first = make_search(name, SPACE, Budget(RUNS), 7)
    for _ in range(killed_after):
        first.tell(scored(first.ask(16)))
    # It died with a batch half done.
    first.tell(scored(first.ask(16)[:2]))
    second = make_search(name, SPACE, Budget(RUNS), 7)
    second.restore(json.loads(json.dumps(first.state())))
    assert played(second, 16) == [batches[killed_after][2:], *batches[killed_after + 1 :]]
    assert second.results == whole.results
    assert second.best == whole.best


@pytest.mark.parametrize("name", ["grid", "random", "genetic"])
def test_the_size_of_the_batches_does_not_matter(name: MethodName) -> None:
    assert asked(name, batch=1) == asked(name, batch=7) == asked(name, batch=50)


@pytest.mark.parametrize("name", ["bayesian", "genetic"])
def test_a_method_that_learns_comes_closer_than_chance(name: MethodName) -> None:
    def nearest(method: MethodName, seed: int) -> float:
        return max(height(combination) for combination in asked(method, seed, runs=100))

    learned = sorted(nearest(name, seed) for seed in range(3))
    chance = sorted(nearest("random", seed) for seed in range(3))
    assert learned[1] > chance[1]
    assert learned[1] > -20


@pytest.mark.parametrize("name", METHODS)
def test_a_small_space_is_tried_whole(name: MethodName) -> None:
    space = some_space(some_range(10, 40, 10), some_range(20, 50, 10))
    found = tried(make_search(name, space, Budget(1_000), 3), 6)
    assert sorted(found) == [c for c in space.every() if space.allows(c)]


@pytest.mark.parametrize("name", METHODS)
def test_a_space_of_one_combination_is_tried_once(name: MethodName) -> None:
    space = some_space(some_range(20, 20), some_range(50, 50))
    assert played(make_search(name, space, Budget(10), 3), 6) == [[(20, 50, 0)]]


@pytest.mark.parametrize("name", METHODS)
def test_a_search_whose_runs_have_no_score_goes_on(name: MethodName) -> None:
    found = tried(make_search(name, SPACE, Budget(60), 3), 16, lambda _: None)
    assert len(set(found)) == 60


@pytest.mark.parametrize("name", METHODS)
def test_rules_that_leave_nothing_are_named(name: MethodName) -> None:
    space = some_space(some_range(100, 120), some_range(50, 60))
    with pytest.raises(Invalid, match="fast below slow"):
        make_search(name, space, Budget(10), 0).ask(1)


@pytest.mark.parametrize("name", METHODS)
def test_rules_that_leave_one_in_a_hundred_are_kept(name: MethodName) -> None:
    narrow = Rule("fast", "half of slow", lambda values: 2 * values["fast"] == values["slow"])
    space = Space.of(replace(SPACE.strategy, rules=(narrow,)), SPACE.ranges)
    found = tried(make_search(name, space, Budget(24), 3), 8)
    assert len(set(found)) == 24
    assert all(2 * fast == slow for fast, slow, _ in found)


def test_a_grid_beyond_the_budget_is_sampled_as_a_sweep_is() -> None:
    assert tuple(asked("grid", seed=5)) == sample(SPACE, RUNS, 5).combinations


def test_a_random_search_with_more_budget_begins_as_with_less() -> None:
    assert asked("random", runs=200)[:RUNS] == asked("random")


def test_a_random_order_is_the_same_on_every_python() -> None:
    assert [c[:2] for c in asked("random", runs=3)] == [(26, 238), (34, 130), (26, 70)]


def test_generations_are_the_same_on_every_python() -> None:
    assert [c[:2] for c in asked("genetic")[-3:]] == [(42, 117), (22, 116), (33, 116)]


def test_a_later_generation_is_nearer_the_top() -> None:
    found = asked("genetic", runs=200)
    means = [
        sum(abs(fast - TOP[0]) + abs(slow - TOP[1]) for fast, slow, _ in generation) / 20
        for generation in (found[:20], found[-20:])
    ]
    assert means[1] < means[0] / 2


def test_optuna_says_nothing_and_keeps_what_others_set(
    capfd: pytest.CaptureFixture[str],
) -> None:
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    asked("bayesian", runs=20)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


_WITHOUT_OPTUNA = """
import sys
sys.modules["optuna"] = None
from algotrendy.backtest.search.methods import make_search
from algotrendy.backtest.search.searcher import Budget
from algotrendy.backtest.search.space import Space
from algotrendy.kernel.errors import Unavailable
from algotrendy.strategy.library import strategy_named
space = Space.of(strategy_named("sma_cross"), {})
print(make_search("genetic", space, Budget(1), 0).ask(1))
try:
    make_search("bayesian", space, Budget(1), 0)
except Unavailable as error:
    print(error)
"""


def test_without_optuna_the_bayesian_search_says_what_to_install() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_OPTUNA], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == [
        "[(20, 50, 0)]",
        "bayesian search is unavailable: optuna is not installed: pip install 'algotrendy[search]'",
    ]


def test_searching_loads_no_package_that_crunches_numbers() -> None:
    code = (
        "import sys, algotrendy.backtest.search.methods\n"
        "print({'numpy', 'optuna', 'pandas'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def wide(strategy: Strategy) -> Space:
    """Give a space of 50 thousand million combinations: none can lay it out."""
    ranges = {
        "fast": some_range(2, 500),
        "slow": some_range(3, 1_000),
        "units": some_range(0, 100_000),
    }
    return Space.of(strategy, ranges)


@pytest.mark.parametrize("name", METHODS)
def test_a_space_too_large_to_walk_is_searched(name: MethodName) -> None:
    found = tried(make_search(name, wide(SPACE.strategy), Budget(40), 3), 8)
    assert len(set(found)) == 40
    assert all(fast < slow for fast, slow, _ in found)


@pytest.mark.parametrize("name", ["random", "genetic"])
def test_a_large_space_that_breaks_the_rules_everywhere_is_refused(name: MethodName) -> None:
    never = Rule("fast", "below 1", lambda values: values["fast"] < 1)
    space = wide(replace(SPACE.strategy, rules=(never,)))
    with pytest.raises(Invalid, match=r"fast below 1, was .*'stop': '500'"):
        make_search(name, space, Budget(40), 3).ask(8)


def test_an_unknown_method_is_named() -> None:
    unknown: Any = "magic"
    with pytest.raises(Invalid, match="method must be one of grid, random, bayesian, genetic"):
        make_search(unknown, SPACE, Budget(1), 0)
