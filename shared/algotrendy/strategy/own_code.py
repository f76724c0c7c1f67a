"""Find a strategy in a module of a user's own, or in its text alone."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.making import strategy

_ARGUMENTS = 3


def strategy_in(module: ModuleType, label: str, name: str = "") -> Strategy:
    """Give the strategy of a module.

    Args:
        label: What a person calls the module: its file.
        name: Of the strategy in it; needed where it has several.

    Raises:
        NotFound: If it has none of that name; names those that it has.
        Invalid: If it has none, or several and no name was given.
    """
    if name:
        if not hasattr(module, name):
            there = ", ".join(_named(module)) or "none"
            raise NotFound("strategy", f"{label}:{name}", f"{label} has {there}")
        return _made(getattr(module, name), f"{label}:{name}")
    found = _named(module)
    if not found:
        expected = "a file with a strategy: a function of (market, own, p) under @strategy()"
        raise Invalid("strategy", expected, label)
    if len(found) > 1:
        either = " or ".join(f"{label}:{each}" for each in found)
        raise Invalid("strategy", f"told apart, {either}", label)
    return _made(next(iter(found.values())), label)


def strategy_of_text(text: str, name: str = "") -> Strategy:
    """Run the text of a module, and give the strategy in it.

    The text is all there is: a module that lies beside it is not found. Whatever the text raises
    passes through: it is somebody's code, and runs with the rights of this process.

    Raises:
        NotFound: As ``strategy_in``.
        Invalid: As ``strategy_in``; also for text that is no Python.
    """
    module = ModuleType(f"strategy_{hashlib.sha256(text.encode()).hexdigest()[:16]}")
    label = f"<{module.__name__}>"
    try:
        code = compile(text, label, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise Invalid("source", f"Python ({error})", text[:80]) from error
    # Classes and dataclasses look their module up by its name, tracebacks their line.
    sys.modules[module.__name__] = module
    linecache.cache[label] = (len(text), None, text.splitlines(keepends=True), label)
    exec(code, vars(module))  # noqa: S102 - what is registered to be run
    return strategy_in(module, label, name)


def _named(module: ModuleType) -> dict[str, Any]:
    """Give what a module defines that is a strategy, or else what looks like one."""
    own = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Strategy) and value.decide.__module__ == module.__name__
    }
    if own:
        return own
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and _arguments(value) == _ARGUMENTS
        and next(iter(inspect.signature(value).parameters)) == "market"
    }


def _made(value: Any, text: str) -> Strategy:
    if isinstance(value, Strategy):
        return value
    if inspect.isfunction(value) and _arguments(value) == _ARGUMENTS:
        return strategy()(value)
    raise Invalid(text, "a Strategy, or a function of (market, own, p)", type(value).__name__)


def _arguments(function: Callable[..., Any]) -> int:
    return len(inspect.signature(function).parameters)
