"""The runs of a sweep, made in one go over shared memory, are the runs made one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.strategy.library import strategy_named
from fakes.bars_for_backtests import walk
from fakes.scripted_strategy import ran
from fakes.wild_bars import one_asset
from fakes.wild_strategy import WILD_BARS
from fakes.wild_terms import WILD_TERMS

Many = Callable[..., tuple[Any, Any]]


@pytest.fixture(scope="module")
def run_many() -> Many:
    """Give what is compiled as it is imported: not while every process collects the tests."""
    from algotrendy.backtest.engine.compiled.many import run_many

    return run_many


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", ["nothing", "fees", "fees_a_unit", "slippage", "volume"])
def test_each_row_is_that_of_the_run_alone(run_many: Many, name: str, workers: int) -> None:
    dataset, terms = one_asset(300, 11), WILD_TERMS[name]
    combinations = [(units, seed) for units in (2.0, 20.0, 300.0) for seed in (1, 2, 3)]
    setting = Setting(dataset, WILD_BARS, WILD_BARS.check({}), terms)
    assert setting.is_plain
    filled = np.zeros(len(combinations), np.int64)
    found, _ = run_many(setting, combinations, 252.0, workers=workers, filled=filled)
    for row, fills, (units, seed) in zip(found, filled, combinations, strict=True):
        run = ran(dataset, WILD_BARS, terms, units=units, seed=seed)
        assert fills == len(run.fills)
        alone = summarise(run, 252.0)
        expected = [np.nan if value is None else value for value in astuple(alone)]
        assert np.array_equal(row, np.array(expected), equal_nan=True)


def test_indicators_that_are_shared_give_what_each_run_computes_itself(run_many: Many) -> None:
    series = walk("AAA", 500, 3).adjusted("raw")
    chosen, terms = strategy_named("rsi_reversion"), WILD_TERMS["fees"]
    given: list[dict[str, Any]] = [
        {"period": period, "oversold": oversold, "trend": trend, "exit": 5}
        for period in (2, 3)
        for oversold in (20.0, 40.0)
        for trend in (10, 30)
    ]
    one = ran(series, chosen, terms)
    combinations = [tuple(chosen.check(values).values()) for values in given]
    found, _ = run_many(one.setting, combinations, 252.0)
    assert len(np.unique(found[:, 0])) > 4
    for row, values in zip(found, given, strict=True):
        alone = summarise(ran(series, chosen, terms, **values), 252.0)
        expected = [np.nan if value is None else value for value in astuple(alone)]
        assert np.array_equal(row, np.array(expected), equal_nan=True)
