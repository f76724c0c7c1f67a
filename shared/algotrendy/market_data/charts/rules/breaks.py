"""Draw a line when a closed time bar's close is beyond the lines before it: three-line break.

A close above the highest of the last line draws a line up to it, when that line is up; when it is
down, the close must be above the highest of the last ``lines`` lines (three is the classic number),
and the new line begins at the last line's open. The same the other way round. A close that equals
the line draws nothing. The first line goes from the first close to the next that differs. Each line
is known when its time bar is, and has the volume of the time bars since the last line. Nison,
"Beyond Candlesticks" (1994), ch. 6.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.writing import draw, write

STATE: Final[Fields] = (
    ("has_begun", "i8"),
    ("drawn", "i8"),  # lines so far
    ("start", "f8"),  # of the last line, or the first close
    ("end", "f8"),
    ("began", "i8"),
    ("first", "f8"),
    ("highest", "f8"),
    ("lowest", "f8"),
    ("volume", "f8"),
    ("ticks", "i8"),
)
MEMORY = 10
"""The last lines: line k is in row k modulo this."""


def chain(state: Any, rule: Any, memory: Any, given: Any, bars: Any, at: int) -> int:
    """Take time bars, at most as many as there are rows left; gives the next free row."""
    for i in range(len(given)):
        bar = given[i]
        if state.ticks == 0:
            state.began, state.first = bar.began, bar.first
            state.highest, state.lowest, state.volume = bar.highest, bar.lowest, 0.0
        state.highest = max(state.highest, bar.highest)
        state.lowest = min(state.lowest, bar.lowest)
        state.volume += bar.volume
        state.ticks += bar.ticks
        close = bar.close
        if state.has_begun == 0:
            state.has_begun = 1
            state.start = state.end = close
            continue
        top, bottom = max(state.start, state.end), min(state.start, state.end)
        is_up = close > top
        is_down = close < bottom
        if state.drawn > 0 and (is_up or is_down):
            was_up = state.end > state.start
            for back in range(1, min(rule.lines, state.drawn) + 1):
                line = memory[(state.drawn - back) % MEMORY]
                top, bottom = max(top, line.high), min(bottom, line.low)
            is_up = is_up and (was_up or close > top)
            is_down = is_down and (not was_up or close < bottom)
        if not is_up and not is_down:
            continue
        start = state.end
        if state.drawn > 0 and is_up != (state.end > state.start):
            start = state.start
        made = bars[at]
        write(
            made, state.began, bar.ended, bar.known,
            state.first, state.highest, state.lowest, bar.last, state.volume, state.ticks,
        )  # fmt: skip
        draw(made, start, max(start, close), min(start, close), close)
        kept = memory[state.drawn % MEMORY]
        kept.high, kept.low = made.high, made.low
        state.start, state.end = start, close
        state.drawn += 1
        state.ticks = 0
        at += 1
    return at
