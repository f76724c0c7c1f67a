"""What holds for indicators whatever the values."""

from __future__ import annotations

from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.strategy.indicators import (
    adx,
    aroon,
    correlation,
    highest,
    lag,
    lowest,
    money_flow_index,
    parabolic_sar,
    replay,
    rsi,
    sma,
    stochastic,
    ultimate_oscillator,
    variance,
    williams_r,
    wma,
)

# In cents, few of them, so that equal values, runs and stops are common.
prices = st.integers(1, 30).map(lambda cents: cents / 100.0)
series = st.lists(prices, min_size=1, max_size=120)
periods = st.integers(1, 12)


@st.composite
def bars(draw: st.DrawFn) -> dict[str, list[float]]:
    """Draw bars whose closes lie in their ranges."""
    rows = draw(st.lists(st.tuples(prices, prices, prices, st.integers(0, 3)), min_size=1))
    ordered = [(sorted(row[:3]), float(row[3])) for row in rows]
    turned = draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    return {
        "high": [row[2] for row, _ in ordered],
        "low": [row[0] for row, _ in ordered],
        "close": [row[k] for (row, _), k in zip(ordered, turned, strict=True)],
        "volume": [units for _, units in ordered],
    }


@given(series, periods)
def test_extremes_are_those_of_the_window(values: list[float], period: int) -> None:
    top = replay(highest(period, "x"), {"x": values})[""]
    bottom = replay(lowest(period, "x"), {"x": values})[""]
    for end in range(1, len(values) + 1):
        if end < period:
            assert isnan(top[end - 1])
            assert isnan(bottom[end - 1])
        else:
            assert top[end - 1] == max(values[end - period : end])
            assert bottom[end - 1] == min(values[end - period : end])


@given(bars(), periods)
def test_an_aroon_counts_the_bars_since_the_newest_extreme(
    columns: dict[str, list[float]], period: int
) -> None:
    found = replay(aroon(period), columns)
    for end in range(period, len(columns["high"])):
        highs = columns["high"][end - period : end + 1][::-1]
        lows = columns["low"][end - period : end + 1][::-1]
        assert found["up"][end] == 100.0 * (period - highs.index(max(highs))) / period
        assert found["down"][end] == 100.0 * (period - lows.index(min(lows))) / period


@given(series, periods)
def test_a_mean_lies_among_its_values(values: list[float], period: int) -> None:
    for make in (sma, wma):
        found = replay(make(period, "x"), {"x": values})[""]
        for end in range(period, len(values) + 1):
            window = values[end - period : end]
            slack = 1e-15 * period
            assert min(window) - slack <= found[end - 1] <= max(window) + slack


@given(series, st.integers(2, 12))
def test_a_variance_is_never_negative_and_0_just_when_no_value_differs(
    values: list[float], period: int
) -> None:
    found = replay(variance(period, "x"), {"x": values})[""]
    for end in range(period, len(values) + 1):
        differ = len(set(values[end - period : end])) > 1
        assert (found[end - 1] > 1e-7) if differ else (found[end - 1] == 0.0)


@given(bars(), st.integers(2, 12))
def test_an_oscillator_stays_in_its_range(columns: dict[str, list[float]], period: int) -> None:
    slack = 1e-9
    ranged = [
        (rsi(period), 0.0, 100.0),
        (stochastic(period, 2, 2), 0.0, 100.0),
        (ultimate_oscillator(period, period + 1, period + 2), 0.0, 100.0),
        (money_flow_index(period), 0.0, 100.0),
        (adx(period), 0.0, 100.0),
        (williams_r(period), -100.0, 0.0),
        (aroon(period), -100.0, 100.0),
        (correlation(period, ("close", "high")), -1.0, 1.0),
    ]
    for indicator, least, most in ranged:
        before = indicator.warm_up(*indicator.resolve({}))
        for value in replay(indicator, columns)[""][before:]:
            missing = indicator.name == "correlation" and isnan(value)
            assert missing or least - slack <= value <= most + slack


@given(bars())
def test_a_stop_of_prices_turned_upside_down_is_the_stop_upside_down(
    columns: dict[str, list[float]],
) -> None:
    # But for the first trend, which is a rise where both sides moved alike.
    begin = {"high": [1.0, 2.0], "low": [0.5, 1.5]}
    upright = {name: begin[name] + columns[name] for name in ("high", "low")}
    turned = {
        "high": [-low for low in upright["low"]],
        "low": [-high for high in upright["high"]],
    }
    found = replay(parabolic_sar(), upright)[""]
    assert replay(parabolic_sar(), turned)[""][1:] == [-stop for stop in found[1:]]


@given(series, periods, st.integers(0, 20))
def test_values_that_are_missing_at_first_only_delay(
    values: list[float], period: int, missing: int
) -> None:
    for make in (sma, wma, rsi, lag):
        late = replay(make(period, "x"), {"x": [nan] * missing + values})[""]
        assert repr(late) == repr([nan] * missing + replay(make(period, "x"), {"x": values})[""])


@given(series, series, periods)
def test_a_window_knows_nothing_of_what_left_it(
    past: list[float], other: list[float], period: int
) -> None:
    now = [0.07, 0.11, 0.13, 0.05] * 7
    for make in (sma, wma, highest, lowest, lag):
        one = replay(make(period, "x"), {"x": past + now})[""]
        two = replay(make(period, "x"), {"x": other + now})[""]
        assert one[-3:] == pytest.approx(two[-3:], rel=1e-12)
