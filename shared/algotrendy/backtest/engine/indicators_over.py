"""Compute indicators over all bars once, for every interpreted run on the same bars.

What an indicator gives depends on the bars and its arguments alone. So runs that differ in other
parameters read at each bar what they would have computed themselves, to the bit.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.columns import NUMBERS, Columns
from algotrendy.strategy.indicators import Indicator, replay
from algotrendy.strategy.own import Layout
from algotrendy.strategy.parameters import Values

MOST_VALUES: Final = 8_000_000
"""As many are kept for one set of bars, 64 MB; what needs more begins anew."""

_Rows = NDArray[np.float64]
_kept: WeakKeyDictionary[Columns, dict[tuple[Any, ...], _Rows]] = WeakKeyDictionary()
_lock = threading.Lock()


def outputs_over(bars: Columns, layout: Layout, values: Values) -> Sequence[_Rows] | None:
    """Give the outputs of a strategy's indicators at each bar, in the order of `tell_of`.

    Args:
        values: The strategy's parameters.

    Returns:
        Rows as long as the bars, nan while warming up. None where an indicator reads another,
        which the strategy may write to, or where it would be too much to keep.
    """
    wanted = [indicator for _, indicator in layout.indicators]
    if any(source not in NUMBERS for each in wanted for source in each.inputs):
        return None
    if sum(len(each.outputs) for each in wanted) * len(bars) > MOST_VALUES:  # whole numbers
        return None
    return [row for each in wanted for row in _outputs(bars, each, values)]


def _outputs(bars: Columns, indicator: Indicator, values: Values) -> _Rows:
    arguments = indicator.resolve(values)
    key = indicator.update, indicator.inputs, indicator.outputs, arguments
    with _lock:
        rows = _kept.setdefault(bars, {}).get(key)
    if rows is None:
        read = {name: getattr(bars, name).data for name in indicator.inputs}
        rows = np.array(list(replay(indicator, read, values).values()))
        with _lock:
            kept = _kept.setdefault(bars, {})
            if sum(each.size for each in kept.values()) + rows.size > MOST_VALUES:  # whole numbers
                kept.clear()
            kept[key] = rows
    return rows
