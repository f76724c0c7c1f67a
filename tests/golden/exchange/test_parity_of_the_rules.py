"""Benchmark W1 on the exchange's rules: what five other systems come to on the same bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from algotrendy.exchange.compiled import compiled, table, table_of
from algotrendy.exchange.rules.records import (
    BAR_FIELDS,
    FILL_FIELDS,
    ORDER_FIELDS,
    TERMS_FIELDS,
    FillRow,
    OrderRow,
    Terms,
)
from fakes.bars_for_backtests import benchmark_minutes
from fakes.rule_backtests import bar_rows, brackets, sma_cross

Backtest = Callable[..., tuple[float, int]]


def run_compiled(backtest: Backtest, bars: int) -> tuple[float, int]:
    rows: list[Any] = bar_rows(benchmark_minutes(bars))
    orders, fills = table(ORDER_FIELDS, 3), table(FILL_FIELDS, 8)
    arguments = table_of(BAR_FIELDS, rows), orders, table(TERMS_FIELDS, 1), fills, 100.0
    equity, filled = compiled(backtest)(*arguments)
    return equity, filled


def run_interpreted(backtest: Backtest, bars: int) -> tuple[float, int]:
    orders = [OrderRow() for _ in range(3)]
    fills = [FillRow() for _ in range(8)]
    return backtest(bar_rows(benchmark_minutes(bars)), orders, [Terms()], fills, 100.0)


@pytest.mark.parametrize(
    ("backtest", "bars", "equity", "fills"),
    [
        (brackets, 50_000, 9_975_476.8, 2_551),
        (brackets, 200_000, 9_903_546.4, None),
        (sma_cross, 200_000, 9_960_234.7, None),
    ],
)
def test_compiled_rules_end_with_the_equity_of_the_peers(
    backtest: Backtest, bars: int, equity: float, fills: int | None
) -> None:
    found, filled = run_compiled(backtest, bars)
    assert round(found, 1) == equity
    assert fills is None or filled == fills


@pytest.mark.parametrize("backtest", [brackets, sma_cross])
def test_interpreted_rules_end_with_the_same_bits_as_compiled_ones(backtest: Backtest) -> None:
    assert run_interpreted(backtest, 50_000) == run_compiled(backtest, 50_000)


def test_orders_too_big_for_a_bar_are_filled_over_several() -> None:
    rows = bar_rows(benchmark_minutes(50_000))
    orders = [OrderRow() for _ in range(3)]
    fills = [FillRow() for _ in range(8)]
    _, filled = brackets(rows, orders, [Terms(participation=0.001)], fills, 100.0)
    assert filled > 2 * 2_551
