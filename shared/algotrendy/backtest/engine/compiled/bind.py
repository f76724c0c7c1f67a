"""Compile a strategy: its own source, called by an entry that finds everything by one address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from numba import njit
from numba.core.errors import NumbaError

from algotrendy.backtest.engine.compiled import ordering, owning, reading, spans
from algotrendy.backtest.engine.compiled.cache import ENTRY_FILE, kept
from algotrendy.backtest.engine.compiled.objects import OwnType, make_fill, make_market, maker
from algotrendy.backtest.engine.compiled.pointers import INT, load_float, load_int, store_int
from algotrendy.backtest.engine.compiled.sources import (
    COLUMNS,
    SPAN,
    STEP,
    entry_source,
    span_source,
)
from algotrendy.exchange.compiled import INNER, inner
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.fingerprint import (
    code_hash,
    function_hash,
    global_names,
    is_self_contained,
)
from algotrendy.strategy.own import Layout, layout_of, parameters_type, update_of

__all__ = ["COLUMNS", "SPAN", "STEP", "Bound", "CannotCompileError", "bind", "teach"]

_OF_THE_COMPILER = ("Failed in nopython mode pipeline", "During:")
_INNERMOST = {**INNER, "no_cpython_wrapper": True}
_VOCABULARY = (ordering, owning, reading)
"""Imported for what they teach the compiler."""


class CannotCompileError(Exception):
    """Says why a strategy runs interpreted."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A compiled strategy.

    Attributes:
        code: The hash of what it was compiled of.
        entry: Given the context's address, gives 0, or 1 when the strategy raised.
    """

    strategy: Strategy
    code: str
    layout: Layout
    entry: Any


@dataclass(frozen=True, slots=True, eq=False)
class _Refused:
    """A strategy that cannot be compiled: finding it out takes as long as compiling one."""

    strategy: Strategy
    code: str
    reason: str


_bound: dict[tuple[int, str], Bound | _Refused] = {}


def bind(strategy: Strategy, kind: str) -> Bound:
    """Compile a strategy into an entry of a kind, the same object only once for the same code.

    Raises:
        CannotCompileError: With the compiler's reason.
    """
    key = id(strategy), kind
    code = code_hash(strategy)
    known = _bound.get(key)
    if known is None or known.strategy is not strategy or known.code != code:
        try:
            known = _compile(strategy, kind, code)
        except CannotCompileError as error:
            known = _Refused(strategy, code, str(error))
        _bound[key] = known
    if isinstance(known, _Refused):
        raise CannotCompileError(known.reason)
    return known


def _compile(strategy: Strategy, kind: str, code: str) -> Bound:
    layout = layout_of(strategy.state, strategy.indicators)
    names: dict[str, Any] = {
        "__name__": __name__,
        "load_int": load_int,
        "load_float": load_float,
        "store_int": store_int,
        "make_market": make_market,
        "make_own": maker(OwnType(layout.scalars, tuple(name for name, _ in layout.vectors))),
        "make_fill": make_fill,
        "Parameters": parameters_type([p.name for p in strategy.parameters]),
        "decide": _jitted(strategy.decide, forceinline=kind != STEP),
    }
    for _, indicator in layout.indicators:
        if isinstance(indicator.update, FunctionType):
            teach(indicator.update)
    if layout.indicators and kind != COLUMNS:
        names["update"] = inner(update_of(layout))
    if strategy.on_fill is not None:
        names["on_fill"] = _jitted(strategy.on_fill)
    for number, (_, callback) in enumerate(strategy.schedules):
        names[f"scheduled{number}"] = _jitted(callback)
    # The texts are made of our own names and of parameters' checked ones.
    if kind != STEP:
        names.update(spans.VOCABULARY)
        exec(compile(span_source(strategy, layout, kind), ENTRY_FILE, "exec"), names)  # noqa: S102
        names["span"] = njit(error_model="python", **_INNERMOST)(names["span"])
    exec(compile(entry_source(strategy, layout, kind), ENTRY_FILE, "exec"), names)  # noqa: S102
    function = names["entry"]
    function.__qualname__ = f"{kind}_{code[:32]}"
    try:
        compile_ = kept if is_self_contained(strategy) else njit
        entry = compile_(INT(INT), error_model="python")(function)
    except NumbaError as error:
        raise CannotCompileError(_reason(error)) from error
    return Bound(strategy, code, layout, entry)


def _jitted(function: Callable[..., Any], forceinline: bool = False) -> Any:
    if isinstance(function, FunctionType):
        _teach_called_by(function)
    return njit(error_model="python", forceinline=forceinline, **_INNERMOST)(function)


_taught: dict[FunctionType, str] = {}
"""With the hash of each: the compiler takes what it refers to as it is the first time."""


def _teach_called_by(function: FunctionType) -> None:
    """Let compiled code call the plain functions that a function calls, and those that they do."""
    for name in sorted(global_names(function.__code__)):
        called: Any = function.__globals__.get(name)
        if isinstance(called, FunctionType):
            teach(called)
        elif isinstance(getattr(called, "py_func", None), FunctionType):
            _is_new(called.py_func)


def teach(function: FunctionType) -> None:
    """Let compiled code call a plain function, and those that it calls.

    Raises:
        CannotCompileError: If what one of them refers to has changed since.
    """
    if _is_new(function):
        inner(function)
        _teach_called_by(function)


def _is_new(function: FunctionType) -> bool:
    """Tell whether compiled code is to call a function for the first time."""
    code = function_hash(function)
    known = _taught.get(function)
    if known is not None and known != code:
        what = "refers to what has changed since this process compiled it"
        raise CannotCompileError(f"{function.__name__} {what}")
    _taught[function] = code
    return known is None


def _reason(error: NumbaError) -> str:
    """Give what the compiler said, without where it stood in its own work."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_OF_THE_COMPILER)]
    return " ".join(told[:6])[:500]
