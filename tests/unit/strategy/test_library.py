"""Each strategy against its definition, computed the slow and plain way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.library import strategy_named
from fakes.bars_for_backtests import series_of, walk
from fakes.scripted_strategy import fills_of, ran

WALK = walk("TEST", 400, seed=5).adjusted("raw")


def mean(closes: tuple[float, ...], now: int, count: int) -> float:
    return sum(closes[now + 1 - count : now + 1]) / count


def orders_of(strategy: str, **given: Any) -> list[tuple[int, float]]:
    result = ran(WALK, strategy_named(strategy), Terms(1e6, fee_bps=0.0), **given, units=1)
    return [(step - 1, units) for step, units, _ in fills_of(result)]


@pytest.mark.parametrize(("fast", "slow"), [(2, 3), (5, 20), (20, 50)])
def test_a_cross_of_means_holds_while_the_fast_one_is_above(fast: int, slow: int) -> None:
    expected, held = [], False
    for now in range(slow - 1, len(WALK) - 1):
        difference = mean(WALK.close, now, fast) - mean(WALK.close, now, slow)
        if not held and difference > 1e-7:
            expected.append((now, 1.0))
            held = True
        elif held and difference < -1e-7:
            expected.append((now, -1.0))
            held = False
    assert len(expected) > 4
    assert orders_of("sma_cross", fast=fast, slow=slow) == expected


def wilder_rsi(closes: tuple[float, ...], period: int) -> dict[int, float]:
    moves = [after - before for before, after in pairwise(closes)]
    gain = sum(max(move, 0.0) for move in moves[:period]) / period
    loss = sum(max(-move, 0.0) for move in moves[:period]) / period
    found = {period: 100 - 100 / (1 + gain / loss) if loss else 100.0}
    for now in range(period + 1, len(closes)):
        move = moves[now - 1]
        gain = (gain * (period - 1) + max(move, 0.0)) / period
        loss = (loss * (period - 1) + max(-move, 0.0)) / period
        found[now] = 100 - 100 / (1 + gain / loss) if loss else 100.0
    return found


@pytest.mark.parametrize(
    ("period", "oversold", "trend", "exit_"),
    [(2, 10, 50, 5), (2, 5, 100, 5), (4, 30, 40, 8), (60, 50, 4, 3)],
)
def test_a_dip_in_an_uptrend_is_bought_and_a_recovery_sold(
    period: int, oversold: float, trend: int, exit_: int
) -> None:
    rsi, expected, held = wilder_rsi(WALK.close, period), [], False
    for now in range(max(trend - 1, period), len(WALK) - 1):
        close = WALK.close[now]
        dip = rsi[now] < oversold and close - mean(WALK.close, now, trend) > 1e-6
        if not held and dip:
            expected.append((now, 1.0))
            held = True
        elif held and close - mean(WALK.close, now, exit_) > 1e-6:
            expected.append((now, -1.0))
            held = False
    assert len(expected) > 4
    found = orders_of("rsi_reversion", period=period, oversold=oversold, trend=trend, exit=exit_)
    assert found == expected


def test_buy_and_hold_invests_once_at_the_second_open() -> None:
    result = ran(WALK, strategy_named("buy_and_hold"), Terms(10_000.0, fee_bps=10.0))
    [(step, units, price)] = fills_of(result)
    # Sized at the first close with its fee, and cut should the open be dearer.
    wanted = 10_000.0 // (WALK.close[0] * 1.001)
    assert (step, price) == (1, WALK.open[1])
    assert units == min(wanted, 10_000.0 // (WALK.open[1] * 1.001))


@pytest.mark.parametrize("price", [0.1, 1 / 3, 97.13, 1e9 / 7])
@pytest.mark.parametrize("strategy", ["sma_cross", "rsi_reversion"])
def test_a_market_that_stands_still_gives_no_reason_to_trade(strategy: str, price: float) -> None:
    series = series_of([price] * 400, [price] * 400)
    result = ran(series, strategy_named(strategy), Terms(1e15, fee_bps=0.0))
    assert (len(result.fills), len(result.orders), result.cut) == (0, 0, 0)
