"""Average closed time bars into Heikin-Ashi bars.

close = (open + high + low + close) / 4 of the time bar; open = the middle of the last averaged
bar's open and close, of the first one the middle of the time bar's own; high and low are the
farthest of these two and the time bar's. One bar for each time bar, known when it is. Valcu, "Using
the Heikin-Ashi technique" (Stocks & Commodities 22:2, 2004).

The drawn prices are averages, nobody's trades; what was traded stands beside them.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.writing import draw, write

STATE: Final[Fields] = (
    ("has_begun", "i8"),
    ("open", "f8"),
    ("close", "f8"),
)
MEMORY = 0


def chain(state: Any, rule: Any, memory: Any, given: Any, bars: Any, at: int) -> int:  # noqa: ARG001
    """Take time bars, at most as many as there are rows left; gives the next free row."""
    for i in range(len(given)):
        bar = given[i]
        end = (bar.open + bar.high + bar.low + bar.close) / 4.0
        start = (state.open + state.close) / 2.0
        if state.has_begun == 0:
            start = (bar.open + bar.close) / 2.0
            state.has_begun = 1
        made = bars[at]
        write(
            made, bar.began, bar.ended, bar.known,
            bar.first, bar.highest, bar.lowest, bar.last, bar.volume, bar.ticks,
        )  # fmt: skip
        draw(made, start, max(bar.high, start, end), min(bar.low, start, end), end)
        state.open, state.close = start, end
        at += 1
    return at
