"""What indicators say of a market that stands still, where formulas divide nothing by nothing."""

from __future__ import annotations

from math import isnan, nan

import pytest

from algotrendy.strategy.indicators import (
    Indicator,
    adx,
    atr,
    bollinger,
    cci,
    correlation,
    ema,
    linear_regression,
    macd,
    money_flow_index,
    obv,
    replay,
    roc,
    rsi,
    sma,
    standard_deviation,
    stochastic,
    trix,
    ultimate_oscillator,
    vwap,
    williams_r,
    wma,
    zscore,
)
from fixtures.indicators import random_walk, standing_still, stopping


@pytest.mark.parametrize(
    ("indicator", "value"),
    [
        (rsi(14), 50.0),
        (williams_r(14), -50.0),
        (stochastic(14), 50.0),
        (ultimate_oscillator(), 50.0),
        (money_flow_index(14), 50.0),
        (cci(20), 0.0),
        (zscore(20), 0.0),
        (standard_deviation(20), 0.0),
        (macd(), 0.0),
        (trix(15), 0.0),
        (roc(10), 0.0),
        (atr(14), 0.0),
        (adx(14), 0.0),
        (obv(), 0.0),
        (sma(7), 0.1),
        (ema(7), 0.1),
        (wma(7), 0.1),
        (linear_regression(7), 0.1),
        (bollinger(7), 0.1),
    ],
    ids=lambda given: given.name if isinstance(given, Indicator) else str(given),
)
def test_a_market_that_never_moved_is_in_the_middle_of_everything(
    indicator: Indicator, value: float
) -> None:
    before = indicator.warm_up(*indicator.resolve({}))
    assert replay(indicator, standing_still())[""][before:] == [value] * (200 - before)


@pytest.mark.parametrize("indicator", [vwap(5), correlation(5, ("close", "volume"))])
def test_what_has_no_value_without_trade_or_movement_is_nan(indicator: Indicator) -> None:
    assert all(isnan(value) for value in replay(indicator, standing_still())[""])


@pytest.mark.parametrize("indicator", [roc(2), trix(1)], ids=lambda indicator: indicator.name)
def test_a_change_from_nothing_is_nan(indicator: Indicator) -> None:
    found = replay(indicator, {"close": [0.0, 0.0, 1.0, 2.0, 4.0]})[""]
    assert isnan(found[2])
    assert found[4] == (300.0 if indicator.name == "roc" else 100.0)


def test_means_of_different_periods_are_level_once_a_market_has_stopped() -> None:
    bars = stopping(random_walk(41))
    price = bars["close"]
    fast, slow = (replay(sma(period), bars)[""] for period in (7, 30))
    weighted = replay(wma(30), bars)[""]
    line = replay(linear_regression(30), bars)
    spread = replay(standard_deviation(30), bars)[""]
    bands = replay(bollinger(30), bars)
    still = [t for t in range(100, 3_000) if len(set(price[t - 29 : t + 1])) == 1]
    assert len(still) > 500
    for t in still:
        assert fast[t] == slow[t] == weighted[t] == line[""][t] == price[t]
        assert bands["upper"][t] == bands[""][t] == bands["lower"][t] == price[t]
        assert spread[t] == line["slope"][t] == 0.0


def test_an_adx_keeps_its_value_through_bars_that_do_not_move() -> None:
    column = [10.0, 11.0, 12.0, 13.0, 13.0, 13.0, 12.0]
    found = replay(adx(1), {"high": column, "low": column, "close": column})
    assert found[""][1:] == [100.0] * 6
    assert found["plus_di"][1:] == [100.0, 100.0, 100.0, 0.0, 0.0, 0.0]
    assert found["minus_di"][1:] == [0.0, 0.0, 0.0, 0.0, 0.0, 100.0]


def test_a_volume_mean_comes_back_after_bars_without_trade() -> None:
    bars = {name: [10.0, 11.0, 12.0, 13.0, 14.0, 15.0] for name in ("high", "low", "close")}
    bars["volume"] = [0.1, 0.2, 0.0, 0.0, 0.7, 0.0]
    expected = [nan, (1.0 + 2.2) / 0.3, 11.0, nan, 14.0, 14.0]
    assert replay(vwap(2), bars)[""] == pytest.approx(expected, nan_ok=True)
