"""Compiled and interpreted are the same run, bit for bit, whatever a strategy does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.interpreted import run_interpreted
from algotrendy.backtest.engine.setting import Setting
from algotrendy.exchange.rules.codes import HELD, LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING_STOP
from algotrendy.strategy.definition import Strategy
from fakes.compared_runs import differences
from fakes.scripted_strategy import ran
from fakes.wild_bars import one_asset, several_assets
from fakes.wild_strategy import WILD, WILD_BARS
from fakes.wild_terms import WILD_TERMS

BARS = 420
SEEDS = range(1, 4)


UNITS = {"leverage": 150.0, "long_leverage": 150.0, "ruin": 300.0}
"""Where there is leverage there is more than usual of everything."""

every_terms = pytest.mark.parametrize("name", WILD_TERMS)
every_seed = pytest.mark.parametrize("seed", SEEDS)


def both(dataset: Dataset, strategy: Strategy, name: str, seed: int) -> None:
    """Run both ways, and compare."""
    terms, units = WILD_TERMS[name], UNITS.get(name, 20.0)
    interpreted = ran(dataset, strategy, terms, seed=seed, units=units)
    compiled = ran(dataset, strategy, terms, "compiled", seed=seed, units=units)
    assert differences(interpreted.raw, compiled.raw) == []


@every_seed
@every_terms
def test_on_several_assets_with_all_that_can_happen(name: str, seed: int) -> None:
    both(several_assets(BARS, seed), WILD, name, seed)


@every_terms
def test_on_one_asset_with_fills_schedules_and_coarser_bars(name: str) -> None:
    both(one_asset(BARS, 4), WILD, name, 4)


@every_seed
@every_terms
def test_on_one_asset_after_bars_only(name: str, seed: int) -> None:
    both(one_asset(BARS, seed), WILD_BARS, name, seed)


def test_the_wild_runs_are_wild() -> None:
    """See that what is to be compared happens: else the other tests would hold nothing."""
    seen = np.zeros(7, dtype=np.int64)
    calls = ruins = cuts = splits = 0
    dividends = 0.0
    kinds: set[int] = set()
    for name, terms in WILD_TERMS.items():
        units = UNITS.get(name, 20.0)
        result = ran(several_assets(BARS, 1), WILD, terms, seed=1, units=units)
        seen += np.bincount(result.orders["state"], minlength=7)
        kinds |= set(result.orders["kind"].tolist())
        account = result.raw.account
        calls, ruins = calls + account.margin_calls, ruins + account.is_ruined
        cuts += account.cut
        dividends += abs(account.dividends)
        splits += int(
            np.count_nonzero((result.fills["order"] == 0) & (result.fills["price"] == 0.0))
        )
    assert kinds == {MARKET, LIMIT, STOP, STOP_LIMIT, TRAILING_STOP}
    assert (seen[HELD:] > 0).all()
    assert calls > 0
    assert ruins > 0
    assert cuts > 0
    assert splits > 0
    assert dividends > 0.0


@every_terms
def test_the_short_way_of_the_interpreter_does_what_the_long_one_does(name: str) -> None:
    terms = WILD_TERMS[name]
    setting = Setting(one_asset(BARS, 5), WILD_BARS, WILD_BARS.check({"seed": 5}), terms)
    long_way = replace(setting)
    long_way.__dict__["is_plain"] = False
    is_short = terms.leverage == 1.0 and not terms.allow_short and not terms.cash_rate
    assert setting.is_plain == is_short
    assert differences(run_interpreted(setting), run_interpreted(long_way)) == []
