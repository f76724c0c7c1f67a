"""Run the kernels compiled; the only module of its room that knows numba.

Each compiles in some seconds when it is first used, and is kept as ``kernel.kept_code`` says. The
bits are those of plain Python: nothing here may reorder or fuse floating point.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import llvmlite
import numba
import numpy as np
from numba import carray, config, from_dtype, njit, types
from numba.core.caching import CacheImpl
from numba.extending import intrinsic, overload, register_jitable

from algotrendy.kernel.kept_code import Shelf
from algotrendy.kernel.records import Fields, Record
from algotrendy.market_data.charts.building import Bars, Columns, Take, Trades
from algotrendy.market_data.charts.records import CHART_BAR
from algotrendy.market_data.charts.rules import gathering, levels, reading, writing

_BAR = np.dtype(list(CHART_BAR))
_LARGEST: Final = 0x7FEFFFFFFFFFFFFF
"""The bits of the largest finite float."""
_SOURCES = ("kernel/records.py", "market_data/charts")
SHELF: Final = Shelf(
    _SOURCES,
    Path(__file__).with_name("kernels"),
    config,
    (numba.__version__, llvmlite.__version__),
)
_NOTHING: Any = np.zeros(0, _BAR).view(np.recarray)


class Compiled:
    """Structured arrays, and kernels compiled by numba."""

    def kernel(self, rules: ModuleType, state: Any, rule: Any) -> Any:
        return _kernel(rules, state.dtype, rule.dtype)

    def single(self, rules: ModuleType, state: Any, rule: Any, table: Any) -> Take:
        step = _step(rules, state.dtype, rule.dtype)
        # Numbers cost a compiled function the least to take: records are found by their addresses.
        places = state.base.ctypes.data, rule.base.ctypes.data, table.ctypes.data, len(table)
        kept = state, rule, table

        def take(time: int, price: float, size: float, kept: Any = kept) -> tuple[int, int]:  # noqa: ARG001
            return step(*places, time, price, size)  # type: ignore[no-any-return]

        return take

    def chain(self, rules: ModuleType, state: Any, rule: Any) -> Any:
        return _chain(rules, state.dtype, rule.dtype)

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

    def nothing(self) -> Bars:
        return _NOTHING  # type: ignore[no-any-return]

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


def _owns(function: Any, file: str) -> bool:
    return file == __file__ or function.__module__.startswith(f"{__package__}.rules.")


SHELF.install(CacheImpl._locator_classes, _owns)

_TIMES = types.Array(types.int64, 1, "C", readonly=True)
_NUMBERS = types.Array(types.float64, 1, "C", readonly=True)
_BARS = from_dtype(_BAR)[::1]
_READ_BARS = types.Array(from_dtype(_BAR), 1, "C", readonly=True)


@cache
def _kernel(rules: ModuleType, state: np.dtype[Any], rule: np.dtype[Any]) -> Any:
    records = from_dtype(state), from_dtype(rule)
    given = (*records, _TIMES, _NUMBERS, _NUMBERS, _BARS, types.int64)
    return _kept(rules, rules.advance, given)


@cache
def _chain(rules: ModuleType, state: np.dtype[Any], rule: np.dtype[Any]) -> Any:
    records = from_dtype(state), from_dtype(rule)
    return _kept(rules, rules.chain, (*records, _BARS, _READ_BARS, _BARS, types.int64))


def _kept(rules: ModuleType, function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """Compile for such arguments alone, under a name of its own: each is kept in its own files.

    Two processes that keep two forms of one function in the same files could mix them up.
    """
    for module in (gathering, levels, writing, rules):
        _register(module)
    source: Any = function
    own = FunctionType(
        source.__code__, source.__globals__, None, source.__defaults__, source.__closure__
    )
    name = f"{rules.__name__.rpartition('.')[2]}_{source.__name__}"
    own.__qualname__ = f"{name}_{hashlib.sha256(repr(given).encode()).hexdigest()[:16]}"
    own.__module__ = rules.__name__
    return _compiled(own, given)


def _compiled(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    dispatcher = njit(error_model="numpy", cache=True)(function)
    SHELF.guard(dispatcher)
    dispatcher.compile(given)
    dispatcher.disable_compile()
    return dispatcher


@cache
def _step(rules: ModuleType, state: np.dtype[Any], rule: np.dtype[Any]) -> Any:
    advance = rules.advance

    def step(
        state_at: int, rule_at: int, bars_at: int, rows: int, time: int, price: float, size: float
    ) -> Any:
        return advance(
            carray(_pointer(state_at), 1, state)[0],
            carray(_pointer(rule_at), 1, rule)[0],
            (time,),
            (price,),
            (size,),
            carray(_pointer(bars_at), rows, _BAR),
            0,
        )

    step.__name__ = f"step_{hashlib.sha256(repr((state, rule)).encode()).hexdigest()[:16]}"
    return _kept(rules, step, (*(types.int64,) * 5, types.float64, types.float64))


def _give_pointer(typing: Any, place: Any) -> Any:  # noqa: ARG001

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


_pointer = intrinsic(_give_pointer)
"""Gives an address as a pointer."""


def _give_rows(begin: Any, end: Any) -> Any:  # noqa: ARG001
    def rows(begin: Any, end: Any) -> Any:
        return range(types.uint64(begin), types.uint64(end))

    return rows


overload(reading.rows)(_give_rows)


@cache
def _first_fault() -> Any:
    given = (_TIMES, _NUMBERS, _NUMBERS, types.int64)
    return _compiled(_find_fault, given)


def _find_fault(times: Any, prices: Any, sizes: Any, last: int) -> int:
    if len(times) == 0:
        return -1
    # All trades at once, without a branch: nearly always there is no fault to be found. As whole
    # numbers, the bits of finite floats above 0 lie between 1 and those of the largest; whatever
    # else there is, or a time before the last one, leaves the sign set.
    of_prices, of_sizes = prices.view(np.int64), sizes.view(np.int64)
    odd = 0
    for row in range(len(times)):
        price, size = of_prices[row], of_sizes[row]
        odd |= (price - 1) | (_LARGEST - price) | size | (_LARGEST - size)
    for row in range(1, len(times)):
        now, before = times[row], times[row - 1]
        gap = now - before
        odd |= gap ^ ((now ^ before) & (gap ^ now))  # the sign, also where it overflows
    if odd >= 0 and times[0] >= last:
        return -1
    for row in range(len(times)):
        time, price, size = times[row], prices[row], sizes[row]
        # A NaN fails every comparison.
        if not (time >= last and 0.0 < price < np.inf and 0.0 <= size < np.inf):
            return row
        last = time
    return -1
