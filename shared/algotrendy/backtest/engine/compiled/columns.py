"""Compute a strategy's indicators over all bars at once, each for each set of arguments once.

What an indicator gives depends on the bars and its arguments alone. So the runs of a sweep, which
differ in other parameters too, share its columns: a run reads at each bar what it would have
computed itself, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cache, partial
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.engine.compiled.bind import teach
from algotrendy.backtest.engine.compiled.cache import ENTRY_FILE, kept
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT
from algotrendy.strategy.fingerprint import function_hash, is_self_contained
from algotrendy.strategy.indicators import Indicator
from algotrendy.strategy.own import Layout, output_names
from algotrendy.strategy.parameters import Value, Values

Key = tuple[Any, ...]
_ROW = types.Array(FLOAT, 1, "C", readonly=True)


@dataclass(slots=True)
class IndicatorColumns:
    """The columns of one asset's bars.

    Attributes:
        made: By indicator, inputs and arguments: its outputs, shape (outputs, bars).
        columns: Each output by its address.
    """

    bars: Columns
    made: dict[Key, NDArray[np.float64]] = field(default_factory=dict)
    columns: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    def addresses(
        self,
        layout: Layout,
        names: Sequence[str],
        combinations: Sequence[Sequence[Value]],
        pool: Executor | None = None,
    ) -> NDArray[np.int64]:
        """Give where the column of each output of a strategy's indicators begins.

        Args:
            names: Of the parameters, in the order of each combination's values.
            pool: Threads among which the columns of an indicator are shared out.

        Returns:
            Shape (combinations, outputs + 1); the last of each row is not used.
        """
        spread = map if pool is None else pool.map
        by_name = {
            name: np.array([values[place] for values in combinations])
            for place, name in enumerate(names)
        }
        told: dict[str, NDArray[np.int64]] = {}
        for name, indicator in layout.indicators:
            sources = [source for source in indicator.inputs if source in told]
            seen = [by_name[each] for each in _named(indicator)] + [told[each] for each in sources]
            firsts, which = _distinct(seen, len(combinations))
            made = spread(partial(self._rows_of, indicator, told, names, combinations), firsts)
            begins = np.array([rows.ctypes.data for rows in made], dtype=np.int64)[which]
            for place, output in enumerate(output_names(name, indicator)):
                told[output] = begins + 8 * place * len(self.bars)
        table = np.zeros((len(combinations), len(told) + 1), dtype=np.int64)
        for place, column in enumerate(told.values()):
            table[:, place] = column
        return table

    def _rows_of(
        self,
        indicator: Indicator,
        told: Mapping[str, NDArray[np.int64]],
        names: Sequence[str],
        combinations: Sequence[Sequence[Value]],
        run: int,
    ) -> NDArray[np.float64]:
        """Give the outputs of an indicator for the combination at a place."""
        inputs = [
            int(told[source][run]) if source in told else source for source in indicator.inputs
        ]
        return self._rows(indicator, inputs, dict(zip(names, combinations[run], strict=True)))

    def _rows(
        self, indicator: Indicator, inputs: Sequence[str | int], values: Values
    ) -> NDArray[np.float64]:
        arguments = indicator.resolve(values)
        key = indicator.update, indicator.outputs, *inputs, *arguments
        rows = self.made.get(key)
        if rows is None:
            rows = np.empty((len(indicator.outputs), len(self.bars)))
            cells = np.zeros(indicator.cells(*arguments))
            read = [
                getattr(self.bars, source) if isinstance(source, str) else self.columns[source]
                for source in inputs
            ]
            extra = np.array([cell for _, cell in indicator.outputs[1:]], dtype=np.int64)
            kinds = tuple(limits.kind for limits in indicator.limits)
            over = _over(indicator.update, len(read), kinds)
            over(rows, cells, extra, *read, *arguments)
            self.made[key] = rows
            self.columns.update((row.ctypes.data, row) for row in rows)
        return rows


def _named(indicator: Indicator) -> list[str]:
    return [argument for argument in indicator.arguments if isinstance(argument, str)]


def _distinct(seen: Sequence[NDArray[Any]], runs: int) -> tuple[list[int], NDArray[np.int64]]:
    """Tell the first run of each set of values, and of each run which set it has."""
    which = np.zeros(runs, dtype=np.int64)
    for values in seen:
        _, place = np.unique(values, return_inverse=True)
        which = which * runs + place
    _, firsts, which = np.unique(which, return_index=True, return_inverse=True)
    return firsts.tolist(), which


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
    compile_ = kept if is_self_contained(update) else njit
    return compile_(signature, error_model="python", nogil=True)(function)
