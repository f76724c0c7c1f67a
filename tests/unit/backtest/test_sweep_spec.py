from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.backtest.asking import AskedTerms, asked_of
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.grid import check_grid, expand
from algotrendy.backtest.request import Range, SweepSpec, parse_spec
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.library import library, strategy_named
from algotrendy.strategy.parameters import Rule, Values


def request(**changes: Any) -> dict[str, Any]:
    return {
        "strategy": "sma_cross",
        "symbols": ["AAPL"],
        "start": "2001-01-01",
        "end": "2010-12-31",
        **changes,
    }


def expanded(**parameters: Any) -> list[tuple[float, ...]]:
    return list(expand(parse_spec(request(parameters=parameters)), SMA).combinations)


SMA = strategy_named("sma_cross")


def test_what_is_not_said_has_defaults() -> None:
    spec = parse_spec(request())
    assert (spec.cash, spec.fee_bps, spec.adjustment) == (Decimal(100_000), Decimal(10), "all")
    assert (spec.fractional, spec.max_runs, spec.seed) == (False, 10_000, 0)
    assert expand(spec, SMA).combinations == ((20, 50, 0),)


def test_a_range_goes_up_to_and_with_its_stop() -> None:
    ends = expanded(fast={"start": 5, "stop": 9, "step": 2}, slow=[20])
    assert ends == [(5, 20, 0), (7, 20, 0), (9, 20, 0)]
    short_of_it = expanded(fast={"start": 5, "stop": 8, "step": 2}, slow=[20])
    assert short_of_it == [(5, 20, 0), (7, 20, 0)]


def test_decimal_steps_do_not_drift() -> None:
    spec = request(
        strategy="rsi_reversion",
        parameters={"oversold": {"start": 0.1, "stop": 0.7, "step": "0.1"}},
    )
    found = expand(parse_spec(spec), strategy_named("rsi_reversion")).combinations
    assert [values[1] for values in found] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_equal_requests_are_equal_however_they_are_written() -> None:
    one = parse_spec(
        request(symbols=["MSFT", "AAPL"], cash="1E+5", parameters={"fast": [9, "5.0"]})
    )
    other = parse_spec(
        request(symbols=["AAPL", "MSFT"], cash=100000.0, parameters={"fast": [5, 9]})
    )
    assert one == other
    assert one.model_dump_json() == other.model_dump_json()
    assert SweepSpec.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbols": []}, "symbols"),
        ({"symbols": ["aapl"]}, "symbols"),
        ({"symbols": ["AAPL", "AAPL"]}, "symbols"),
        ({"symbols": [f"S{n}" for n in range(51)]}, "symbols"),
        ({"start": "yesterday"}, "start"),
        ({"strategy": "../etc"}, "strategy"),
        ({"cash": 0}, "cash"),
        ({"cash": "NaN"}, "cash"),
        ({"cash": 1e13}, "cash"),
        ({"fee_bps": 5001}, "fee_bps"),
        ({"max_runs": 100_001}, "max_runs"),
        ({"seed": -1}, "seed"),
        ({"adjustment": "some"}, "adjustment"),
        ({"parameters": {"fast": []}}, "parameters.fast"),
        ({"parameters": {"fast": [5, 5]}}, "parameters.fast"),
        ({"parameters": {"fast": {"start": 9, "stop": 5, "step": 1}}}, "parameters.fast"),
        ({"parameters": {"fast": {"start": 5, "stop": 9, "step": 0}}}, "parameters.fast.step"),
        ({"parameters": {"fast": {"start": 5, "stop": 9}}}, "parameters.fast.step"),
        ({"leverage": 0}, "leverage"),
        ({"participation": 1.5}, "participation"),
        ({"allow_short": "perhaps"}, "allow_short"),
        ({"gearing": 2}, "gearing"),
        ({"timeframe": "2Day"}, "timeframe"),
        ({"calendar": "lunar"}, "calendar"),
        ({"parameters": {"Range": ["x"]}}, "parameters.Range.0"),
        ({"parameters": {"function": "x"}}, "parameters.function"),
        ({"parameters": {"tuple": {"start": 5, "stop": 9}}}, "parameters.tuple.step"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_spec(request(**changes))
    assert refused.value.field == field


def test_a_missing_field_is_named() -> None:
    with pytest.raises(Invalid, match="end must be given, was missing"):
        parse_spec({name: value for name, value in request().items() if name != "end"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "2011-01-01"}, "a period whose end is at or after its start"),
        ({"symbols": ["A", "B"], "max_runs": 1}, "at least the number of symbols, 2"),
    ],
)
def test_fields_must_fit_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        parse_spec(request(**changes))


def test_fields_that_do_not_fit_are_told_without_the_whole_request() -> None:
    with pytest.raises(Invalid) as refused:
        parse_spec(request(start="2011-01-01", end="2010-01-01"))
    assert str(refused.value) == (
        "sweep must have a period whose end is at or after its start, 2011-01-01, was 2010-01-01"
    )


def test_a_grid_beyond_a_thousand_million_is_refused_before_it_is_laid_out() -> None:
    wide = {"start": 0, "stop": "1e12", "step": "1e-9"}
    with pytest.raises(Invalid, match="at most 1,000,000,000 combinations"):
        parse_spec(request(parameters={"fast": wide, "slow": wide}))


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"speed": [1]}, "parameters.speed"),
        ({"fast": [1, 5]}, "parameters.fast"),
        ({"fast": {"start": 400, "stop": 600, "step": 100}}, "parameters.fast"),
        ({"fast": {"start": 4, "stop": 6, "step": "0.5"}}, "parameters.fast.step"),
        ({"fast": [4.5]}, "parameters.fast"),
        ({"fast": [60], "slow": [50]}, "parameters"),
    ],
)
def test_a_grid_that_does_not_fit_the_strategy_is_refused(
    parameters: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        expanded(**parameters)
    assert refused.value.field == field


def test_what_breaks_a_rule_is_left_out_and_counted() -> None:
    axis = {"start": 10, "stop": 40, "step": 10}
    found = expand(parse_spec(request(parameters={"fast": axis, "slow": axis})), SMA)
    pairs = [(fast, slow) for fast, slow, _ in found.combinations]
    assert pairs == [(10, 20), (10, 30), (10, 40), (20, 30), (20, 40), (30, 40)]
    assert (found.size, found.excluded, found.is_sampled) == (16, 10, False)


def test_too_many_runs_are_sampled_by_the_seed_and_kept_in_order() -> None:
    axis = {"start": 2, "stop": 101, "step": 1}
    spec = {"parameters": {"fast": axis, "slow": [200, 300]}, "max_runs": 50}
    one = expand(parse_spec(request(**spec)), SMA)
    assert len(one.combinations) == 50
    assert one.is_sampled
    assert list(one.combinations) == sorted(one.combinations)
    assert expand(parse_spec(request(**spec)), SMA) == one
    assert expand(parse_spec(request(**spec, seed=1)), SMA) != one


def test_a_seeded_sample_is_the_same_on_every_python() -> None:
    axis = {"start": 2, "stop": 101, "step": 1}
    spec = {"parameters": {"fast": axis, "slow": [200]}, "max_runs": 5, "seed": 42}
    found = expand(parse_spec(request(**spec)), SMA)
    assert [values[0] for values in found.combinations] == [26, 49, 58, 83, 90]


def test_a_grid_too_large_to_walk_is_drawn_from() -> None:
    spec = {
        "fast": {"start": 2, "stop": 500, "step": 1},
        "slow": {"start": 3, "stop": 1000, "step": 1},
        "units": {"start": 0, "stop": 100, "step": 1},
    }
    found = expand(parse_spec(request(parameters=spec, max_runs=200)), SMA)
    assert (found.size, found.excluded) == (499 * 998 * 101, None)
    assert len(set(found.combinations)) == 200
    assert list(found.combinations) == sorted(found.combinations)
    assert all(fast < slow for fast, slow, _ in found.combinations)


def test_a_large_grid_that_breaks_the_rules_everywhere_is_refused() -> None:
    spec = {
        "fast": {"start": 100, "stop": 500, "step": 1},
        "slow": {"start": 3, "stop": 99, "step": 1},
        "units": {"start": 0, "stop": 100, "step": 1},
    }
    with pytest.raises(Invalid, match="fast below slow"):
        expand(parse_spec(request(parameters=spec, max_runs=10)), SMA)


def test_the_door_looks_no_further_than_the_first_allowed_combination() -> None:
    asked = 0

    def holds(values: Values) -> bool:
        nonlocal asked
        asked += 1
        return values["fast"] < values["slow"]

    counting = replace(SMA, rules=(Rule("fast", "below slow", holds),))
    axes = {"fast": {"start": 2, "stop": 500, "step": 1}, "slow": [*range(501, 1001)]}
    wide = {**axes, "units": {"start": 0, "stop": 1_000, "step": 1}}
    for parameters in (axes, wide):
        check_grid(parse_spec(request(parameters=parameters, max_runs=100_000)), counting)
    assert asked == 2


@pytest.mark.parametrize("units", [10, 10_000])
def test_the_door_refuses_a_grid_that_the_rules_leave_nothing_of(units: int) -> None:
    spec = {
        "fast": {"start": 100, "stop": 150, "step": 1},
        "slow": {"start": 3, "stop": 99, "step": 1},
        "units": {"start": 0, "stop": units, "step": 1},
    }
    with pytest.raises(Invalid, match=r"fast below slow, was .*'start': '100'"):
        check_grid(parse_spec(request(parameters=spec, max_runs=100_000)), SMA)


def test_a_range_counts_its_values() -> None:
    whole = Range(start=Decimal(1), stop=Decimal(10), step=Decimal(3))
    assert [whole.at(place) for place in range(whole.count)] == [1, 4, 7, 10]
    assert parse_spec(request()).start == date(2001, 1, 1)


MANY = [each.name for each in library() if each.assets > 1]


@pytest.mark.parametrize("name", MANY)
def test_a_strategy_of_several_assets_is_to_be_asked_for_together(name: str) -> None:
    strategy = strategy_named(name)
    apart = parse_spec(request(strategy=name, symbols=["AAPL", "MSFT"]))
    alone = parse_spec(request(strategy=name, together=True))
    for refuse in (check_grid, expand):
        with pytest.raises(Invalid, match=f"must be true, because {name} trades 2") as refused:
            refuse(apart, strategy)
        assert refused.value.field == "together"
        with pytest.raises(Invalid, match="2 or more") as refused:
            refuse(alone, strategy)
        assert refused.value.field == "symbols"
    check_grid(
        parse_spec(request(strategy=name, symbols=["AAPL", "MSFT"], together=True)), strategy
    )


def test_a_strategy_of_one_asset_is_not_to_be_asked_for_together() -> None:
    spec = parse_spec(request(symbols=["AAPL", "MSFT"], together=True))
    with pytest.raises(Invalid, match="must be false, because sma_cross trades one") as refused:
        check_grid(spec, SMA)
    assert refused.value.field == "together"
    check_grid(parse_spec(request(together=True)), SMA)


def test_a_sweep_together_has_one_market_and_all_runs_on_it() -> None:
    spec = request(strategy=MANY[0], symbols=["A", "B", "C"], together=True, max_runs=1)
    assert (parse_spec(spec).markets, parse_spec(spec).is_single) == (1, True)
    assert not parse_spec({**spec, "together": False, "max_runs": 3}).is_single


def test_every_term_of_the_engine_can_be_asked_for() -> None:
    names = [field.name for field in fields(Terms)]
    assert set(names) == set(AskedTerms.model_fields)
    assert parse_spec(request()).terms == Terms()
    asked: dict[str, Any] = {
        **dict.fromkeys(names, "0.25"),
        "cash": "5000",
        "leverage": "2.5",
        "days_in_year": 365,
        "fractional": True,
        "allow_short": True,
    }
    spec = parse_spec(request(**asked))
    given: dict[str, Any] = {
        name: value if isinstance(value, bool) else float(value) for name, value in asked.items()
    }
    assert spec.terms == Terms(**given)
    assert AskedTerms.model_validate(asked_of(spec.terms)).terms == spec.terms


def test_terms_have_the_limits_of_the_engine() -> None:
    for name in AskedTerms.model_fields:
        for value in (-2.0, 5_001.0, 10_001.0):
            given: dict[str, Any] = {name: value}
            try:
                Terms(**given)
            except Invalid:
                with pytest.raises(Invalid):
                    parse_spec(request(**given))


def test_terms_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(Invalid, match="maintenance below one over the leverage"):
        parse_spec(request(leverage=2, maintenance="0.6"))


def test_too_many_values_are_told_with_the_limit() -> None:
    with pytest.raises(Invalid, match=r"at most 10,000 of them, was '999,998'") as refused:
        parse_spec(request(parameters={"fast": list(range(2, 1_000_000))}))
    assert refused.value.field == "parameters.fast"


def test_a_grid_too_large_is_told_by_its_parameters() -> None:
    axis = {"start": 1, "stop": 100_000, "step": 1}
    with pytest.raises(Invalid, match=r"\(fast 100,000, slow 100,000, units 2\)"):
        parse_spec(request(parameters={"fast": axis, "slow": axis, "units": [1, 2]}))
