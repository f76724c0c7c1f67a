"""Compute a strategy's indicators over all bars at once, each for each set of arguments once.

What an indicator gives depends on the bars and its arguments alone. So the runs of a sweep, which
differ in other parameters too, share its columns: a run reads at each bar what it would have
computed itself, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.engine.compiled.bind import teach
from algotrendy.backtest.engine.compiled.cache import ENTRY_FILE
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT
from algotrendy.strategy.fingerprint import function_hash
from algotrendy.strategy.indicators import Indicator
from algotrendy.strategy.own import COLUMNS, Layout
from algotrendy.strategy.parameters import Values

Key = tuple[Any, ...]
_ROW = types.Array(FLOAT, 1, "C", readonly=True)


@dataclass(slots=True)
class IndicatorColumns:
    """The columns of one asset's bars.

    Attributes:
        made: By indicator and arguments: its outputs, shape (outputs, bars).
    """

    bars: Columns
    made: dict[Key, NDArray[np.float64]] = field(default_factory=dict)

    def addresses(self, layout: Layout, values: Values) -> list[int]:
        """Give where the column of each output of a strategy's indicators begins, in order."""
        found: list[int] = []
        known: dict[str, tuple[Key, int]] = {}
        for name, indicator in layout.indicators:
            key = self._key(indicator, values, known)
            rows = self._rows(indicator, key, values, known)
            for place, (output, _) in enumerate(indicator.outputs):
                known[f"{name}_{output}" if output else name] = key, place
                found.append(rows.ctypes.data + place * rows.strides[0])
        return found

    def _key(self, indicator: Indicator, values: Values, known: Mapping[str, Any]) -> Key:
        inputs = tuple(known.get(source, source) for source in indicator.inputs)
        arguments = tuple(
            values[argument] if isinstance(argument, str) else argument
            for argument in indicator.arguments
        )
        return indicator.name, inputs, arguments

    def _rows(
        self,
        indicator: Indicator,
        key: Key,
        values: Values,
        known: Mapping[str, tuple[Key, int]],
    ) -> NDArray[np.float64]:
        rows = self.made.get(key)
        if rows is None:
            arguments = indicator.resolve(values)
            rows = np.empty((len(indicator.outputs), len(self.bars)))
            cells = np.zeros(indicator.cells(*arguments))
            inputs = [
                getattr(self.bars, source)
                if source in COLUMNS
                else self.made[known[source][0]][known[source][1]]
                for source in indicator.inputs
            ]
            extra = np.array([cell for _, cell in indicator.outputs[1:]], dtype=np.int64)
            kinds = tuple(limits.kind for limits in indicator.limits)
            over = _over(indicator.update, len(inputs), kinds)
            over(rows, cells, extra, *inputs, *arguments)
            self.made[key] = rows
        return rows


@cache
def _over(update: Callable[..., float], inputs: int, kinds: tuple[str, ...]) -> Any:
    """Compile the loop of an update over all bars."""
    if isinstance(update, FunctionType):
        teach(update)
    given = [f"input{place}" for place in range(inputs)]
    told = [f"argument{place}" for place in range(len(kinds))]
    newest = [f"{name}[t]" for name in given]
    text = "\n".join(
        [
            f"def over({', '.join(['rows', 'cells', 'extra', *given, *told])}):",
            "    for t in range(rows.shape[1]):",
            f"        rows[0, t] = update({', '.join(['cells', '0', *newest, *told])})",
            "        for place in range(extra.size):",
            "            rows[place + 1, t] = cells[extra[place]]",
            "",
        ]
    )
    names: dict[str, Any] = {"__name__": __name__, "update": update}
    # The text is made of our own names only.
    exec(compile(text, ENTRY_FILE, "exec"), names)  # noqa: S102
    function = names["over"]
    function.__qualname__ = f"over_{function_hash(update)[:32]}"
    signature = types.void(
        types.Array(FLOAT, 2, "C"),
        types.Array(FLOAT, 1, "C"),
        types.Array(INT, 1, "C"),
        *[_ROW] * inputs,
        *(INT if kind == "int" else FLOAT for kind in kinds),
    )
    return njit(signature, error_model="python", cache=True)(function)
