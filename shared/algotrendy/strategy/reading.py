"""Tell what of the market a strategy's code can read: the rest need not be told at each bar."""

from __future__ import annotations

import builtins
import dis
import math
from collections.abc import Iterator
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.own import COLUMNS

ALL = frozenset({"time", *COLUMNS, "now", "equity"})
"""The columns of the bars, and what else changes with every one of them."""

_HARMLESS = frozenset(
    {"abs", "all", "any", "bool", "enumerate", "float", "int", "len", "max", "min", "pow"}
    | {"range", "reversed", "round", "sorted", "sum", "tuple", "zip"}
)
"""Builtins that look at no attribute of what they are given."""


def fields_read(strategy: Strategy) -> frozenset[str]:
    """Name the fields that ``decide`` and the indicators can read; all where that is not certain.

    An attribute is read by its name in the code. Whatever could find one otherwise, such as
    ``getattr``, a format with names, or code that is no plain function, may read everything.
    """
    names: set[str] = set()
    for indicator in strategy.indicators.values():
        names.update(indicator.inputs)
    if not _collect(strategy.decide, names, set()):
        return ALL
    return ALL & names


def _collect(function: Any, names: set[str], seen: set[int]) -> bool:
    """Add the names of a function's code and of those that it calls; False: it cannot be told."""
    if not isinstance(function, FunctionType):
        return False
    if id(function) in seen:
        return True
    seen.add(id(function))
    if any(cell == CellType() for cell in function.__closure__ or ()):
        return False
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    held += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for code in _codes(function.__code__):
        names.update(code.co_names)
        if any(name.startswith(("__", "format")) for name in code.co_names):
            return False
        for name in _globals(code):
            if name in function.__globals__:
                held.append(function.__globals__[name])
            elif hasattr(builtins, name) and name not in _HARMLESS:
                return False
    return all(
        value is None
        or value is math
        or isinstance(value, (bool, int, float, str))
        or _collect(value, names, seen)
        for value in held
    )


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@lru_cache(maxsize=256)
def _globals(code: CodeType) -> frozenset[str]:
    return frozenset(
        "__import__" if each.opname == "IMPORT_NAME" else each.argval
        for each in dis.get_instructions(code)
        if each.opname in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME")
    )
