from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from algotrendy.backtest.request import Range
from algotrendy.backtest.search.methods import MethodName, make_search
from algotrendy.backtest.search.searcher import Budget, Search
from algotrendy.backtest.search.space import Space
from algotrendy.strategy.library import strategy_named
from fakes.searched import height, scored, tried

NAMES = st.sampled_from(["grid", "random", "genetic"])


@st.composite
def axes(draw: st.DrawFn, lowest: int) -> Range | tuple[Decimal, ...]:
    """A range, or uneven values; some of the combinations of two axes break the rule."""
    if draw(st.booleans()):
        start = draw(st.integers(lowest, lowest + 50))
        stop = start + draw(st.integers(0, 49))
        return Range(
            start=Decimal(start), stop=Decimal(stop), step=Decimal(draw(st.integers(1, 9)))
        )
    values = draw(st.sets(st.integers(lowest, lowest + 99), min_size=1, max_size=12))
    return tuple(Decimal(value) for value in sorted(values))


SPACES = st.builds(
    lambda fast, slow: Space.of(strategy_named("sma_cross"), {"fast": fast, "slow": slow}),
    axes(5),
    axes(60),
)


def new(name: MethodName, space: Space, runs: int, seed: int) -> Search:
    return make_search(name, space, Budget(runs), seed)


@settings(deadline=None, max_examples=80)
@given(SPACES, st.data())
def test_numbers_places_and_combinations_are_one_to_one(space: Space, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, space.size - 1))
    combination = space.numbered(number)
    assert space.at(space.places(combination)) == combination
    for beside in space.neighbours(combination):
        both = zip(space.places(beside), space.places(combination), strict=True)
        assert sum(abs(one - other) for one, other in both) == 1
        assert (combination in space.neighbours(beside)) == space.allows(combination)


@settings(deadline=None, max_examples=60)
@given(NAMES, SPACES, st.integers(1, 80), st.integers(0, 10**6), st.integers(1, 30))
def test_a_search_tries_as_many_as_it_may_and_none_twice(
    name: MethodName, space: Space, runs: int, seed: int, batch: int
) -> None:
    allowed = {each for each in space.every() if space.allows(each)}
    assume(allowed)
    found = tried(new(name, space, runs, seed), batch)
    assert len(found) == len(set(found)) == min(runs, len(allowed))
    assert set(found) <= allowed


@settings(deadline=None, max_examples=60)
@given(NAMES, SPACES, st.integers(1, 30), st.data())
def test_a_search_killed_at_any_result_goes_on_as_if_it_had_not_been(
    name: MethodName, space: Space, batch: int, data: st.DataObject
) -> None:
    assume(any(space.allows(each) for each in space.every()))
    whole = new(name, space, 60, 1)
    tried(whole, batch)
    stored = whole.results[: data.draw(st.integers(0, len(whole.results)))]
    again = new(name, space, 60, 1)
    again.tell(stored)
    while asked := again.ask(batch):
        assert not set(asked) & {combination for combination, _ in stored}
        again.tell(data.draw(st.permutations(scored(asked, height))))
    assert again.results == whole.results
