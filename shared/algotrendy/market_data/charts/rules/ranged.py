"""Close a bar when its highest and its lowest trade are a size apart: range bars.

The trade that reaches the size belongs to the bar, so that a jump makes one bar of a larger range
and no bars of prices that nobody traded (TradingView: range bars without phantom bars). The next
bar opens with the next trade.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.levels import NEAR_LEVEL
from algotrendy.market_data.charts.rules.writing import GATHERED, write, write_gathered

STATE: Final[Fields] = GATHERED


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    reach = rule.size * (1.0 - NEAR_LEVEL)
    began, first, highest, lowest = state.began, state.first, state.highest, state.lowest
    volume, ticks = state.volume, state.ticks
    state.needed = 0
    taken = len(prices)
    for i in range(len(prices)):
        price = prices[i]
        if ticks == 0:
            began = times[i]
            first = highest = lowest = price
        top, bottom = max(highest, price), min(lowest, price)
        if top - bottom < reach:
            highest, lowest = top, bottom
            volume += sizes[i]
            ticks += 1
            continue
        if at == len(bars):
            state.needed = 1
            taken = i
            break
        now = times[i]
        write(bars[at], began, now, now, first, top, bottom, price, volume + sizes[i], ticks + 1)
        at += 1
        volume, ticks = 0.0, 0
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.ticks = volume, ticks
    if taken > 0:
        state.last, state.ended = prices[taken - 1], times[taken - 1]
    return taken, at


def partial(state: Any, rule: Any, bar: Any) -> bool:  # noqa: ARG001
    """Write the unfinished bar, if there is one."""
    return write_gathered(bar, state)
