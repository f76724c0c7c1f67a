"""A strategy that is stepped decides what it decides in a backtest, to the bit.

Each run is thrown away after every step, and goes on from the text of its state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.interpreted import run_interpreted
from algotrendy.backtest.engine.listening import ListenedStep
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import Decision
from algotrendy.backtest.engine.stepping import Stepper
from algotrendy.backtest.engine.terms import Terms
from algotrendy.exchange.rules.codes import TRAILING_STOP
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library
from fakes.sample_datasets import PAIRS, SEVERAL, SINGLE, dataset
from fakes.stepped_runs import (
    all_steps,
    as_rows,
    differences_between,
    in_one_currency,
    stepped_through,
)
from fakes.wild_bars import one_asset, several_assets
from fakes.wild_strategy import WILD, WILD_BARS
from fakes.wild_terms import WILD_TERMS

STEPS = 700


def wild_setting(bars: Dataset, strategy: Strategy, name: str, seed: int) -> Setting:
    values = strategy.check({"seed": seed, "units": 20.0})
    return Setting(bars, strategy, values, WILD_TERMS[name])


def assert_stepped_alike(setting: Setting, most: int | None = None) -> list[ListenedStep]:
    steps = all_steps(setting, most)
    assert differences_between(steps, stepped_through(setting, steps)) == []
    return steps


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(1, 10**6), name=st.sampled_from(sorted(WILD_TERMS)))
def test_on_several_assets_whatever_it_does(seed: int, name: str) -> None:
    setting = wild_setting(in_one_currency(several_assets(150, seed)), WILD, name, seed)
    assert_stepped_alike(setting)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(1, 10**6), name=st.sampled_from(sorted(WILD_TERMS)))
def test_after_bars_only_whatever_it_does(seed: int, name: str) -> None:
    assert_stepped_alike(wild_setting(one_asset(150, seed), WILD_BARS, name, seed))


def test_the_wild_runs_ask_for_all_there_is() -> None:
    setting = wild_setting(in_one_currency(several_assets(400, 3)), WILD, "volume", 3)
    steps = assert_stepped_alike(setting)
    asked = [decision for step in steps for decision in step.decisions]
    assert {each.kind for each in asked} == {"place", "trail", "cancel", "replace"}
    assert {each.role for each in asked} == {0, 1, 2, 3}
    assert {each.order_kind for each in asked} == {0, 1, 2, 3, 4}
    assert {bar.frame for step in steps for bar in step.inputs.bars} == {0, 1}
    assert {fate.state for step in steps for fate in step.inputs.account.orders} == {
        "open",
        "filled",
        "ended",
    }


def test_what_is_listened_to_is_the_log_of_an_ordinary_backtest() -> None:
    setting = wild_setting(one_asset(400, 5), WILD_BARS, "fees", 5)
    steps = all_steps(setting)
    log = run_interpreted(setting).log
    kept: dict[int, Decision] = {}
    for decision in (decision for step in steps for decision in step.decisions):
        if decision.kind in ("place", "trail"):
            kept[decision.order] = decision
        elif decision.kind == "replace":
            names = ("units", "limit", "stop")
            new = {n: getattr(decision, n) for n in names if getattr(decision, n)}
            kept[decision.order] = replace(kept[decision.order], **new)
    assert sorted(kept) == list(range(1, len(log) + 1))
    for order, decision in kept.items():
        assert as_log(decision) == as_log(log[order - 1])


def as_log(row: Any) -> tuple[object, ...]:
    """Read a decision or a row of the log; of prices and units the bits."""
    is_decision = isinstance(row, Decision)
    names = ("asset", "side", "order_kind", "tif", "role", "entry", "units", "limit", "stop")
    read = {
        name: getattr(row, name) if is_decision else row[name.removeprefix("order_")].item()
        for name in names
    }
    if read["order_kind"] == TRAILING_STOP:
        del read["stop"]  # moves with the market
    return tuple(repr(value) for value in read.values())


def library_settings() -> list[Any]:
    made = []
    for strategy in library():
        symbols = SINGLE[0]
        terms = Terms(100_000.0, fee_bps=10.0)
        if strategy.name == "pairs_trading":
            symbols, terms = PAIRS[0], replace(terms, allow_short=True)
        elif strategy.assets > 1:
            symbols = SEVERAL[0]
        made.append(pytest.param(strategy, symbols, terms, id=strategy.name))
    return made


@pytest.mark.parametrize(("strategy", "symbols", "terms"), library_settings())
def test_each_strategy_of_the_library_on_sample_bars(
    strategy: Strategy, symbols: str, terms: Terms
) -> None:
    bars = dataset(symbols).head(STEPS)
    setting = Setting(bars, strategy, strategy.check({}), terms)
    steps = assert_stepped_alike(setting)
    ordinary = run_interpreted(setting).log
    asked = [each for step in steps for each in step.decisions if each.kind in ("place", "trail")]
    assert [each.order for each in asked] == list(range(1, len(ordinary) + 1))


def test_a_restart_that_reads_its_bars_again_changes_nothing() -> None:
    setting = wild_setting(in_one_currency(several_assets(120, 8)), WILD, "nothing", 8)
    state = None
    for each in all_steps(setting):
        stepper = Stepper(setting, state)
        if state is not None:
            stepper.tell(setting.dataset, state.now)
        done = stepper.step(each.inputs)
        assert as_rows(done.decisions) == as_rows(each.decisions)
        state = done.state


def test_in_the_warm_up_nothing_is_decided_and_all_is_learnt() -> None:
    setting = wild_setting(one_asset(200, 9), WILD_BARS, "nothing", 9)
    warm = replace(setting, trade_from=60)
    steps = assert_stepped_alike(warm)
    assert not any(step.decisions for step in steps[:60])
    assert any(step.decisions for step in steps[60:])
    assert not any(step.inputs.sends for step in steps[:60])
    assert np.isfinite(steps[-1].inputs.account.cash)
