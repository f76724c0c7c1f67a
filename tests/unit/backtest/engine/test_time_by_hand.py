"""When a strategy sees what, and which bar an order meets: nothing before its time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from algotrendy.backtest.data.columns import columns
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.moments import MINUTE_NS
from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.indicators import sma
from algotrendy.strategy.market import Market
from algotrendy.strategy.schedules import every_bars, every_close, every_open
from fakes.scripted_strategy import fills_of, ran, scripted
from fakes.small_bars import FIRST, level, small

TERMS = Terms(10_000.0, fee_bps=0.0)


def mixed() -> Dataset:
    """Give one asset of five-minute bars and one whose bars are fifteen minutes long."""
    rows = [(100.0 + k, 100.0 + k, 100.0 + k, 100.0 + k) for k in range(12)]
    short = small(rows, minutes=5).assets[0]
    begins = FIRST + 15 * MINUTE_NS * np.arange(4)
    prices = {name: [50.0, 51.0, 52.0, 53.0] for name in ("open", "high", "low", "close")}
    long = columns({"time": begins, **prices}, known=begins + 15 * MINUTE_NS)
    return dataset([short, replace(short, symbol="LONG", base=long, has_volume=False)])


def test_an_order_placed_within_a_bar_meets_the_next_bar_and_not_that_one() -> None:
    # Placed at 5 minutes: the bar of 0 to 15 has begun, the next is 15 to 30.
    result = ran(mixed(), scripted({0: lambda m: m[1].buy(1)}), TERMS)
    assert result.orders["since"][0] == FIRST + 5 * MINUTE_NS
    assert fills_of(result) == [(5, 1.0, 51.0)]
    # Placed at 15 minutes, when that bar is known, it meets the next at its open too.
    on_time = ran(mixed(), scripted({2: lambda m: m[1].buy(1)}), TERMS)
    assert fills_of(on_time) == [(5, 1.0, 51.0)]


def test_an_order_that_came_too_late_waits_while_an_earlier_one_fills() -> None:
    def early(market: Market) -> None:
        market[1].buy(1)

    def late(market: Market) -> None:
        market[1].buy(2)
        market[1].sell(1)

    result = ran(mixed(), scripted({2: early, 3: late}), TERMS)
    assert fills_of(result) == [(5, 1.0, 51.0), (8, 2.0, 52.0), (8, -1.0, 52.0)]


def test_a_longer_bar_is_seen_once_it_is_known() -> None:
    seen: list[tuple[int, bool, list[float]]] = []

    def look(market: Market) -> None:
        seen.append((len(market.close), market[1].is_new, list(market[1].close)))

    ran(mixed(), scripted(dict.fromkeys(range(4), look)), TERMS)
    assert seen == [(1, False, []), (2, False, []), (3, True, [50.0]), (4, False, [50.0])]


def test_a_coarser_frame_shows_its_bars_when_they_are_whole() -> None:
    seen: list[tuple[float, bool]] = []

    def decide(market: Market, own: Any, p: Any) -> None:
        frame = market.on(1)
        seen.append((frame.close[-1] if frame.close else 0.0, frame.is_new))

    rows = [(100.0 + k, 100.0 + k, 100.0 + k, 100.0 + k) for k in range(7)]
    bars = small(rows, minutes=20, coarser=("1Hour",))
    strategy = replace(scripted({}), decide=decide, timeframes=("1Hour",))
    ran(bars, strategy, TERMS)
    fresh = [(102.0, True), (102.0, False), (102.0, False), (105.0, True), (105.0, False)]
    assert seen == [(0.0, False), (0.0, False), *fresh]


def test_an_indicator_of_a_coarser_frame_moves_with_its_bars() -> None:
    seen: list[float] = []

    def decide(market: Market, own: Any, p: Any) -> None:
        seen.append(own.mean)

    rows = [(100.0 + k, 100.0 + k, 100.0 + k, 100.0 + k) for k in range(9)]
    bars = small(rows, minutes=20, coarser=("1Hour",))
    strategy = replace(
        scripted({}), decide=decide, timeframes=("1Hour",), indicators={"mean": sma(2, timeframe=1)}
    )
    ran(bars, strategy, TERMS)
    assert [value == value for value in seen] == [False] * 5 + [True] * 4
    assert seen[5:] == [103.5, 103.5, 103.5, 106.5]


def test_an_asset_without_a_bar_keeps_its_last_close_and_is_not_new() -> None:
    seen: list[tuple[bool, float]] = []

    def look(market: Market) -> None:
        seen.append((market[1].is_new, market[1].close[-1] if market[1].close else 0.0))

    rows = {"ONE": level(100.0, 4), "TWO": [None, (50.0, 50.0, 50.0, 50.0), None, None]}
    result = ran(small(rows), scripted(dict.fromkeys(range(4), look)), TERMS)
    assert seen == [(False, 0.0), (True, 50.0), (False, 50.0), (False, 50.0)]
    assert len(result.time) == 4


def test_an_order_waits_for_the_assets_next_bar() -> None:
    rows = {"ONE": level(100.0, 4), "TWO": [(50.0,) * 4, None, None, (60.0,) * 4]}
    result = ran(small(rows), scripted({0: lambda m: m[1].buy(1)}), TERMS)
    assert fills_of(result) == [(3, 1.0, 60.0)]


def test_schedules_are_called_when_due_after_fills_and_before_the_bar() -> None:
    told: list[tuple[str, int]] = []

    def tells(name: str) -> Any:
        return lambda market, own, p: told.append((name, len(market.close)))

    def decide(market: Market, own: Any, p: Any) -> None:
        told.append(("bar", len(market.close)))
        if len(market.close) == 1:
            market.buy(1)

    def on_fill(market: Market, own: Any, p: Any, fill: Any) -> None:
        told.append(("fill", len(market.close)))

    strategy = replace(
        scripted({}),
        decide=decide,
        on_fill=on_fill,
        schedules=(
            (every_open(), tells("open")),
            (every_close(), tells("close")),
            (every_bars(2), tells("second")),
        ),
    )
    # Two bars a day.
    ran(small(level(100.0, 4), minutes=720), strategy, TERMS)
    assert told == [
        ("open", 1),
        ("bar", 1),
        ("fill", 2),
        ("close", 2),
        ("second", 2),
        ("bar", 2),
        ("open", 3),
        ("bar", 3),
        ("close", 4),
        ("second", 4),
        ("bar", 4),
    ]
