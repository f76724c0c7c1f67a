"""Every indicator that TA-Lib has too gives what TA-Lib gives, from the same bar on.

To 1e-9 of the value; where a value crosses zero, to 1e-12 of the largest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import talib

from algotrendy.strategy import indicators as ours
from algotrendy.strategy.indicators import Indicator, replay
from fixtures.indicators import Column, Columns, random_walk, real_bars

BARS = ("AAPL", "IBM", "SPX", "walk")
# talib.MA_Type.SMA, which its own types do not export.
MEAN: Any = 0
PERIODS = (2, 3, 5, 14, 21, 100)

Reference = Callable[[Columns], Any]


def columns_of(name: str) -> Columns:
    return random_walk(7) if name == "walk" else real_bars(name)


def bar(columns: Columns) -> tuple[Column, Column, Column]:
    return columns["high"], columns["low"], columns["close"]


def assert_same(
    found: list[float], expected: Column, *, begins: int = 0, slack: float | None = None
) -> None:
    actual = np.array(found)
    first = max(begins, int(np.argmax(~np.isnan(expected))))
    assert np.isnan(actual[:first]).all()
    assert not np.isnan(actual[first:]).any()
    if slack is None:
        slack = 1e-12 * float(np.abs(expected[first:]).max())
    np.testing.assert_allclose(actual[first:], expected[first:], rtol=1e-9, atol=slack)


Case = tuple[Callable[[int], Indicator], tuple[str, ...], Callable[[Columns, int], Any]]

OF_A_PERIOD: dict[str, Case] = {
    "sma": (ours.sma, ("",), lambda c, n: talib.SMA(c["close"], n)),
    "ema": (ours.ema, ("",), lambda c, n: talib.EMA(c["close"], n)),
    "wma": (ours.wma, ("",), lambda c, n: talib.WMA(c["close"], n)),
    "dema": (ours.dema, ("",), lambda c, n: talib.DEMA(c["close"], n)),
    "tema": (ours.tema, ("",), lambda c, n: talib.TEMA(c["close"], n)),
    "trima": (ours.trima, ("",), lambda c, n: talib.TRIMA(c["close"], n)),
    "kama": (ours.kama, ("",), lambda c, n: talib.KAMA(c["close"], n)),
    "momentum": (ours.momentum, ("",), lambda c, n: talib.MOM(c["close"], n)),
    "roc": (ours.roc, ("",), lambda c, n: talib.ROC(c["close"], n)),
    "rsi": (ours.rsi, ("",), lambda c, n: talib.RSI(c["close"], n)),
    "trix": (ours.trix, ("",), lambda c, n: talib.TRIX(c["close"], n)),
    "cci": (ours.cci, ("",), lambda c, n: talib.CCI(*bar(c), n)),
    "aroon": (ours.aroon, ("",), lambda c, n: talib.AROONOSC(c["high"], c["low"], n)),
    "aroon's sides": (
        ours.aroon,
        ("down", "up"),
        lambda c, n: talib.AROON(c["high"], c["low"], n),
    ),
    "highest": (ours.highest, ("",), lambda c, n: talib.MAX(c["high"], n)),
    "lowest": (ours.lowest, ("",), lambda c, n: talib.MIN(c["low"], n)),
    "donchian": (ours.donchian, ("",), lambda c, n: talib.MIDPRICE(c["high"], c["low"], n)),
    "atr": (ours.atr, ("",), lambda c, n: talib.ATR(*bar(c), n)),
    "natr": (ours.natr, ("",), lambda c, n: talib.NATR(*bar(c), n)),
    "adx": (ours.adx, ("",), lambda c, n: talib.ADX(*bar(c), n)),
    "linear_regression": (
        ours.linear_regression,
        ("",),
        lambda c, n: talib.LINEARREG(c["close"], n),
    ),
    "williams_r": (ours.williams_r, ("",), lambda c, n: talib.WILLR(*bar(c), n)),
    "money_flow_index": (
        ours.money_flow_index,
        ("",),
        lambda c, n: talib.MFI(*bar(c), c["volume"], n),
    ),
    "bollinger": (
        lambda n: ours.bollinger(n, 2.5),
        ("upper", "", "lower"),
        lambda c, n: talib.BBANDS(c["close"], n, 2.5, 2.5),
    ),
}

AS_IT_COMES: dict[str, tuple[Indicator, tuple[str, ...], Reference]] = {
    "macd": (ours.macd(), ("", "signal", "histogram"), lambda c: talib.MACD(c["close"])),
    "macd of other periods": (
        ours.macd(5, 34, 5),
        ("", "signal", "histogram"),
        lambda c: talib.MACD(c["close"], 5, 34, 5),
    ),
    "stochastic": (
        ours.stochastic(14, 3, 5),
        ("", "signal"),
        lambda c: talib.STOCH(*bar(c), 14, 3, MEAN, 5, MEAN),
    ),
    "fast stochastic": (
        ours.stochastic(5, 1, 3),
        ("", "signal"),
        lambda c: talib.STOCHF(*bar(c), 5, 3, MEAN),
    ),
    "ultimate_oscillator": (
        ours.ultimate_oscillator(),
        ("",),
        lambda c: talib.ULTOSC(*bar(c), 7, 14, 28),
    ),
    "typical_price": (ours.typical_price(), ("",), lambda c: talib.TYPPRICE(*bar(c))),
    "median_price": (ours.median_price(), ("",), lambda c: talib.MEDPRICE(c["high"], c["low"])),
    "true_range": (ours.true_range(), ("",), lambda c: talib.TRANGE(*bar(c))),
    "parabolic_sar": (
        ours.parabolic_sar(),
        ("",),
        lambda c: talib.SAR(c["high"], c["low"], 0.02, 0.2),
    ),
    "fast parabolic_sar": (
        ours.parabolic_sar(0.05, 0.3),
        ("",),
        lambda c: talib.SAR(c["high"], c["low"], 0.05, 0.3),
    ),
    "obv": (ours.obv(), ("",), lambda c: talib.OBV(c["close"], c["volume"])),
    "accumulation_distribution": (
        ours.accumulation_distribution(),
        ("",),
        lambda c: talib.AD(*bar(c), c["volume"]),
    ),
    "chaikin_oscillator": (
        ours.chaikin_oscillator(),
        ("",),
        lambda c: talib.ADOSC(*bar(c), c["volume"], 3, 10),
    ),
}


def assert_outputs_same(
    indicator: Indicator, outputs: tuple[str, ...], columns: Columns, expected: Any
) -> None:
    found = replay(indicator, columns)
    references = expected if isinstance(expected, tuple) else (expected,)
    for output, reference in zip(outputs, references, strict=True):
        assert_same(found[output], np.asarray(reference))


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("bars", BARS)
@pytest.mark.parametrize("name", OF_A_PERIOD)
def test_an_indicator_of_a_period_gives_what_talib_gives(name: str, bars: str, period: int) -> None:
    make, outputs, reference = OF_A_PERIOD[name]
    columns = columns_of(bars)
    assert_outputs_same(make(period), outputs, columns, reference(columns, period))


@pytest.mark.parametrize("bars", BARS)
@pytest.mark.parametrize("name", AS_IT_COMES)
def test_an_indicator_of_other_arguments_gives_what_talib_gives(name: str, bars: str) -> None:
    indicator, outputs, reference = AS_IT_COMES[name]
    columns = columns_of(bars)
    assert_outputs_same(indicator, outputs, columns, reference(columns))


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("bars", BARS)
def test_both_sides_of_the_adx_are_those_of_talib_from_its_first_value_on(
    bars: str, period: int
) -> None:
    columns = columns_of(bars)
    found = replay(ours.adx(period), columns)
    begins = 2 * period - 1
    assert_same(found["plus_di"], talib.PLUS_DI(*bar(columns), period), begins=begins)
    assert_same(found["minus_di"], talib.MINUS_DI(*bar(columns), period), begins=begins)


# TA-Lib sums prices and their squares, and takes the difference of large sums: what it gives for
# these three is right to so many digits of the price, not of itself. Ours are held to 1e-9 of the
# exact value in test_against_formulas.


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("bars", BARS)
def test_a_slope_is_that_of_talib_but_for_the_rounding_of_its_sums(bars: str, period: int) -> None:
    columns = columns_of(bars)
    found = replay(ours.linear_regression(period), columns)["slope"]
    slack = 1e-13 * float(columns["close"].max())
    assert_same(found, talib.LINEARREG_SLOPE(columns["close"], period), slack=slack)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("bars", BARS)
def test_a_variance_is_that_of_talib_but_for_the_rounding_of_its_sums(
    bars: str, period: int
) -> None:
    columns = columns_of(bars)
    slack = 1e-11 * float(columns["close"].max()) ** 2
    expected = talib.VAR(columns["close"], period)
    assert_same(replay(ours.variance(period), columns)[""], expected, slack=slack)
    deviations = np.array(replay(ours.standard_deviation(period), columns)[""])
    assert_same(list(deviations**2), expected, slack=slack)


@pytest.mark.parametrize("period", [14, 21, 100])
@pytest.mark.parametrize("bars", BARS)
def test_a_correlation_is_that_of_talib_but_for_the_rounding_of_its_sums(
    bars: str, period: int
) -> None:
    columns = columns_of(bars)
    found = replay(ours.correlation(period, ("high", "volume")), columns)[""]
    assert_same(found, talib.CORREL(columns["high"], columns["volume"], period), slack=1e-7)
