"""Strategies that trade from stops, brackets and quotes, against their rules worked out plainly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.exchange.rules.codes import DAY, EXPIRED, LIMIT, MARKET, STOP, TRAILING_STOP
from algotrendy.strategy.market import ABOVE
from fakes.bars_for_backtests import walk
from fakes.library_runs import interpreted

WALK = walk("TEST", 500, seed=10).adjusted("raw")
CASH = 1_000_000.0


def ran(name: str, *, allow_short: bool = False, **parameters: float) -> Backtest:
    terms = Terms(CASH, fee_bps=0.0, allow_short=allow_short)
    return interpreted(WALK, name, terms=terms, **parameters)


def held_after(result: Backtest, step: int) -> float:
    return float(result.fills["units"][result.fills["step"] <= step].sum())


def mean_range(period: int) -> list[float]:
    """Average true ranges as Wilder does; nan before there are so many."""
    found, mean, ranges = [float("nan")], 0.0, []
    for now in range(1, len(WALK)):
        before = WALK.close[now - 1]
        ranges.append(max(WALK.high[now], before) - min(WALK.low[now], before))
        if now < period:
            found.append(float("nan"))
        else:
            is_first = now == period
            mean = sum(ranges) / period if is_first else mean + (ranges[-1] - mean) / period
            found.append(mean)
    return found


def entries(result: Backtest, kind: int) -> Any:
    return [
        (place, row)
        for place, row in enumerate(result.orders)
        if row["side"] > 0 and row["kind"] == kind
    ]


def test_a_turtle_buys_above_the_old_high_and_its_stop_rises_to_the_newest_low() -> None:
    result = ran("donchian_breakout", entry=12, exit=6, period=8, width=2, risk=0.01)
    ranges, filled = mean_range(8), 0
    for place, row in entries(result, STOP):
        now = int(row["step"])
        assert row["stop"] == max(WALK.high[now - 11 : now + 1]) * ABOVE
        room = CASH if not filled else result.cash[now]
        assert row["units"] == int(min(0.01 * result.equity[now] / ranges[now], room / row["stop"]))
        exits = result.fills["step"][result.fills["order"] == place + 2]
        last = int(exits[0]) if len(exits) else len(WALK)
        begun = result.fills["step"][result.fills["order"] == place + 1]
        stop = row["stop"] - 2 * ranges[now]
        if len(begun):
            filled += 1
            lows = [min(WALK.low[at - 5 : at + 1]) for at in range(int(begun[0]), last)]
            stop = max([stop, *lows])
        assert result.orders[place + 1]["stop"] == pytest.approx(stop, rel=1e-12)
    assert filled > 8


def test_a_large_move_is_bought_within_the_session_and_sold_when_it_pays() -> None:
    result = ran("volatility_breakout", fraction=0.6, risk=1.2, share=0.9)
    for _, row in entries(result, STOP):
        now = int(row["step"])
        reach = WALK.high[now] - WALK.low[now]
        assert row["stop"] == WALK.close[now] + 0.6 * reach
        assert row["tif"] == DAY
        assert row["units"] == int(0.9 * result.cash[now] / row["stop"])
        assert held_after(result, now) == 0.0
        if not row["filled"]:
            assert row["state"] == EXPIRED or now == len(WALK) - 1
    sales = [row for row in result.orders if row["side"] < 0 and row["kind"] == MARKET]
    for row in sales:
        now = int(row["step"])
        bought = result.fills[(result.fills["step"] <= now) & (result.fills["units"] > 0)]
        assert WALK.close[now] > bought["price"][-1]
    stops = [row for row in result.orders if row["side"] < 0 and row["kind"] == STOP]
    assert len(sales) > 20
    assert sum(row["filled"] > 0 for row in stops) > 3


def test_only_the_narrowest_bar_is_bracketed_and_for_one_bar() -> None:
    result = ran("narrow_range_breakout", period=6, reward=2, hold=4, share=0.9)
    widths = [high - low for high, low in zip(WALK.high, WALK.low, strict=True)]
    narrow = {now for now in range(5, len(WALK)) if min(widths[now - 5 : now]) > widths[now]}
    found = entries(result, STOP)
    assert {int(row["step"]) for _, row in found} == {
        now for now in narrow if held_after(result, now) == 0.0
    }
    for place, row in found:
        now = int(row["step"])
        assert row["stop"] == WALK.high[now] * ABOVE
        target, stop = result.orders[place + 1], result.orders[place + 2]
        assert (target["kind"], target["limit"]) == (LIMIT, WALK.high[now] + 2 * widths[now])
        assert (stop["kind"], stop["stop"]) == (STOP, WALK.low[now])
        begun = result.fills["step"][result.fills["order"] == place + 1]
        assert len(begun) == 0 or begun[0] == now + 1
    held = np.flatnonzero(result.exposure)
    runs = np.split(held, np.flatnonzero(np.diff(held) > 1) + 1)
    assert max(len(run) for run in runs) == 4
    assert len(found) > 20


def test_a_new_high_is_bought_and_a_stop_trails_it_by_the_range() -> None:
    result = ran("trailing_trend", period=10, width=3)
    ranges = mean_range(10)
    bought = [int(row["step"]) for row in result.orders if row["side"] > 0]
    for now in bought:
        assert WALK.close[now] == max(WALK.close[: now + 1])
    trailing = [row for row in result.orders if row["kind"] == TRAILING_STOP]
    for row in trailing:
        assert row["trail_price"] == pytest.approx(3 * ranges[int(row["step"])], rel=1e-12)
    assert [int(row["step"]) for row in trailing] == [now + 1 for now in bought]
    assert len(bought) > 2


def exponential_mean(period: int) -> list[float]:
    """Average closes; nan before there are so many."""
    found = [float("nan")] * (period - 1) + [sum(WALK.close[:period]) / period]
    for close in WALK.close[period:]:
        found.append(found[-1] + (close - found[-1]) * 2 / (period + 1))
    return found


@pytest.mark.parametrize("short", [0, 1])
def test_a_market_maker_leans_against_what_it_holds_and_keeps_to_its_limit(short: int) -> None:
    result = ran(
        "market_making", allow_short=bool(short), limit=3, size=0.1, short=short, skew=2, width=0.4
    )
    ranges, fair, held = mean_range(20), exponential_mean(10), set()
    for row in result.orders:
        now, side = int(row["step"]), int(row["side"])
        close, position = WALK.close[now], held_after(result, now)
        lot = int(0.1 * result.equity[now] / close)
        most, least = 3 * lot, -3 * lot * short
        lean = (position - (most + least) / 2) / (most - least)
        quote = fair[now] - 2 * ranges[now] * lean - side * 0.4 * ranges[now]
        passive = min(quote, close) if side > 0 else max(quote, close)
        assert row["limit"] == pytest.approx(passive, rel=1e-12)
        room = most - position if side > 0 else position - least
        assert row["units"] == min(lot, room)
        held.add(round(position / lot))
    assert held >= set(range(-3 * short, 4))
    assert (min(held) < 0) == bool(short)
