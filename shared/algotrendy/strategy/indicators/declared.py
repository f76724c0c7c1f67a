"""Work out what a strategy's declared indicators mean together: who reads whom, and from when."""

from __future__ import annotations

from collections.abc import Mapping

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Values
from algotrendy.strategy.indicators.spec import COLUMNS, Indicator

Declared = Mapping[str, Indicator]
"""A strategy's indicators by the name under which it reads them."""


def attribute_of(name: str, output: str) -> str:
    """Name what a strategy reads as ``own.<attribute>``: ``macd``, ``macd_signal``."""
    return f"{name}_{output}" if output else name


def attributes(declared: Declared) -> dict[str, tuple[str, str]]:
    """Give every attribute with the name of its indicator and the output that it shows.

    Raises:
        Invalid: If a name is no identifier, is that of a column, or names two things.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, indicator in declared.items():
        if not name.isidentifier():
            raise Invalid(f"indicators.{name}", "named by an identifier", name)
        for output in indicator.outputs:
            attribute = attribute_of(name, output)
            if attribute in COLUMNS:
                raise Invalid(f"indicators.{name}", "named unlike a column", attribute)
            if attribute in found:
                raise Invalid(f"indicators.{name}", "named so that no output is twice", attribute)
            found[attribute] = (name, output)
    return found


def in_order(declared: Declared) -> tuple[str, ...]:
    """Give the names so that each indicator comes after those that it reads, else as declared.

    Raises:
        Invalid: If one reads what is neither a column nor an attribute, reads one of another
            timeframe, or they read each other in a circle.
    """
    known = attributes(declared)
    for name, indicator in declared.items():
        for read in indicator.inputs:
            if read in COLUMNS:
                continue
            if read not in known:
                expected = f"one of {', '.join((*COLUMNS, *known))}"
                raise Invalid(f"indicators.{name}.on", expected, read)
            if declared[known[read][0]].timeframe != indicator.timeframe:
                raise Invalid(f"indicators.{name}.on", "of the same timeframe", read)
    placed: list[str] = []
    while len(placed) < len(declared):
        waiting = [name for name in declared if name not in placed]
        ready = [name for name in waiting if _reads_only(declared[name], known, placed)]
        if not ready:
            raise Invalid(f"indicators.{waiting[0]}.on", "read in no circle", ", ".join(waiting))
        placed.append(ready[0])
    return tuple(placed)


def bars_before(declared: Declared, parameters: Values) -> dict[str, int]:
    """Count for each indicator the bars before its first value, those it reads included.

    Bars of its own timeframe. Values that have no definition on the way (a change from 0, a
    correlation of what stands still) come on top.

    Raises:
        Invalid: As `in_order` and `Indicator.resolve`.
    """
    known = attributes(declared)
    found: dict[str, int] = {}
    for name in in_order(declared):
        indicator = declared[name]
        reads = [found[known[read][0]] for read in indicator.inputs if read in known]
        found[name] = max(reads, default=0) + indicator.warm_up(*indicator.resolve(parameters))
    return found


def _reads_only(
    indicator: Indicator, known: Mapping[str, tuple[str, str]], placed: list[str]
) -> bool:
    return all(read in COLUMNS or known[read][0] in placed for read in indicator.inputs)
