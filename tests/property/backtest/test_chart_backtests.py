"""Backtests on bars of chart styles see nothing of the trades to come, whatever the trades are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.trades import from_trades
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.notebook import backtest
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.charts.building import bars_of
from algotrendy.market_data.charts.styles import KINDS, parse
from algotrendy.market_data.ticks import Ticks
from algotrendy.strategy.making import strategy
from fakes.chart_trades import BEGIN, SECOND, Trades

STYLES = (
    "time:interval=1Min",
    "tick:amount=3",
    "volume:amount=100,excess=split",
    "dollar:amount=9000",
    "range:size=0.3",
    "renko:size=0.1",
    "renko:atr=2,base=1Min,reversal=1",
    "heikin-ashi:interval=1Min",
    "line-break:interval=1Min,lines=2",
    "kagi:size=0.3",
    "point-and-figure:box=0.1",
    "imbalance:ticks=4,least=2,most=9,bars=3,trades=5",
    "run:of=volume,ticks=4,least=1,most=20,bars=3,trades=5",
)
every_style = pytest.mark.parametrize("style", STYLES)


@strategy()
def restless(market: Any, own: Any, p: Any) -> None:
    """Trade at nearly every bar, and let what it orders depend on all that it sees."""
    if market.position > 0.0:
        market.exit()
    elif market.close[-1] >= market.open[-1]:
        market.buy(1 + len(market.close) % 5)
    else:
        market.buy(2, limit=market.low[-1])


@st.composite
def walks(draw: st.DrawFn) -> Trades:
    """Draw 150 trades: steps of cents, now and then a jump, several at one time, pauses."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps = np.where(random.random(150) < 0.05, 40, 4) * random.normal(0.0, 1.0, 150)
    prices = np.maximum(100, 10_000 + np.cumsum(np.round(steps))) / 100
    pauses = random.choice([0, 1, SECOND, 20 * SECOND, 90 * SECOND], 150)
    times = BEGIN + np.cumsum(pauses)
    sizes = random.choice([1.0, 3.0, 40.0, 250.0], 150)
    return Trades(times.tolist(), prices.tolist(), sizes.tolist())


def of(trades: Trades) -> Ticks:
    return Ticks(Symbol("XYZ"), trades.times, trades.prices, trades.sizes, "drawn")


def run(trades: Trades, style: str) -> Backtest | None:
    """Give what comes of them, or None where they make no whole bar."""
    try:
        return backtest(of(trades), restless, style=style, mode="interpreted")
    except Invalid as error:
        if error.field != "style":
            raise
        return None


def test_every_style_is_tried() -> None:
    assert {parse(style).kind.name for style in STYLES} == set(KINDS)


@every_style
@settings(max_examples=15, deadline=None)
@given(trades=walks(), cut=st.integers(20, 149))
def test_cutting_the_future_changes_no_past_decision(style: str, trades: Trades, cut: int) -> None:
    # Trades of one time are known together.
    count = sum(time <= trades.times[cut - 1] for time in trades.times)
    early, whole = run(trades[:count], style), run(trades, style)
    if early is None or whole is None:
        return
    steps = len(early.equity)
    known = early.setting.dataset.timeline
    assert list(known) == list(whole.setting.dataset.timeline[:steps])
    assert list(early.equity) == list(whole.equity[:steps])
    done = whole.fills["step"] < steps
    assert early.fills.tolist() == whole.fills[done].tolist()


@every_style
@settings(max_examples=15, deadline=None)
@given(trades=walks())
def test_fills_are_at_traded_prices_of_after_the_bar_that_was_decided_on(
    style: str, trades: Trades
) -> None:
    found = run(trades, style)
    if found is None:
        return
    dataset: Dataset = found.setting.dataset
    bars = dataset.assets[0].base
    traded = set(trades.prices)
    assert set(found.fills["price"].tolist()) <= traded
    if not parse(style).kind.of_time_bars:
        # What an order meets was traded after the bar that it was decided at was known; bars of
        # one jump are kept apart by nanoseconds, and have no volume but the first.
        met = np.flatnonzero(bars.volume[1:]) + 1
        assert np.all(bars.time[met] > bars.known[met - 1] - len(bars))
    assert np.all(bars.known >= [bar.known for bar in bars_of(trades, style)])


def test_sessions_are_not_told_to_end_and_years_are_counted() -> None:
    ticks = Ticks(
        Symbol("XYZ"),
        [day * 86_400 * SECOND for day in range(367)],
        [100.0 + day % 7 for day in range(367)],
        [1.0] * 367,
        "made up",
    )
    dataset = from_trades(ticks, "tick:amount=2")
    assert dataset.timeframe == "tick:amount=2"
    assert set(dataset.assets[0].base.phase.tolist()) == {5}
    done = backtest(ticks, restless, style="tick:amount=2", mode="interpreted")
    assert done.setting.a_year == pytest.approx(182.6, abs=0.1)
