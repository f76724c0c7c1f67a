"""Work out what a strategy's declared indicators mean together."""

from __future__ import annotations

from collections.abc import Mapping

from algotrendy.strategy.indicators.spec import Indicator
from algotrendy.strategy.parameters import Values

Declared = Mapping[str, Indicator]
"""A strategy's indicators by the name under which it reads them; each after those that it reads."""


def attribute_of(name: str, output: str) -> str:
    """Name what a strategy reads as ``own.<attribute>``: ``macd``, ``macd_signal``."""
    return f"{name}_{output}" if output else name


def bars_before(declared: Declared, parameters: Values) -> dict[str, int]:
    """Count for each indicator the bars before its first value, those it reads included.

    Bars of its own timeframe. A value on the way that has no definition (a change from 0, a
    correlation of what stands still) comes on top.

    Raises:
        Invalid: As `Indicator.resolve`.
    """
    found: dict[str, int] = {}
    by_attribute: dict[str, int] = {}
    for name, indicator in declared.items():
        inputs = max((by_attribute.get(read, 0) for read in indicator.inputs), default=0)
        found[name] = inputs + indicator.warm_up(*indicator.resolve(parameters))
        by_attribute |= {attribute_of(name, output): found[name] for output, _ in indicator.outputs}
    return found
