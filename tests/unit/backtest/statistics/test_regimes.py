from __future__ import annotations

from datetime import UTC, datetime
from math import sqrt

import numpy as np
import pytest

from algotrendy.backtest.statistics.regimes import (
    BEAR,
    BULL,
    TREND_NAMES,
    VOLATILITY_NAMES,
    by_calendar,
    by_state,
    trend_by_mean,
    trend_by_turns,
    volatility_terciles,
)
from algotrendy.backtest.statistics.series import DAY_NS, FloatArray, from_returns
from algotrendy.kernel.errors import Invalid


def noise(bars: int, seed: int = 1) -> FloatArray:
    return np.random.Generator(np.random.PCG64(seed)).normal(0.0, 0.01, bars)


def test_each_state_has_the_figures_of_its_returns() -> None:
    returns = np.array([0.1, -0.1, 0.2, 0.3, 0.0])
    bear, bull = by_state(returns, np.array([0, 0, 1, -1, 1]), TREND_NAMES, 252.0)
    assert (bear.name, bear.bars, bear.share, bear.win_rate) == ("bear", 2, 0.5, 0.5)
    assert bear.total_return == pytest.approx(-0.01)
    assert bull.mean == pytest.approx(0.1)
    assert bull.volatility == pytest.approx(sqrt(0.02 * 252))
    assert bull.sharpe == pytest.approx(0.1 / sqrt(0.02) * sqrt(252))
    assert (bull.best, bull.worst, bull.win_rate) == (0.2, 0.0, 1.0)


def test_a_state_that_never_was_has_no_figures() -> None:
    low, middle, high = by_state(np.array([0.1]), np.array([1]), VOLATILITY_NAMES, 252.0)
    assert (low.bars, low.total_return, low.mean, low.sharpe, low.best) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert (middle.bars, middle.share, middle.sharpe) == (1, 1.0, None)
    assert high.share == 0.0
    nowhere = by_state(np.array([0.1]), np.array([-1]), TREND_NAMES, 252.0)
    assert [state.share for state in nowhere] == [0.0, 0.0]


def test_bull_and_bear_by_the_mean_are_known_at_the_close_before() -> None:
    prices = np.array([10.0, 11.0, 12.0, 6.0, 20.0])
    # Means of three: 11, 9.67, 12.67 at closes 2, 3, 4; a return takes the state of its beginning.
    assert trend_by_mean(prices, 3).tolist() == [-1, -1, BULL, BEAR]


def test_a_bear_market_begins_where_the_fall_is_seen_and_not_at_the_peak() -> None:
    prices = np.array([100.0, 110.0, 120.0, 100.0, 96.0, 80.0, 90.0, 96.0, 130.0, 105.0, 104.0])
    # Up by a fifth at 120; down by one at 96; from the low of 80 up at 96; from 130 down at 104.
    assert trend_by_turns(prices).tolist() == [
        -1, -1, BULL, BULL, BEAR, BEAR, BEAR, BULL, BULL, BULL,
    ]  # fmt: skip


def test_terciles_rank_the_volatility_among_its_own_past() -> None:
    calm, wild = noise(100) * 0.1, noise(40, 2) * 3.0
    codes = volatility_terciles(np.concatenate((calm, wild, calm[:60])), window=5, memory=30)
    assert (codes[:34] == -1).all()
    assert (codes[34:] >= 0).all()
    assert (codes[106:112] == 2).all()
    assert (codes[150:162] == 0).all()


def test_terciles_of_noise_are_about_as_frequent_as_one_another() -> None:
    codes = volatility_terciles(noise(20_000), window=21, memory=252)
    counts = np.bincount(codes[codes >= 0]) / np.count_nonzero(codes >= 0)
    assert counts == pytest.approx(np.full(3, 1 / 3), abs=0.05)


@pytest.mark.parametrize("cut", [150, 151, 170, 199])
def test_no_state_looks_ahead(cut: int) -> None:
    returns = noise(200)
    prices = np.concatenate(([1.0], np.cumprod(1.0 + returns * 5)))
    changed, other = returns.copy(), prices.copy()
    changed[cut:] = 0.5
    other[cut + 1 :] = 1e-3
    # The state of return `cut` is known before it.
    for before, after in (
        (volatility_terciles(returns, 5, 30), volatility_terciles(changed, 5, 30)),
        (trend_by_mean(prices, 20), trend_by_mean(other, 20)),
        (trend_by_turns(prices), trend_by_turns(other)),
    ):
        assert len(before) == len(returns)
        assert (before[: cut + 1] == after[: cut + 1]).all()


def test_the_calendar_breaks_down_by_year_month_and_weekday() -> None:
    days = [(2020, 12, 31), (2021, 1, 1), (2021, 1, 4), (2021, 12, 3)]
    times = [int(datetime(*day, tzinfo=UTC).timestamp()) * 10**9 for day in days]
    series = from_returns([0.1, 0.2, 0.3, 0.4], times)
    years = by_calendar(series, "year")
    assert [(row.name, row.bars) for row in years] == [("2020", 1), ("2021", 3)]
    months = {row.name: row.bars for row in by_calendar(series, "month")}
    assert (months["December"], months["January"], months["May"]) == (2, 2, 0)
    weekdays = {row.name: row.bars for row in by_calendar(series, "weekday")}
    assert (weekdays["Thursday"], weekdays["Friday"], weekdays["Monday"]) == (1, 2, 1)
    assert len(weekdays) == 7


def test_without_times_there_is_no_calendar() -> None:
    assert by_calendar(from_returns([0.1]), "year") == ()
    assert by_calendar(from_returns([], []), "weekday") == ()


def test_days_before_1970_have_their_weekday() -> None:
    series = from_returns([0.1], [-DAY_NS, 0][:1])
    named = [row.name for row in by_calendar(series, "weekday") if row.bars]
    assert named == ["Wednesday"]


def test_short_histories_have_no_state() -> None:
    assert (volatility_terciles(noise(20)) == -1).all()
    assert trend_by_mean(np.ones(3), 5).tolist() == [-1, -1]
    assert trend_by_turns(np.ones(1)).tolist() == []


def test_codes_without_a_name_are_refused() -> None:
    with pytest.raises(Invalid, match="codes must be of length 1"):
        by_state(np.array([0.1]), np.array([0, 1]), TREND_NAMES, 252.0)
    with pytest.raises(Invalid, match="codes must be from -1 to 1"):
        by_state(np.array([0.1]), np.array([2]), TREND_NAMES, 252.0)
    with pytest.raises(Invalid, match="turn"):
        trend_by_turns(np.ones(3), 1.0)
