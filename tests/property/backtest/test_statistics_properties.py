"""Whatever the curve: every figure is a number or None, and laws of the figures hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from algotrendy.backtest.statistics.full import Doings, FullStatistics, full_statistics
from algotrendy.backtest.statistics.overfitting import backtest_overfitting
from algotrendy.backtest.statistics.rolling import rolling_drawdown, rolling_mean
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.series import DAY_NS
from algotrendy.kernel.errors import Invalid

any_number = st.floats(allow_nan=False, allow_infinity=False)
a_return = st.floats(-0.99, 3.0)
returns = st.lists(a_return, min_size=2, max_size=60)


# Three of four curves are what a run could have left; the rest is whatever there may be.
sound = st.floats(1e-3, 1e6)
mostly_sound = st.one_of(sound, sound, sound, any_number)
mostly_returns = st.one_of(a_return, a_return, st.just(0.0), any_number)
allowed = {"equity", "returns", "benchmark", "gross", "traded", "fees"}


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(*[st.lists(each, min_size=1, max_size=12) for each in (sound, sound, mostly_sound)]),
    st.one_of(*[st.lists(each, min_size=12, max_size=12) for each in (sound, sound, mostly_sound)]),
)
@example([1.0, -1.0, 2.0], [1.0] * 12)
@example([1.0, 2.0], [0.0] * 12)
@example([2.4058900558586573e-277, 1.0], [1.0] * 12)
def test_any_equity_is_refused_by_name_or_gives_figures_that_json_can_carry(
    equity: list[float], market: list[float]
) -> None:
    refused = refusal(
        lambda: full_statistics(
            equity,
            [bar * DAY_NS for bar in range(len(equity))],
            benchmark=market[: len(equity)],
            trials=Trials(5, 0.1),
            doings=Doings(gross=equity, traded=equity, fees=equity, trades=[]),
        )
    )
    assert refused is None or refused.split("[")[0] in allowed
    if min(equity + market) >= 1e-3 and max(equity + market) <= 1e6:
        assert refused is None


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(a_return, max_size=12), st.lists(mostly_returns, max_size=12)))
@example([1e300])
def test_any_returns_are_refused_by_name_or_give_figures_that_json_can_carry(
    values: list[float],
) -> None:
    refused = refusal(lambda: full_statistics(returns=values, trials=Trials(5, 0.1)))
    assert refused is None or refused.split("[")[0] == "returns"
    if all(-1.0 < value <= 3.0 for value in values):
        assert refused is None


def refusal(made: Callable[[], FullStatistics]) -> str | None:
    """Give the field that was refused; None for figures, which JSON must be able to carry."""
    try:
        found = made()
    except Invalid as error:
        return error.field
    json.dumps(found.as_dict(), allow_nan=False)
    return None


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
