"""Whatever the curve: every figure is a number or None, and laws of the figures hold."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from algotrendy.backtest.statistics.full import Doings, full_statistics
from algotrendy.backtest.statistics.overfitting import backtest_overfitting
from algotrendy.backtest.statistics.rolling import rolling_drawdown, rolling_mean
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.series import DAY_NS
from algotrendy.kernel.errors import Invalid

any_number = st.floats(allow_nan=False, allow_infinity=False)
a_return = st.floats(-0.99, 3.0)
returns = st.lists(a_return, min_size=2, max_size=60)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(any_number, min_size=1, max_size=12), st.lists(any_number, min_size=12, max_size=12)
)
def test_any_equity_is_refused_by_name_or_gives_figures_that_json_can_carry(
    equity: list[float], market: list[float]
) -> None:
    with contextlib.suppress(Invalid):
        found = full_statistics(
            equity,
            [bar * DAY_NS for bar in range(len(equity))],
            benchmark=market[: len(equity)],
            trials=Trials(5, 0.1),
            doings=Doings(gross=equity, traded=equity, fees=equity, trades=[]),
        )
        json.dumps(found.as_dict(), allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(st.lists(a_return | any_number | st.just(0.0), max_size=12))
def test_any_returns_are_refused_by_name_or_give_figures_that_json_can_carry(
    values: list[float],
) -> None:
    with contextlib.suppress(Invalid):
        found = full_statistics(returns=values, trials=Trials(5, 0.1))
        json.dumps(found.as_dict(), allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(returns)
@example([1.5, 3.2731458113559486e-10, 3.2731458113559486e-10])
def test_laws_of_the_figures_hold(values: list[float]) -> None:
    found = full_statistics(returns=values, times=[bar * DAY_NS for bar in range(len(values))])
    assert -1.0 <= found.drawdowns.deepest <= found.drawdowns.current <= 0.0
    assert 0 <= found.drawdowns.longest_bars <= len(values)
    assert found.growth.worst_day is not None
    assert found.growth.mean_day is not None
    assert found.growth.best_day is not None
    assert found.growth.worst_day <= found.growth.mean_day + 1e-12
    assert found.growth.mean_day <= found.growth.best_day + 1e-12
    assert found.risk.cvar is not None
    assert found.risk.var is not None
    assert found.growth.worst_day - 1e-12 <= found.risk.cvar <= found.risk.var + 1e-12
    monthly = np.prod([1.0 + made for _, _, made in found.calendar.months])
    yearly = np.prod([1.0 + made for _, made in found.calendar.years])
    assert monthly == pytest.approx(1.0 + found.growth.total_return, rel=1e-9)
    assert yearly == pytest.approx(monthly, rel=1e-9)
    if found.ratios.stability is not None:
        assert 0.0 <= found.ratios.stability <= 1.0


@settings(max_examples=100, deadline=None)
@given(returns, st.integers(2, 70))
def test_a_window_over_everything_gives_the_figure_of_everything(
    values: list[float], window: int
) -> None:
    wealth = np.cumprod(1.0 + np.array(values), dtype=np.float64)
    rolled = rolling_drawdown(wealth, len(wealth))
    deepest = float((wealth / np.maximum.accumulate(wealth)).min() - 1.0)
    assert rolled[-1] == pytest.approx(deepest, abs=1e-12)
    means = rolling_mean(np.array(values), window)
    assert np.count_nonzero(~np.isnan(means)) == max(len(values) - window + 1, 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8), st.sampled_from([2, 4, 6]))
def test_overfitting_does_not_depend_on_the_order_or_the_scale_of_the_trials(
    seed: int, trials: int, blocks: int
) -> None:
    random = np.random.Generator(np.random.PCG64(seed))
    performance = random.normal(0.0, 0.01, (40, trials))
    found = backtest_overfitting(performance, blocks)
    other = backtest_overfitting(performance[:, ::-1] * 3.0, blocks)
    assert found.probability == other.probability
    assert found.logits == pytest.approx(other.logits)
    assert 0.0 <= found.probability <= 1.0
