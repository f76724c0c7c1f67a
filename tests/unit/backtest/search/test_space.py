from __future__ import annotations

from decimal import Decimal

import pytest

from algotrendy.backtest.search.space import Space
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.library import strategy_named
from fakes.searched import some_range, some_space

SMALL = some_space(some_range(10, 30, 10), some_range(20, 40, 10))


def test_a_combination_has_a_number_and_a_place_on_each_axis() -> None:
    assert SMALL.size == 9
    every = list(SMALL.every())
    assert [SMALL.numbered(number) for number in range(9)] == every
    assert [SMALL.at(SMALL.places(combination)) for combination in every] == every
    assert SMALL.places((20, 40, 0)) == (1, 2, 0)
    assert SMALL.names == ("fast", "slow", "units")


def test_a_value_has_a_place_among_uneven_values_too() -> None:
    values = {"fast": (Decimal(3), Decimal(7), Decimal(90)), "slow": (Decimal(100),)}
    space = Space.of(strategy_named("sma_cross"), values)
    assert [space.places((fast, 100, 0))[0] for fast in (3, 7, 90)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("combination", "field"),
    [
        ((15, 40, 0), "parameters.fast"),
        ((40, 40, 0), "parameters.fast"),
        ((10, 19, 0), "parameters.slow"),
        ((10, 20), "parameters"),
    ],
)
def test_what_is_not_of_the_space_is_refused(combination: tuple[int, ...], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        SMALL.places(combination)
    assert refused.value.field == field


def test_neighbours_are_one_step_of_one_parameter_away_and_allowed() -> None:
    assert SMALL.neighbours((20, 30, 0)) == [(10, 30, 0), (20, 40, 0)]
    assert SMALL.neighbours((10, 20, 0)) == [(10, 30, 0)]


def test_a_range_that_does_not_fit_the_parameter_is_named() -> None:
    with pytest.raises(Invalid, match=r"parameters\.fast must be .*between 2 and 500, was 1"):
        some_space(some_range(1, 5))
    with pytest.raises(Invalid, match=r"parameters\.speed must be one of fast, slow, units"):
        Space.of(strategy_named("sma_cross"), {"speed": some_range(1, 5)})
