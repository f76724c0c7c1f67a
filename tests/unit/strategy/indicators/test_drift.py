"""A million values leave no trace in what an indicator says of the last twenty."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from algotrendy.strategy.indicators import (
    Indicator,
    accumulation_distribution,
    cumulative_vwap,
    linear_regression,
    sma,
    variance,
    vwap,
    wma,
)
from fixtures.compiled_indicators import run_compiled
from fixtures.indicators import Column, Columns, random_walk

BARS = 1_000_000
PERIOD = 20


@cache
def long_market() -> Columns:
    """Make a million bars, some thousands of them a hundred million times as dear.

    A running sum that met those keeps their rounding for ever: 1e-16 of 1e10 in prices of 100.
    """
    bars = random_walk(5, BARS)
    dear = np.ones(BARS)
    dear[200_000:205_000] = 1e8
    dear[700_000:700_007] = 1e8
    # Back to 100 each thousand bars, so that a walk this long stays a price.
    level = np.repeat(100.0 / bars["close"][::1_000], 1_000)
    return {
        name: column if name == "volume" else column * level * dear for name, column in bars.items()
    }


def windows(column: Column) -> list[tuple[int, Column]]:
    """Give windows of all over the market that hold no dear bar, and none within two rounds."""
    ends = [*range(1_000, 199_000, 9_973), *range(205_100, 699_000, 9_973)]
    ends += [*range(700_060, BARS, 9_973), 205_000 + 2 * PERIOD, 700_007 + 2 * PERIOD, BARS]
    return [(end - 1, column[end - PERIOD : end]) for end in ends]


def weighted(window: Column) -> float:
    return math.fsum(np.arange(1.0, PERIOD + 1.0) * window) / (PERIOD * (PERIOD + 1) / 2)


def line_end(window: Column) -> float:
    slope, begin = np.polynomial.polynomial.polyfit(np.arange(PERIOD), window, 1)[::-1]
    return float(begin + slope * (PERIOD - 1))


@pytest.mark.parametrize(
    ("indicator", "formula", "bound"),
    [
        (sma(PERIOD), lambda window: math.fsum(window) / PERIOD, 1e-14),
        (wma(PERIOD), weighted, 1e-13),
        (linear_regression(PERIOD), line_end, 1e-12),
        (variance(PERIOD), lambda window: float(np.var(window)), 1e-10),
    ],
    ids=["sma", "wma", "linear_regression", "variance"],
)
def test_a_sum_over_a_window_does_not_drift(
    indicator: Indicator, formula: Callable[[Column], float], bound: float
) -> None:
    close = long_market()["close"]
    answers, _ = run_compiled(indicator, long_market())
    worst = max(
        abs(answers[at] - formula(window)) / abs(formula(window)) for at, window in windows(close)
    )
    assert worst < bound


def test_a_plain_running_sum_would_drift_here() -> None:
    close = long_market()["close"]
    moves = close.copy()
    moves[PERIOD:] -= close[:-PERIOD]
    running = np.cumsum(moves) / PERIOD
    last = math.fsum(close[-PERIOD:]) / PERIOD
    assert abs(running[-1] - last) / last > 1e-9


def test_a_mean_by_volume_does_not_drift() -> None:
    bars = long_market()
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3.0
    answers, _ = run_compiled(vwap(PERIOD), bars)
    for at, units in windows(bars["volume"]):
        paid = math.fsum(typical[at - PERIOD + 1 : at + 1] * units)
        assert answers[at] == pytest.approx(paid / math.fsum(units), rel=1e-13)


def test_sums_from_the_first_bar_on_are_right_to_a_trillionth_after_a_million() -> None:
    bars = random_walk(5, BARS)
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3.0
    answers, _ = run_compiled(cumulative_vwap(), bars)
    paid, traded = math.fsum(typical * bars["volume"]), math.fsum(bars["volume"])
    assert answers[-1] == pytest.approx(paid / traded, rel=1e-12)
    place = (2.0 * bars["close"] - bars["low"] - bars["high"]) / (bars["high"] - bars["low"])
    flows = place * bars["volume"]
    answers, _ = run_compiled(accumulation_distribution(), bars)
    assert answers[-1] == pytest.approx(math.fsum(flows), abs=1e-12 * math.fsum(np.abs(flows)))
