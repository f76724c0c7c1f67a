"""Draw a line until the price turns back by an amount: Kagi.

A line goes on to each new extreme of its direction. The first trade that is ``size``, or
``percent`` of the extreme, back from it ends the line at the extreme and begins the next one, which
goes from there. The line is known by that trade, which belongs to the next one: whole when the turn
is, and never before. A line is thick (yang) from where it has passed the last peak on and thin
(yin) from where it has passed the last trough on; nothing of that is needed to draw the lines,
whose turns are all in them. Nison, "Beyond Candlesticks" (1994), ch. 7.

The first line begins with the first trade, and goes to where the price first moves.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.levels import NEAR_LEVEL
from algotrendy.market_data.charts.rules.writing import GATHERED, draw, write, write_gathered

STATE: Final[Fields] = (
    *GATHERED,
    ("trend", "i8"),  # 0 before the price has moved
    ("start", "f8"),  # of the line
    ("extreme", "f8"),
)


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    size, share = rule.size * (1.0 - NEAR_LEVEL), rule.percent / 100.0 * (1.0 - NEAR_LEVEL)
    trend, start, extreme = state.trend, state.start, state.extreme
    began, first, highest, lowest = state.began, state.first, state.highest, state.lowest
    volume, ticks, last, ended = state.volume, state.ticks, state.last, state.ended
    state.needed = 0
    taken = len(prices)
    turn = extreme - trend * (size + share * extreme)
    for i in range(len(prices)):
        price = prices[i]
        if ticks == 0:
            start = extreme = first = highest = lowest = price
            began = times[i]
        if trend == 0:
            trend = 1 if price > start else -1 if price < start else 0
            extreme = price
            turn = extreme - trend * (size + share * extreme)
        elif (price - extreme) * trend > 0.0:
            extreme = price
            turn = extreme - trend * (size + share * extreme)
        elif (price - turn) * trend <= 0.0:
            if at == len(bars):
                state.needed = 1
                taken = i
                break
            bar = bars[at]
            write(bar, began, ended, times[i], first, highest, lowest, last, volume, ticks)
            draw(bar, start, max(start, extreme), min(start, extreme), extreme)
            at += 1
            start, extreme, trend = extreme, price, -trend
            turn = extreme - trend * (size + share * extreme)
            began = times[i]
            first = highest = lowest = price
            volume, ticks = 0.0, 0
        if price > highest:
            highest = price
        if price < lowest:
            lowest = price
        volume += sizes[i]
        ticks += 1
        last = price
        ended = times[i]
    state.trend, state.start, state.extreme = trend, start, extreme
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.ticks, state.last, state.ended = volume, ticks, last, ended
    return taken, at


def partial(state: Any, rule: Any, bar: Any) -> bool:  # noqa: ARG001
    """Write the line that is being drawn, up to its extreme."""
    write_gathered(bar, state)
    start, extreme = state.start, state.extreme
    draw(bar, start, max(start, extreme), min(start, extreme), extreme)
    return bool(state.ticks > 0)
