"""Strategies that bet on a return to the middle, against their definitions worked out plainly."""

from __future__ import annotations

from math import log
from statistics import fmean, pstdev, stdev

import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from fakes.bars_for_backtests import series_of, walk
from fakes.library_runs import interpreted

WALK = walk("TEST", 500, seed=8).adjusted("raw")


def trips(result: Backtest) -> list[tuple[int, float]]:
    """Give the bar of each order with its side."""
    return list(zip(result.orders["step"].tolist(), result.orders["side"].tolist(), strict=True))


def test_a_close_below_the_lower_band_is_bought_and_one_above_the_mean_sold() -> None:
    result = interpreted(WALK, "bollinger_reversion", period=15, width=1.5)
    expected, held = [], False
    for now in range(14, len(WALK)):
        window, close = WALK.close[now - 14 : now + 1], WALK.close[now]
        mean, spread = fmean(window), pstdev(window)
        if not held and close < mean - 1.5 * spread:
            expected.append((now, 1))
            held = True
        elif held and close > mean:
            expected.append((now, -1))
            held = False
    assert trips(result) == expected
    assert len(expected) > 20


def test_a_close_near_the_low_is_bought_and_one_near_the_high_sold() -> None:
    result = interpreted(WALK, "ibs_reversion", buy=0.1, sell=0.7)
    expected, held = [], False
    for now, close in enumerate(WALK.close):
        low, high = WALK.low[now], WALK.high[now]
        strength = (close - low) / (high - low)
        if not held and strength < 0.1:
            expected.append((now, 1))
            held = True
        elif held and strength > 0.7:
            expected.append((now, -1))
            held = False
    assert trips(result) == expected
    assert len(expected) > 20


def test_a_bar_without_range_says_nothing() -> None:
    result = interpreted(series_of([5.0] * 9, [5.0] * 9), "ibs_reversion")
    assert len(result.orders) == 0


@pytest.mark.parametrize("exit_", [0.0, 0.5])
def test_a_pair_is_opened_when_it_diverges_and_closed_when_it_is_back(exit_: float) -> None:
    other = walk("OTHER", 500, seed=9).adjusted("raw")
    result = interpreted(
        [WALK, other],
        "pairs_trading",
        terms=Terms(1_000_000.0, fee_bps=0.0, allow_short=True),
        window=40,
        entry=1.8,
        exit=exit_,
        share=0.3,
    )
    ratios = [log(a / b) for a, b in zip(WALK.close, other.close, strict=True)]
    expected: list[tuple[int, int]] = []
    side = 0
    for now in range(40, len(ratios)):
        before = ratios[now - 40 : now]
        score = (ratios[now] - fmean(before)) / stdev(before)
        if side == 0 and abs(score) > 1.8:
            side = -1 if score > 0 else 1
            expected += [(now, side), (now, -side)]
        elif side * score >= -exit_ and side != 0:
            expected += [(now, -side), (now, side)]
            side = 0
    assert trips(result) == expected
    assert {pair for pair in expected if pair[1] > 0}
    assert len(expected) > 20
    opened = result.orders[:2]
    value = opened["units"] * [WALK.close[expected[0][0]], other.close[expected[0][0]]]
    assert value == pytest.approx([300_000.0, 300_000.0], abs=200.0)


def test_a_pair_that_never_parts_is_never_traded() -> None:
    double = series_of([2 * price for price in WALK.open], [2 * price for price in WALK.close])
    single = series_of(WALK.open, WALK.close, "HALF")
    result = interpreted([double, single], "pairs_trading", window=20)
    assert len(result.orders) == 0
