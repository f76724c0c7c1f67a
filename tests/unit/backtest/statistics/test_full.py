from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from math import fsum, isfinite, sqrt
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.statistics.full import Doings, full_statistics
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.series import DAY_NS, FloatArray
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.errors import Invalid


def noise(bars: int, seed: int = 1) -> FloatArray:
    return np.random.Generator(np.random.PCG64(seed)).normal(0.0005, 0.01, bars)


def numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    else:
        yield value


def test_the_figures_of_a_curve_are_those_of_a_walk_along_it() -> None:
    returns = noise(500).tolist()
    equity = [100_000.0]
    for made in returns:
        equity.append(equity[-1] * (1.0 + made))
    times = [bar * DAY_NS for bar in range(501)]
    found = full_statistics(
        equity,
        times,
        doings=Doings(
            gross=[value / 2.0 for value in equity],
            traded=[50_000.0, -60_000.0],
            fees=[50.0, 60.0],
            trades=[Trade(1, 400, 500.0, 100.0, 120.0, 110.0, 9_890.0)],
            high=[130.0] * 501,
            low=[90.0] * 501,
        ),
    )
    mean, risk = fmean(returns), stdev(returns)
    below = sqrt(fsum(made * made for made in returns if made < 0.0) / 500)
    peak, deepest = 0.0, 0.0
    for value in equity:
        peak = max(peak, value)
        deepest = min(deepest, value / peak - 1.0)
    total, years = equity[-1] / 100_000.0 - 1.0, 500 / 365.25
    cagr = (1.0 + total) ** (1.0 / years) - 1.0
    close = partial(pytest.approx, rel=1e-9)
    assert found.growth.total_return == close(total)
    assert found.growth.cagr == close(cagr)
    assert found.risk.volatility == close(risk * sqrt(252))
    assert found.ratios.sharpe == close(mean / risk * sqrt(252))
    assert found.ratios.sortino == close(mean / below * sqrt(252))
    assert found.drawdowns.deepest == close(deepest)
    assert found.ratios.calmar == close(cagr / -deepest)
    assert found.activity is not None
    assert found.activity.turnover == close(110_000 / 2 / fmean(equity) / years)
    assert found.activity.exposure == 1.0
    assert found.activity.mean_leverage == close(0.5)
    assert found.activity.fees == 110.0
    assert found.trades is not None
    assert found.trades.all.best_return == close(9_890 / 50_000)
    assert found.trades.all.worst_adverse == close(-0.1)
    assert found.trades.short.count == 0


def test_equity_and_its_returns_give_the_same_figures() -> None:
    returns, market = noise(300), noise(300, 2)
    times = [bar * DAY_NS for bar in range(301)]
    equity = 1_000.0 * np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    prices = 50.0 * np.concatenate(([1.0], np.cumprod(1.0 + market)))
    of_equity = full_statistics(equity, times, benchmark=prices)
    of_returns = full_statistics(returns=returns, times=times, benchmark=market)
    ours, theirs = list(numbers(of_equity.as_dict())), list(numbers(of_returns.as_dict()))
    assert [one is None for one in ours] == [other is None for other in theirs]
    assert [one for one in ours if one is not None] == pytest.approx(
        [other for other in theirs if other is not None], rel=1e-8, abs=1e-12
    )


@pytest.mark.parametrize(
    "equity",
    [
        [100.0],
        [100.0, 110.0],
        [100.0] * 50,
        [100.0 * 1.01**bar for bar in range(50)],
        [100.0, 50.0, 0.0],
        [100.0, 50.0, -20.0, 30.0],
        [100.0, 1e-300, 1e-300],
        [100.0, 120.0, 90.0],
    ],
)
@pytest.mark.parametrize("with_times", [True, False])
def test_no_figure_is_ever_nan_or_infinite(equity: list[float], with_times: bool) -> None:
    times = [bar * DAY_NS for bar in range(len(equity))] if with_times else None
    found = full_statistics(
        equity,
        times,
        benchmark=[100.0 + bar % 3 for bar in range(len(equity))],
        doings=Doings(gross=equity, traded=[], fees=[], trades=[]),
        trials=Trials(10, 0.01),
    )
    assert all(
        value is None or isinstance(value, bool | int | float) for value in numbers(found.as_dict())
    )
    assert all(isfinite(value) for value in numbers(found.as_dict()) if value is not None)
    json.dumps(found.as_dict(), allow_nan=False)


def test_what_was_not_given_is_none() -> None:
    found = full_statistics(returns=noise(10))
    assert (found.benchmark, found.activity, found.trades) == (None, None, None)
    assert found.growth.mean_month is None
    assert found.calendar.years == ()
    assert found.confidence.deflated_sharpe is None
    assert found.drawdown_table[0].peak_time is None


def test_the_table_of_drawdowns_is_as_long_as_asked_for() -> None:
    assert len(full_statistics(returns=noise(500), drawdowns=3).drawdown_table) == 3


def test_a_run_that_is_ruined_before_its_benchmark_is_compared_up_to_then() -> None:
    found = full_statistics([100.0, 50.0, 0.0, 10.0], benchmark=[1.0, 0.9, 0.8, 0.7])
    assert found.growth.bars == 2
    assert found.benchmark is not None
    assert found.benchmark.batting_average == 0.0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "equity"),
        ({"equity": [1.0, 2.0], "returns": [0.1]}, "equity"),
        ({"returns": [0.1, float("nan")]}, "returns"),
        ({"returns": [0.1, 0.2], "benchmark": [0.1]}, "benchmark"),
        ({"returns": [0.1, 0.2], "benchmark": [0.1, 0.2, 0.3]}, "benchmark"),
        ({"equity": [1.0, 2.0], "benchmark": [1.0, float("inf")]}, "benchmark"),
        ({"equity": [1.0, 2.0], "benchmark": [1.0, 0.0]}, "benchmark"),
        ({"equity": [1.0, 2.0], "benchmark": [1e-300, 1e300]}, "benchmark"),
        ({"returns": [0.1, 0.2], "benchmark": [-1.0, 0.2]}, "benchmark"),
        ({"equity": [1.0, 2.0], "times": [2, 1]}, "times"),
        ({"equity": [1.0, 2.0], "doings": Doings(gross=[1.0])}, "gross"),
        ({"returns": [0.1], "periods_per_year": 0.0}, "periods_per_year"),
        ({"returns": [0.1], "drawdowns": -1}, "drawdowns"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        full_statistics(**arguments)
    assert refused.value.field == field
