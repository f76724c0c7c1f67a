"""Run indicators over whole columns, interpreted: for charts, notebooks and tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.indicators.declared import Declared, attribute_of
from algotrendy.strategy.indicators.spec import Indicator
from algotrendy.strategy.parameters import Values

Series = Iterable[float]
"""A list, an array, a pandas Series."""


def replay(
    indicator: Indicator, columns: Mapping[str, Series], parameters: Values | None = None
) -> dict[str, list[float]]:
    """Run an indicator over whole columns, oldest first.

    Args:
        indicator: Which one.
        columns: Its inputs by name, all of one length; others are not looked at.
        parameters: Of the strategy, for arguments that name one.

    Returns:
        The outputs by name, ``""`` the main one; as long as the columns, nan while warming up.

    Raises:
        Invalid: If a column is missing or of another length, or an argument is wrong.
    """
    arguments = indicator.resolve(parameters or {})
    inputs = [_column(columns, name) for name in indicator.inputs]
    for name, column in zip(indicator.inputs, inputs, strict=True):
        if len(column) != len(inputs[0]):
            expected = f"as long as {indicator.inputs[0]}, {len(inputs[0])}"
            raise Invalid(f"columns.{name}", expected, len(column))
    memory = [0.0] * indicator.cells(*arguments)
    found: dict[str, list[float]] = {output: [] for output, _ in indicator.outputs}
    for values in zip(*inputs, strict=True):
        answer = indicator.update(memory, 0, *values, *arguments)
        for output, cell in indicator.outputs:
            found[output].append(memory[cell] if output else answer)
    return found


def replay_all(
    declared: Declared, columns: Mapping[str, Series], parameters: Values | None = None
) -> dict[str, list[float]]:
    """Run a strategy's indicators, which may read each other; give them by attribute.

    Raises:
        Invalid: As `replay`; one that is read must be declared before.
    """
    series: dict[str, Series] = dict(columns)
    found: dict[str, list[float]] = {}
    for name, indicator in declared.items():
        outputs = replay(indicator, series, parameters)
        found |= {attribute_of(name, output): column for output, column in outputs.items()}
        series |= found
    return found


def _column(columns: Mapping[str, Series], name: str) -> list[float]:
    if name not in columns:
        raise Invalid(f"columns.{name}", "given", None)
    return [float(value) for value in columns[name]]
