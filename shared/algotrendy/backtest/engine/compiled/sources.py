"""Write the source of what a strategy is compiled into: it takes context and callbacks apart."""

from __future__ import annotations

from typing import Final

from algotrendy.backtest.engine.compiled.memory import (
    CONTEXT,
    DECIDE_ONLY,
    FILLED,
    INDICATORS_ONLY,
    SCHEDULED,
    offset,
)
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.own import Layout, output_names
from algotrendy.strategy.reading import fields_read

STEP: Final = "step"
"""An entry that is called for every event of every step."""
SPAN: Final = "span"
"""One that goes on by itself until its orders must meet a bar: the plain case."""
COLUMNS: Final = "columns"
"""The same, with indicators from columns that were computed before the run."""

_AT = {name: offset(CONTEXT, name) for name in CONTEXT.names or ()}


def entry_source(strategy: Strategy, layout: Layout, kind: str) -> str:
    """Write the source of an entry of a kind; a span's calls ``span``, of `span_source`."""
    given = ", ".join(
        f"{'int' if parameter.kind == 'int' else ''}(load_float(told + {8 * place}))"
        for place, parameter in enumerate(strategy.parameters)
    )
    work = _step(strategy, layout) if kind == STEP else [f"span(context, {_FIRST}, market, own, p)"]
    lines = [
        "def entry(context):",
        f"    told = load_int(context + {_AT['parameters']})",
        f"    market = make_market(context, {_FIRST})",
        f"    own = make_own(context, load_int(context + {_AT['own']}))",
        f"    p = Parameters({given})",
        "    try:",
        *(f"        {line}" for line in work),
        "    except Exception:",
        "        return 1",
        "    return 0",
    ]
    return "\n".join(lines) + "\n"


_FIRST = f"load_int(context + {_AT['assets']})"


def span_source(strategy: Strategy, layout: Layout, kind: str) -> str:
    """Write the loop over bars; the bar that it begins with has met its orders.

    A bar tells only what the strategy can read; the rest is caught up with where an order asks for
    it, and in the end.
    """
    read = fields_read(strategy)
    told = []
    if read - {"now", "equity"}:
        told.append("see_bar(asset, step)")
    if "equity" in read:
        told.append("value_bar(account, step, close, position, multiplier, cash)")
    if "now" in read:
        told.append("date_bar(context, step, known)")
    ready = []
    names = outputs_of(layout) if kind == COLUMNS else ()
    if kind == COLUMNS:
        ready = [
            f"own.{name} = load_float(column{number} + 8 * step)"
            for number, name in enumerate(names)
        ]
    elif layout.indicators:
        ready = ["update(market, own, p)"]
    lines = [
        "def span(context, first, market, own, p):",
        "    asset = asset_at(first)",
        "    account = account_at(context)",
        f"    columns = load_int(context + {_AT['columns']})",
        *(f"    column{number} = load_int(columns + {8 * number})" for number in range(len(names))),
        f"    step = load_int(context + {_AT['step']})",
        "    begin = step",
        "    size = asset.size",
        "    close, known = asset.close, asset.known",
        "    position, multiplier, cash = asset.position, asset.multiplier, account.cash",
        "    while True:",
        "        bring_near(asset, step)",
        f"        store_int(context + {_AT['step']}, step)",
        *(f"        {line}" for line in told),
        *(f"        {line}" for line in ready),
        "        decide(market, own, p)",
        "        step += 1",
        "        if step >= size:",
        "            break",
        "        if asset.count == 0 or is_in_band(asset, step):",
        "            continue",
        "        if is_quiet_at(context, first, step) == 0:",
        "            break",
        "    catch_up(context)",
        f"    store_int(context + {_AT['step']}, step)",
        "    draw_curves(context, begin, step, close, position, multiplier, cash)",
    ]
    return "\n".join(lines) + "\n"


def _step(strategy: Strategy, layout: Layout) -> list[str]:
    lines = []
    has_callbacks = strategy.on_fill is not None or bool(strategy.schedules)
    indent = ""
    if has_callbacks:
        lines.append(f"event = load_int(context + {_AT['event']})")
    if layout.indicators:
        if has_callbacks:
            lines.append(f"if event == {INDICATORS_ONLY}:")
            indent = "    "
        lines += [
            f"{indent}for k in range(len(market)):",
            f"{indent}    if market[k].is_new:",
            f"{indent}        update(market[k], own[k], p)",
        ]
    if strategy.on_fill is not None:
        lines += [
            f"if event == {FILLED}:",
            f"    fill = make_fill(context, load_int(context + {_AT['fill']}))",
            "    on_fill(market, own, p, fill)",
        ]
    for number in range(len(strategy.schedules)):
        lines += [
            f"if event == {SCHEDULED + number}:",
            f"    scheduled{number}(market, own, p)",
        ]
    if has_callbacks:
        return [*lines, f"if event == {DECIDE_ONLY}:", "    decide(market, own, p)"]
    return [*lines, "decide(market, own, p)"]


def outputs_of(layout: Layout) -> tuple[str, ...]:
    """Name the indicators' outputs, in order: what an entry that reads columns is given."""
    return tuple(
        output for name, indicator in layout.indicators for output in output_names(name, indicator)
    )
