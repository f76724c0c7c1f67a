"""Compile the rules with numba, and make the structured arrays that they then run on.

The only module of its room that knows numba.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.extending import register_jitable

from algotrendy.exchange import rules
from algotrendy.exchange.rules import step
from algotrendy.exchange.rules.records import (
    BAR_FIELDS,
    FILL_FIELDS,
    ORDER_FIELDS,
    QUOTE_FIELDS,
    TERMS_FIELDS,
    TRADE_FIELDS,
)
from algotrendy.kernel.records import Fields

Table = np.ndarray[Any, np.dtype[np.void]]
Compiled = Callable[..., Any]


INNER = {"no_cfunc_wrapper": True}
"""How functions are compiled that only compiled ones call: not for callers in C as well."""
inner = register_jitable(**INNER)
"""Let compiled functions call a function, which stays plain Python for all others."""


def dtype_of(fields: Fields) -> np.dtype[np.void]:
    """Make the structured dtype of a field table."""
    return np.dtype(list(fields))


ORDER = dtype_of(ORDER_FIELDS)
QUOTE = dtype_of(QUOTE_FIELDS)
TRADE = dtype_of(TRADE_FIELDS)
BAR = dtype_of(BAR_FIELDS)
FILL = dtype_of(FILL_FIELDS)
TERMS = dtype_of(TERMS_FIELDS)


def table(fields: Fields, rows: int) -> Table:
    """Make an array of records, all zero; those that have a parent and a sibling have none."""
    made = np.zeros(rows, dtype_of(fields))
    for name in ("parent", "sibling"):
        if any(name == field for field, _ in fields):
            made[name] = -1
    return made


def table_of(fields: Fields, records: list[Any]) -> Table:
    """Make an array with the values of slotted objects of the same fields."""
    made = table(fields, len(records))
    for name, _ in fields:
        made[name] = [getattr(record, name) for record in records]
    return made


def rule_modules() -> Iterator[ModuleType]:
    """List the modules of the rules."""
    for found in pkgutil.iter_modules(rules.__path__):
        yield importlib.import_module(f"{rules.__name__}.{found.name}")


def functions_of(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """List the functions that a module itself defines."""
    for _, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__:
            yield function


@cache
def register(module: ModuleType) -> None:
    """Let compiled functions call those of a module, which stay plain Python for all others."""
    for function in functions_of(module):
        inner(function)


@cache
def compiled(function: Callable[..., Any]) -> Compiled:
    """Compile a function that may call the rules and its own module; the same only once.

    It compiles at its first call. Nothing is kept on disk: numba would not see that a rule, which
    the function calls, has changed.
    """
    for module in rule_modules():
        register(module)
    own = inspect.getmodule(function)
    if own is not None:
        register(own)
    dispatcher: Compiled = njit(error_model="numpy")(function)
    return dispatcher


class Steps(NamedTuple):
    """The step functions, compiled. Records are elements of structured arrays."""

    match_quote: Compiled
    match_trade: Compiled
    match_bar: Compiled
    match_arrival: Compiled
    expire_session: Compiled


@cache
def steps() -> Steps:
    """Give the step functions compiled."""
    return Steps(*(compiled(getattr(step, name)) for name in Steps._fields))
