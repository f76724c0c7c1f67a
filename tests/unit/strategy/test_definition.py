from __future__ import annotations

import math

import pytest

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named

SMA = strategy_named("sma_cross")


def test_defaults_fill_what_is_not_given_in_the_order_of_the_definition() -> None:
    values = SMA.check({"slow": 30})
    assert values == {"fast": 20, "slow": 30, "units": 0.0}
    assert [type(value) for value in values.values()] == [int, int, float]


def test_a_whole_number_may_come_as_a_float() -> None:
    assert SMA.check({"fast": 10.0})["fast"] == 10


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"fast": 1}, "parameters.fast", "a whole number between 2 and 500"),
        ({"fast": 501}, "parameters.fast", "a whole number between 2 and 500"),
        ({"fast": 2.5}, "parameters.fast", "a whole number between 2 and 500"),
        ({"fast": "9"}, "parameters.fast", "a whole number between 2 and 500"),
        ({"fast": True}, "parameters.fast", "a whole number between 2 and 500"),
        ({"units": math.nan}, "parameters.units", "between 0 and 1000000000.0"),
        ({"units": math.inf}, "parameters.units", "between 0 and 1000000000.0"),
        ({"fast": 50, "slow": 50}, "parameters.fast", "below slow"),
        ({"speed": 9}, "parameters.speed", "one of fast, slow, units"),
    ],
)
def test_a_wrong_parameter_is_named(given: dict[str, object], field: str, expected: str) -> None:
    with pytest.raises(Invalid) as refused:
        SMA.check(given)
    assert (refused.value.field, refused.value.expected) == (field, expected)


def test_a_strategy_without_parameters_takes_none() -> None:
    with pytest.raises(Invalid, match="absent"):
        strategy_named("buy_and_hold").check({"fast": 1})


def test_an_unknown_strategy_is_not_found_and_the_known_are_told() -> None:
    with pytest.raises(NotFound, match="bollinger_reversion, buy_and_hold, donchian"):
        strategy_named("sma")


@pytest.mark.parametrize("strategy", library(), ids=lambda strategy: strategy.name)
def test_every_strategy_of_the_library_can_be_run_as_it_comes(strategy: Strategy) -> None:
    values = strategy.check({})
    assert strategy.allows(values)
    assert strategy.warm_up(values) >= 1
    assert strategy.summary.endswith(".")
    assert strategy.source
