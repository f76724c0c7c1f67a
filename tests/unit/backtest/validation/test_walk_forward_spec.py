from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.backtest.search.searcher import Budget
from algotrendy.backtest.validation.lengths import Length
from algotrendy.backtest.validation.spec import WalkForwardSpec, parse_walk_forward
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.library import strategy_named


def request(**changes: Any) -> dict[str, Any]:
    return {
        "strategy": "sma_cross",
        "symbols": ["AAPL"],
        "start": "2001-01-01",
        "end": "2010-12-31",
        "parameters": {"fast": {"start": 5, "stop": 50, "step": 5}, "slow": [100, 200]},
        "windows": {"in_sample": "2y", "out_of_sample": "6mo"},
        **changes,
    }


def test_what_is_not_said_has_defaults() -> None:
    spec = parse_walk_forward(request())
    assert (spec.method, spec.objective, spec.selection) == ("grid", "sharpe", "best")
    assert (spec.max_runs, spec.patience, spec.batch, spec.seed) == (1_000, None, 64, 0)
    assert (spec.cash, spec.fee_bps, spec.adjustment) == (Decimal(100_000), Decimal(10), "all")
    assert (spec.windows.kind, spec.windows.last) == ("rolling", "short")
    assert spec.windows.stride == Length(6, "months")
    assert spec.budget == Budget(1_000)


def test_equal_requests_are_equal_however_they_are_written() -> None:
    one = parse_walk_forward(request(windows={"in_sample": "24mo", "out_of_sample": "26w"}))
    other = parse_walk_forward(request(windows={"in_sample": "2y", "out_of_sample": "182d"}))
    assert one == other
    assert one.model_dump_json() == other.model_dump_json()
    assert WalkForwardSpec.model_validate_json(one.model_dump_json()) == one
    assert one.model_dump(mode="json")["windows"]["in_sample"] == "2y"


def test_the_space_is_that_of_the_strategy() -> None:
    space = parse_walk_forward(request()).space(strategy_named("sma_cross"))
    assert space.size == 20
    with pytest.raises(Invalid, match=r"parameters\.speed must be one of fast, slow, units"):
        parse_walk_forward(request(parameters={"speed": [1]})).space(strategy_named("sma_cross"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"method": "magic"}, "method"),
        ({"objective": "profit"}, "objective"),
        ({"selection": "worst"}, "selection"),
        ({"max_runs": 0}, "max_runs"),
        ({"max_runs": 100_001}, "max_runs"),
        ({"patience": 0}, "patience"),
        ({"batch": 0}, "batch"),
        ({"seed": -1}, "seed"),
        ({"cash": 0}, "cash"),
        ({"symbols": ["aapl"]}, "symbols"),
        ({"parameters": {"fast": {"start": 5, "stop": 9, "step": 0}}}, "parameters.fast.step"),
        ({"pace": 2}, "pace"),
        ({"windows": {"in_sample": "2y"}}, "windows.out_of_sample"),
        ({"windows": {"in_sample": "2 years", "out_of_sample": 5}}, "windows.in_sample"),
        ({"windows": {"in_sample": 9, "out_of_sample": 5, "kind": "fixed"}}, "windows.kind"),
        ({"windows": {"in_sample": 9, "out_of_sample": 5, "last": "keep"}}, "windows.last"),
        ({"windows": {"in_sample": 9, "out_of_sample": 5, "gap": 1}}, "windows.gap"),
        ({"windows": {"in_sample": 9, "out_of_sample": 5, "step": 4}}, "windows"),
        ({"windows": {"in_sample": "2y", "out_of_sample": 5}}, "windows"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_walk_forward(request(**changes))
    assert refused.value.field == field


def test_a_missing_field_is_named() -> None:
    with pytest.raises(Invalid, match="windows must be given, was missing"):
        parse_walk_forward({k: value for k, value in request().items() if k != "windows"})


def test_fields_that_do_not_fit_are_told_of_the_walk_forward() -> None:
    with pytest.raises(Invalid) as refused:
        parse_walk_forward(request(start="2011-01-01", end="2010-01-01"))
    assert str(refused.value) == (
        "walk-forward must have a period whose end is at or after its start, 2011-01-01, "
        "was 2010-01-01"
    )


def test_a_length_that_is_none_says_what_one_looks_like() -> None:
    with pytest.raises(Invalid) as refused:
        parse_walk_forward(request(windows={"in_sample": "2 years", "out_of_sample": 5}))
    assert str(refused.value) == (
        "windows.in_sample must be a number of bars, or a length such as 90d, 6w, 18mo or 2y, "
        "of at most 100 years, was '2 years'"
    )


def test_the_schema_says_what_a_length_is() -> None:
    schema = WalkForwardSpec.model_json_schema()["$defs"]["Windows"]["properties"]["in_sample"]
    assert [each["type"] for each in schema["anyOf"]] == ["integer", "string"]


def test_reading_a_request_loads_no_package_that_crunches_numbers() -> None:
    code = (
        "import sys, algotrendy.backtest.validation.spec\n"
        "print({'numpy', 'optuna', 'pandas'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
