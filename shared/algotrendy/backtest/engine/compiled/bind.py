"""Compile a strategy: its own source, called by an entry that finds everything by one address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from numba import njit
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from algotrendy.backtest.engine.compiled import ordering, owning, reading
from algotrendy.backtest.engine.compiled.cache import ENTRY_FILE
from algotrendy.backtest.engine.compiled.memory import (
    CONTEXT,
    DECIDE_ONLY,
    FILLED,
    INDICATORS_ONLY,
    SCHEDULED,
    offset,
)
from algotrendy.backtest.engine.compiled.objects import OwnType, make_fill, make_market, maker
from algotrendy.backtest.engine.compiled.pointers import INT, load_float, load_int
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.fingerprint import code_hash, global_names, is_self_contained
from algotrendy.strategy.own import (
    Layout,
    layout_of,
    output_names,
    parameters_type,
    update_of,
)

_OF_THE_COMPILER = ("Failed in nopython mode pipeline", "During:")
_VOCABULARY = (ordering, owning, reading)
"""Imported for what they teach the compiler."""


class CannotCompileError(Exception):
    """Says why a strategy runs interpreted."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A compiled strategy.

    Attributes:
        entry: Given the context's address, gives 0, or 1 when the strategy raised.
        reads_columns: Whether it reads its indicators from columns that are computed before the
            run, instead of bringing them up to date itself.
    """

    strategy: Strategy
    layout: Layout
    entry: Any
    reads_columns: bool = False


_bound: dict[tuple[int, bool], Bound] = {}


def bind(strategy: Strategy, reads_columns: bool = False) -> Bound:
    """Compile a strategy; the same object only once.

    Raises:
        CannotCompileError: With the compiler's reason.
    """
    key = id(strategy), reads_columns
    known = _bound.get(key)
    if known is None or known.strategy is not strategy:
        known = _bound[key] = _compile(strategy, reads_columns)
    return known


def _compile(strategy: Strategy, reads_columns: bool) -> Bound:
    layout = layout_of(strategy.state, strategy.indicators)
    names: dict[str, Any] = {
        "__name__": __name__,
        "load_int": load_int,
        "load_float": load_float,
        "make_market": make_market,
        "make_own": maker(OwnType(layout.scalars, tuple(name for name, _ in layout.vectors))),
        "make_fill": make_fill,
        "Parameters": parameters_type([p.name for p in strategy.parameters]),
        "decide": _jitted(strategy.decide),
    }
    for _, indicator in layout.indicators:
        if isinstance(indicator.update, FunctionType):
            teach(indicator.update)
    if layout.indicators and not reads_columns:
        names["update"] = register_jitable(update_of(layout))
    if strategy.on_fill is not None:
        names["on_fill"] = _jitted(strategy.on_fill)
    for number, (_, callback) in enumerate(strategy.schedules):
        names[f"scheduled{number}"] = _jitted(callback)
    # The text is made of our own names and of parameters' checked ones.
    exec(compile(entry_source(strategy, layout, reads_columns), ENTRY_FILE, "exec"), names)  # noqa: S102
    function = names["entry"]
    kind = "columns" if reads_columns else "entry"
    function.__qualname__ = f"{kind}_{code_hash(strategy)[:32]}"
    try:
        entry = njit(INT(INT), error_model="python", cache=is_self_contained(strategy))(function)
    except NumbaError as error:
        raise CannotCompileError(_reason(error)) from error
    return Bound(strategy, layout, entry, reads_columns)


def entry_source(strategy: Strategy, layout: Layout, reads_columns: bool) -> str:
    """Write the entry: it takes context, parameters and callbacks apart."""
    at = {name: offset(CONTEXT, name) for name in CONTEXT.names or ()}
    given = ", ".join(
        f"{'int' if parameter.kind == 'int' else ''}(load_float(told + {8 * place}))"
        for place, parameter in enumerate(strategy.parameters)
    )
    lines = [
        "def entry(context):",
        f"    told = load_int(context + {at['parameters']})",
        f"    market = make_market(context, load_int(context + {at['assets']}))",
        f"    own = make_own(context, load_int(context + {at['own']}))",
        f"    p = Parameters({given})",
        "    try:",
    ]
    has_callbacks = strategy.on_fill is not None or bool(strategy.schedules)
    if has_callbacks:
        lines.append(f"        event = load_int(context + {at['event']})")
    if reads_columns:
        lines += [
            f"        columns = load_int(context + {at['columns']})",
            f"        place = 8 * load_int(context + {at['step']})",
        ]
        lines += [
            f"        own.{name} = load_float(load_int(columns + {8 * number}) + place)"
            for number, name in enumerate(outputs_of(layout))
        ]
    elif layout.indicators:
        if has_callbacks:
            lines.append(f"        if event == {INDICATORS_ONLY}:")
            indent = "            "
        else:
            indent = "        "
        lines += [
            f"{indent}for k in range(len(market)):",
            f"{indent}    if market[k].is_new:",
            f"{indent}        update(market[k], own[k], p)",
        ]
    if strategy.on_fill is not None:
        lines += [
            f"        if event == {FILLED}:",
            f"            fill = make_fill(context, load_int(context + {at['fill']}))",
            "            on_fill(market, own, p, fill)",
        ]
    for number in range(len(strategy.schedules)):
        lines += [
            f"        if event == {SCHEDULED + number}:",
            f"            scheduled{number}(market, own, p)",
        ]
    if has_callbacks:
        lines += [f"        if event == {DECIDE_ONLY}:", "            decide(market, own, p)"]
    else:
        lines.append("        decide(market, own, p)")
    lines += ["    except Exception:", "        return 1", "    return 0"]
    return "\n".join(lines) + "\n"


def outputs_of(layout: Layout) -> tuple[str, ...]:
    """Name the indicators' outputs, in order: what an entry that reads columns is given."""
    return tuple(
        output for name, indicator in layout.indicators for output in output_names(name, indicator)
    )


def _jitted(function: Callable[..., Any]) -> Any:
    if isinstance(function, FunctionType):
        _teach_called_by(function)
    return njit(error_model="python")(function)


_taught: set[FunctionType] = set()


def _teach_called_by(function: FunctionType) -> None:
    """Let compiled code call the plain functions that a function calls, and those that they do."""
    for name in sorted(global_names(function.__code__)):
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType):
            teach(called)


def teach(function: FunctionType) -> None:
    """Let compiled code call a plain function, and those that it calls."""
    if function not in _taught:
        _taught.add(function)
        register_jitable(function)
        _teach_called_by(function)


def _reason(error: NumbaError) -> str:
    """Give what the compiler said, without where it stood in its own work."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_OF_THE_COMPILER)]
    return " ".join(told[:6])[:500]
