"""Run the kernels compiled; the only module of its room that knows numba.

Each compiles in some seconds when a process first uses it. The bits are those of plain Python:
nothing here may reorder or fuse floating point.
"""

from __future__ import annotations

import inspect
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable

from algotrendy.kernel.records import Fields, Record
from algotrendy.market_data.charts.building import Bars, Columns, Trades
from algotrendy.market_data.charts.records import CHART_BAR
from algotrendy.market_data.charts.rules import levels, writing

_BAR = np.dtype(list(CHART_BAR))


class Compiled:
    """Structured arrays, and kernels compiled by numba."""

    def kernel(self, rules: ModuleType) -> Any:
        return _kernel(rules, "advance")

    def chain(self, rules: ModuleType) -> Any:
        return _kernel(rules, "chain")

    def record(self, values: Record) -> Any:
        made = _rows(values.fields, 1)
        for name, _ in values.fields:
            made[0][name] = getattr(values, name)
        return made[0]

    def table(self, rows: int) -> Any:
        return np.zeros(rows, _BAR).view(np.recarray)

    def take(self, table: Any, count: int) -> Any:
        return table[:count].copy()

    def join(self, parts: list[Any]) -> Bars:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        whole: Any = np.concatenate(parts) if parts else np.zeros(0, _BAR)
        return whole.view(np.recarray)  # type: ignore[no-any-return]

    def columns(self, trades: Trades) -> Columns:
        times = np.ascontiguousarray(trades.times, np.int64)
        prices = np.ascontiguousarray(trades.prices, np.float64)
        return times, prices, np.ascontiguousarray(trades.sizes, np.float64)

    def first_fault(self, columns: Columns, last: int) -> int:
        return int(_first_fault()(*columns, last))


def _rows(fields: Fields, rows: int) -> Any:
    return np.zeros(rows, np.dtype(list(fields))).view(np.recarray)


@cache
def _register(module: ModuleType) -> None:
    for _, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__:
            register_jitable(function)


@cache
def _kernel(rules: ModuleType, name: str) -> Any:
    for module in (levels, writing, rules):
        _register(module)
    return njit(error_model="numpy")(getattr(rules, name))


@cache
def _first_fault() -> Any:
    return njit(error_model="numpy")(_find_fault)


def _find_fault(times: Any, prices: Any, sizes: Any, last: int) -> int:
    if len(times) == 0:
        return -1
    # All trades at once, without a branch: nearly always there is no fault to be found.
    bad = times[0] < last
    for row in range(len(times)):
        price, size = prices[row], sizes[row]
        bad |= not ((price > 0.0) & (size >= 0.0) & (price < np.inf) & (size < np.inf))
    for row in range(1, len(times)):
        bad |= times[row] < times[row - 1]
    if not bad:
        return -1
    for row in range(len(times)):
        time, price, size = times[row], prices[row], sizes[row]
        # A NaN fails every comparison.
        if not (time >= last and 0.0 < price < np.inf and 0.0 <= size < np.inf):
            return row
        last = time
    return -1
