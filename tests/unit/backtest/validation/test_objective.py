from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from algotrendy.backtest.statistics.full import full_statistics
from algotrendy.backtest.validation.objective import scored, unseen
from algotrendy.backtest.validation.spec import Objective

RETURNS = np.random.Generator(np.random.PCG64(3)).normal(0.001, 0.01, 300)
TIMES = np.arange(300) * 86_400_000_000_000


def test_scores_are_the_statistics_of_that_name() -> None:
    said = full_statistics(returns=RETURNS, times=TIMES)
    expected = {
        "sharpe": said.ratios.sharpe,
        "sortino": said.ratios.sortino,
        "calmar": said.ratios.calmar,
        "total_return": said.growth.total_return,
    }
    objectives: tuple[Objective, ...] = get_args(Objective)
    assert {name: scored(name, RETURNS, TIMES).score for name in objectives} == expected
    assert {name: unseen(name, RETURNS, TIMES).score for name in objectives} == expected


def test_the_sharpe_ratio_that_counts_as_a_trial_is_of_one_bar() -> None:
    found = scored("calmar", RETURNS, TIMES)
    assert found.sharpe == pytest.approx(np.mean(RETURNS) / np.std(RETURNS, ddof=1))
    assert found.mean == pytest.approx(np.mean(RETURNS))


def test_a_run_without_a_trade_has_no_ratio_and_a_return_of_nothing() -> None:
    still = np.zeros(20)
    assert [scored(name, still).score for name in get_args(Objective)] == [None, None, None, 0.0]
    assert scored("sharpe", still).sharpe is None


def test_after_ruin_nothing_follows() -> None:
    found = unseen("total_return", [0.1, -1.0, 0.5])
    assert found.returns.tolist() == [0.1, -1.0, 0.0]
    assert found.score == -1.0
