"""Bars as the columns of a backtest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from algotrendy.backtest.data.columns import columns
from algotrendy.market_data.charts.building import INTERPRETED, bars_of
from algotrendy.market_data.charts.compiled import Compiled
from algotrendy.market_data.charts.feeding import chart_bars
from fakes.chart_trades import SECOND, Trades, trades, walks

JUMP = trades((1, 100.0, 5), (2, 103.7, 7), (3, 103.0, 1), (4, 104.2, 2))


def test_bars_of_one_trade_are_known_one_nanosecond_after_the_other() -> None:
    found = chart_bars(JUMP, "renko:size=1")
    assert list(found["known"] - 2 * SECOND) == [0, 1, 2, 2 * SECOND]
    # Nobody could trade between the three: each but the first opens where the trade was.
    assert list(found["open"]) == [100, 103.7, 103.7, 103.0]
    assert list(found["close"]) == [103.7, 103.7, 103.7, 104.2]
    assert list(found["volume"]) == [12, 0, 0, 3]


def test_drawn_prices_are_given_when_they_are_asked_for() -> None:
    found = chart_bars(JUMP, "renko:size=1", prices="drawn")
    assert list(found["open"]) == [100, 101, 102, 103]
    assert list(found["direction"]) == [1, 1, 1, 1]


def test_compiled_bars_are_the_same_columns() -> None:
    fast, slow = (chart_bars(JUMP, "tick:amount=1", engine) for engine in (Compiled(), INTERPRETED))
    assert {name: list(column) for name, column in fast.items()} == {
        name: list(column) for name, column in slow.items()
    }


@pytest.mark.parametrize("style", ["renko:size=0.1", "tick:amount=1", "kagi:size=0.2"])
@settings(max_examples=15, deadline=None)
@given(drawn=walks())
def test_a_backtest_takes_the_columns_and_no_bar_is_known_too_soon(
    style: str, drawn: Trades
) -> None:
    found = chart_bars(drawn, style)
    known = found.pop("known")
    found.pop("direction")
    assert len(columns(found, known=known)) == len(known)
    assert np.all(known >= [bar.known for bar in bars_of(drawn, style)])
