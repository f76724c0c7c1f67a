"""What indicators give is what their formula gives for the window, worked out anew at each bar.

Exactly, in fractions, where differences of large sums are at stake.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import fsum, isnan, log, nan, sqrt

import numpy as np
import pytest

from algotrendy.strategy.indicators import (
    Indicator,
    atr,
    correlation,
    cumulative_vwap,
    ema,
    hull_ma,
    ichimoku,
    keltner,
    lag,
    linear_regression,
    money_flow_index,
    realised_volatility,
    replay,
    sma,
    standard_deviation,
    supertrend,
    variance,
    vwap,
    wilder,
    wma,
    zscore,
)
from fixtures.indicators import Columns, random_walk, real_bars

Series = list[float]

BARS = 400
MARKETS = pytest.mark.parametrize("market", ["AAPL", "GOOG", "walk"])


def market_of(name: str) -> dict[str, Series]:
    columns = random_walk(31) if name == "walk" else real_bars(name)
    return {key: column[:BARS].tolist() for key, column in columns.items()}


def windowed(values: Series, period: int, formula: Callable[[Series], float]) -> Series:
    full = range(period, len(values) + 1)
    return [nan] * (period - 1) + [formula(values[end - period : end]) for end in full]


def exact(value: float) -> int:
    """Give a value in units of 2 ** -80: whole for every price and volume here."""
    scaled = math.ldexp(value, 80)
    assert scaled == int(scaled)
    return int(scaled)


def exact_moment(one: Series, other: Series) -> Fraction:
    firsts, seconds = [exact(value) for value in one], [exact(value) for value in other]
    products = sum(a * b for a, b in zip(firsts, seconds, strict=True))
    squared = len(one) ** 2 * 2**160
    return Fraction(len(one) * products - sum(firsts) * sum(seconds), squared)


def exact_variance(window: Series) -> float:
    return float(exact_moment(window, window))


def exact_slope(window: Series) -> float:
    places = [float(k) for k in range(len(window))]
    return float(exact_moment(places, window) / exact_moment(places, places))


def weighted(window: Series) -> float:
    weights = range(1, len(window) + 1)
    return fsum(w * x for w, x in zip(weights, window, strict=True)) / fsum(weights)


def score(window: Series) -> float:
    above = Fraction(len(window) * exact(window[-1]) - sum(map(exact, window)), len(window) * 2**80)
    return float(above) / sqrt(exact_variance(window))


def assert_close(found: Series, expected: Series, slack: float = 0.0) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=slack, equal_nan=True)


OF_A_WINDOW: dict[str, tuple[Callable[[int], Indicator], str, Callable[[Series], float], float]] = {
    "sma": (sma, "", lambda w: fsum(w) / len(w), 0.0),
    "wma": (wma, "", weighted, 0.0),
    "variance": (variance, "", exact_variance, 0.0),
    "standard_deviation": (standard_deviation, "", lambda w: sqrt(exact_variance(w)), 0.0),
    "zscore": (zscore, "", score, 1e-12),
    # Of prices in the hundreds: 1e-12 is some units in the last place of what goes into a slope.
    "slope": (linear_regression, "slope", exact_slope, 1e-12),
}


@MARKETS
@pytest.mark.parametrize("period", [3, 20, 63])
@pytest.mark.parametrize("name", OF_A_WINDOW)
def test_a_measure_of_a_window_is_right_to_a_billionth(name: str, period: int, market: str) -> None:
    make, output, formula, slack = OF_A_WINDOW[name]
    close = market_of(market)["close"]
    found = replay(make(period), {"close": close})[output]
    assert_close(found, windowed(close, period, formula), slack)


@MARKETS
@pytest.mark.parametrize("period", [3, 20])
def test_a_correlation_is_right_to_a_billionth_though_one_series_is_a_million_times_the_other(
    market: str, period: int
) -> None:
    bars = market_of(market)
    one, other = bars["close"], bars["volume"]
    found = replay(correlation(period, ("close", "volume")), bars)[""]
    for end in range(period, BARS + 1):
        a, b = one[end - period : end], other[end - period : end]
        spread = sqrt(exact_variance(a)) * sqrt(exact_variance(b))
        if spread:
            assert found[end - 1] == pytest.approx(float(exact_moment(a, b)) / spread, abs=1e-10)
        else:
            assert isnan(found[end - 1])


@MARKETS
@pytest.mark.parametrize("period", [4, 9, 16, 55])
def test_a_hull_mean_is_its_three_weighted_means(market: str, period: int) -> None:
    close = market_of(market)["close"]
    half, whole = (windowed(close, n, weighted) for n in (period // 2, period))
    lead = [2.0 * a - b for a, b in zip(half, whole, strict=True)][period - 1 :]
    expected = [nan] * (period - 1) + windowed(lead, int(sqrt(period)), weighted)
    assert_close(replay(hull_ma(period), {"close": close})[""], expected)


def test_wilder_and_exponential_means_follow_their_recursion() -> None:
    close = market_of("AAPL")["close"]
    for make, share in ((ema, 2.0 / 11.0), (wilder, 1.0 / 10.0)):
        expected = [nan] * 9 + [fsum(close[:10]) / 10.0]
        for value in close[10:]:
            expected.append(expected[-1] * (1.0 - share) + value * share)
        assert_close(replay(make(10), {"close": close})[""], expected)


def test_a_lag_is_the_value_of_so_many_bars_ago() -> None:
    close = market_of("AAPL")["close"]
    assert repr(replay(lag(3), {"close": close})[""]) == repr([nan, nan, nan, *close[:-3]])


@MARKETS
def test_a_realised_volatility_is_the_sample_deviation_of_log_returns_a_year(market: str) -> None:
    close = market_of(market)["close"]
    returns = [log(b / a) for a, b in pairwise(close)]
    expected = windowed(returns, 21, lambda w: sqrt(exact_variance(w) * 21 / 20 * 252))
    assert_close(replay(realised_volatility(21), {"close": close})[""], [nan, *expected])


def test_a_realised_volatility_leaves_out_returns_that_have_no_logarithm() -> None:
    close = [100.0, 101.0, 0.0, 99.0, 102.0, -1.0, 103.0, 104.0]
    found = replay(realised_volatility(2, 1), {"close": close})[""]
    returns = [log(101 / 100), log(102 / 99), log(104 / 103)]
    expected = [sqrt(2.0 * exact_variance(returns[k : k + 2])) for k in (0, 1)]
    assert_close(found, [nan] * 4 + [expected[0]] + [nan] * 2 + [expected[1]])


def typical(bars: dict[str, Series]) -> Series:
    together = zip(bars["high"], bars["low"], bars["close"], strict=True)
    return [(high + low + close) / 3.0 for high, low, close in together]


@MARKETS
def test_a_mean_by_volume_is_what_was_paid_over_what_was_traded(market: str) -> None:
    bars = market_of(market)
    volume = bars["volume"]
    paid = [price * units for price, units in zip(typical(bars), volume, strict=True)]
    expected = [
        a / b for a, b in zip(windowed(paid, 20, fsum), windowed(volume, 20, fsum), strict=True)
    ]
    assert_close(replay(vwap(20), bars)[""], expected)
    whole = [fsum(paid[: k + 1]) / fsum(volume[: k + 1]) for k in range(BARS)]
    assert_close(replay(cumulative_vwap(), bars)[""], whole)


def test_a_money_flow_of_small_units_counts_as_any_other() -> None:
    bars = market_of("walk")
    small = bars | {"volume": [units * 1e-12 for units in bars["volume"]]}
    found = replay(money_flow_index(14), small)[""]
    assert_close(found, replay(money_flow_index(14), bars)[""], 1e-9)


@MARKETS
def test_a_keltner_channel_is_a_mean_and_average_ranges_around_it(market: str) -> None:
    bars = market_of(market)
    found = replay(keltner(20, 10, 1.5), bars)
    means, ranges = replay(ema(20), bars)[""], replay(atr(10), bars)[""]
    assert_close(found[""], means)
    assert_close(found["upper"], [m + 1.5 * r for m, r in zip(means, ranges, strict=True)])
    assert_close(found["lower"], [m - 1.5 * r for m, r in zip(means, ranges, strict=True)])


def test_a_keltner_channel_begins_when_both_its_parts_have() -> None:
    found = replay(keltner(5, 30), market_of("walk"))
    assert [isnan(value) for value in found[""]] == [k < 30 for k in range(BARS)]


@MARKETS
@pytest.mark.parametrize("width", [1.0, 3.0])
def test_a_supertrend_turns_on_closes_beyond_its_bands(market: str, width: float) -> None:
    bars = market_of(market)
    found = replay(supertrend(10, width), bars)
    ranges = replay(atr(10), bars)[""]
    close = bars["close"]
    middles = [(high + low) / 2.0 for high, low in zip(bars["high"], bars["low"], strict=True)]
    upper, lower = middles[10] + width * ranges[10], middles[10] - width * ranges[10]
    rising = close[10] >= middles[10]
    turns = 0
    for t in range(10, BARS):
        if t > 10:
            fresh = middles[t] + width * ranges[t]
            upper = fresh if close[t - 1] > upper else min(upper, fresh)
            fresh = middles[t] - width * ranges[t]
            lower = fresh if close[t - 1] < lower else max(lower, fresh)
            was, rising = rising, close[t] >= lower if rising else close[t] > upper
            turns += was != rising
        assert found["direction"][t] == (1.0 if rising else -1.0)
        assert found[""][t] == pytest.approx(lower if rising else upper, rel=1e-12)
    assert turns > 3


def test_an_ichimoku_draws_its_cloud_from_bars_long_gone() -> None:
    bars = market_of("walk")

    def middle(end: int, period: int) -> float:
        first = end - period + 1
        return (max(bars["high"][first : end + 1]) + min(bars["low"][first : end + 1])) / 2.0

    found = replay(ichimoku(9, 26, 52), bars)
    for t in range(77, BARS):
        assert found[""][t] == middle(t, 9)
        assert found["base"][t] == middle(t, 26)
        then = t - 26
        assert found["span_a"][t] == (middle(then, 9) + middle(then, 26)) / 2.0
        assert found["span_b"][t] == middle(then, 52)


def test_a_scale_of_prices_changes_nothing_but_the_scale() -> None:
    bars = market_of("walk")
    # Powers of two scale without rounding, so all bits of the rest must be the same.
    scaled: Columns = {
        name: np.array(column) * (1.0 if name == "volume" else 2.0**20)
        for name, column in bars.items()
    }
    for indicator in (sma(9), variance(9), linear_regression(9), atr(9), supertrend(9)):
        power = 40 if indicator.name == "variance" else 20
        found = replay(indicator, scaled)[""]
        expected = [math.ldexp(value, power) for value in replay(indicator, bars)[""]]
        assert repr(found) == repr(expected)
