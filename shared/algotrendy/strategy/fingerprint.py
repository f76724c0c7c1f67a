"""Tell one version of a strategy from another: hash its code and all that the code refers to."""

from __future__ import annotations

import dis
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.own import layout_of

_PLAIN = (int, float, bool, str, bytes, type(None))


def code_hash(strategy: Strategy) -> str:
    """Hash what a strategy does: its functions, the globals they read, its state and indicators.

    Equal for equal code in another process or on another machine of the same Python version. Names,
    texts and the ranges of parameters are not part of it.
    """
    return _code_hash(id(strategy), strategy)


@cache
def function_hash(function: Callable[..., Any]) -> str:
    """Hash one function, and all that it refers to."""
    return hashlib.sha256("\n".join(_of_function(function, set())).encode()).hexdigest()


def is_self_contained(strategy: Strategy) -> bool:
    """Tell whether its code refers to nothing but numbers, texts, functions and modules."""
    return all("?" not in part for part in _parts(strategy))


@cache
def _code_hash(identity: int, strategy: Strategy) -> str:  # noqa: ARG001 - a key that hashes
    digest = hashlib.sha256()
    for part in _parts(strategy):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def _parts(strategy: Strategy) -> Iterator[str]:
    layout = layout_of(strategy.state, strategy.indicators)
    yield repr([(p.name, p.kind) for p in strategy.parameters])
    yield repr((layout.scalars, layout.initial, layout.vectors, strategy.timeframes))
    seen: set[int] = set()
    yield from _of_function(strategy.decide, seen)
    if strategy.on_fill is not None:
        yield from _of_function(strategy.on_fill, seen)
    for when, callback in strategy.schedules:
        yield repr(when)
        yield from _of_function(callback, seen)
    for name, indicator in layout.indicators:
        yield repr((name, indicator.inputs, indicator.arguments, indicator.timeframe))
        yield from _of_function(indicator.update, seen)


def _of_function(function: Callable[..., Any], seen: set[int]) -> Iterator[str]:
    if id(function) in seen:
        return
    seen.add(id(function))
    if not isinstance(function, FunctionType):
        yield f"? {type(function).__name__}"
        return
    yield repr(function.__defaults__)
    yield from _of_code(function.__code__)
    names = sorted(global_names(function.__code__))
    for name in names:
        if name in function.__globals__:
            yield from _of_value(name, function.__globals__[name], seen)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield from _of_value(name, cell.cell_contents, seen)


def _of_code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant)
        else:
            yield repr(constant)


def global_names(code: CodeType) -> frozenset[str]:
    """Give the globals that code reads; attributes of the same names are none."""
    names = {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname == "LOAD_GLOBAL"
    }
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= global_names(constant)
    return frozenset(names)


def _of_value(name: str, value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, _PLAIN) or (
        isinstance(value, tuple) and all(isinstance(item, _PLAIN) for item in value)
    ):
        yield f"{name}={value!r}"
    elif isinstance(value, FunctionType):
        yield name
        yield from _of_function(value, seen)
    elif isinstance(value, ModuleType):
        yield f"{name}={value.__name__}"
    elif isinstance(value, type) or callable(value):
        origin = getattr(value, "__module__", "")
        yield f"{name}={origin}.{getattr(value, '__qualname__', '?')}"
    else:
        yield f"{name}=? {type(value).__name__}"
