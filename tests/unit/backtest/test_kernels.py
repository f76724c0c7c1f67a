"""What `make kernels` compiles for: every strategy of the library, on bars on which it can run."""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.kernels import STYLES, some_days
from algotrendy.market_data.charts.styles import KINDS, parse
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library


@pytest.mark.parametrize("strategy", library(), ids=lambda strategy: strategy.name)
def test_each_strategy_runs_on_the_bars_that_it_is_compiled_with(strategy: Strategy) -> None:
    values = {parameter.name: parameter.default for parameter in strategy.parameters}
    dataset = some_days(strategy.assets)
    done = run(Setting(dataset, strategy, values, Terms(100_000.0)), "interpreted")
    assert len(done.equity) == len(dataset)


def test_one_style_of_each_kind_of_chart_is_compiled() -> None:
    assert [parse(style).kind.name for style in STYLES] == list(KINDS)
