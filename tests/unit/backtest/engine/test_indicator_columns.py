"""Indicators are computed over all bars once each, and never one in the place of another."""

from __future__ import annotations

from typing import Any

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.compiled.columns import IndicatorColumns
from algotrendy.strategy.indicators.spec import Indicator
from algotrendy.strategy.own import layout_of
from fakes.bars_for_backtests import walk


def mine(update: Any) -> Indicator:
    return Indicator("mine", update, ("close",), (), (), lambda: 1, lambda: 0, "")


def test_two_indicators_of_one_name_are_two() -> None:
    def once(cells: Any, place: int, close: float) -> float:
        return close

    def twice(cells: Any, place: int, close: float) -> float:
        return 2.0 * close

    bars = from_series([walk("AAA", 20, seed=1).adjusted("raw")]).assets[0].base
    columns = IndicatorColumns(bars)
    layout = layout_of({}, {"one": mine(once), "other": mine(twice), "again": mine(once)})
    one, other, again = columns.addresses(layout, [], [()])[0][:3].tolist()
    assert columns.columns[one].tolist() == bars.close.tolist()
    assert columns.columns[other].tolist() == [2.0 * close for close in bars.close.tolist()]
    assert again == one
