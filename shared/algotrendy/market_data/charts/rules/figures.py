"""Draw columns of boxes: point and figure.

Boxes lie between levels ``anchor + number * box``, counted from 0 unless an anchor is given. A
column of X has every level that a trade reached from below, a column of O every level reached from
above. A trade that is ``reversal`` boxes back from the column's last level ends the column; the
next one begins one box beyond that level, and goes to where the trade is. The trade belongs to the
next column, and the column is known by it. With reversal 3 of trades: the three-box reversal chart;
the classic one-box chart, which lets X and O stand in one column, is not drawn: with reversal 1
each turn is a column of its own. du Plessis, "The Definitive Guide to Point and Figure" (2005), ch.
2.

A column is a bar from its first level to its last one, so that it has as many boxes as there are
between them and one more; the first column begins at the level at or below the first trade.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.levels import MOST_STEPS, NEAR_LEVEL
from algotrendy.market_data.charts.rules.writing import GATHERED, draw, write, write_gathered

STATE: Final[Fields] = (
    *GATHERED,
    ("trend", "i8"),  # 1: X, -1: O, 0 before the first box
    ("start", "i8"),  # level of the column's first box
    ("level", "i8"),  # of its last
)


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    anchor, box, back = rule.anchor, rule.box, rule.reversal
    near = NEAR_LEVEL * box
    trend, start, level = state.trend, state.start, state.level
    began, first, highest, lowest = state.began, state.first, state.highest, state.lowest
    volume, ticks, last, ended = state.volume, state.ticks, state.last, state.ended
    state.needed = 0
    taken = len(prices)
    up = anchor + (level + (1 if trend >= 0 else back)) * box - near
    down = anchor + (level - (1 if trend <= 0 else back)) * box + near
    for i in range(len(prices)):
        price = prices[i]
        if ticks == 0:
            start = level = floor_level(anchor, box, price)
            began = times[i]
            first = highest = lowest = price
            up = anchor + (level + 1) * box - near
            down = anchor + (level - 1) * box + near
        if price >= up or price <= down:
            side = 1 if price >= up else -1
            if trend == -side:
                if at == len(bars):
                    state.needed = 1
                    taken = i
                    break
                bar = bars[at]
                write(bar, began, ended, times[i], first, highest, lowest, last, volume, ticks)
                lay(bar, anchor + start * box, anchor + level * box, trend)
                at += 1
                start = level + side
                began = times[i]
                first = highest = lowest = price
                volume, ticks = 0.0, 0
            trend = side
            level = floor_level(anchor, box, price)
            if side < 0 and anchor + level * box < price - near:
                level += 1
            up = anchor + (level + (1 if trend > 0 else back)) * box - near
            down = anchor + (level - (1 if trend < 0 else back)) * box + near
        if price > highest:
            highest = price
        if price < lowest:
            lowest = price
        volume += sizes[i]
        ticks += 1
        last = price
        ended = times[i]
    state.trend, state.start, state.level = trend, start, level
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.ticks, state.last, state.ended = volume, ticks, last, ended
    return taken, at


def floor_level(anchor: float, box: float, price: float) -> int:
    """Give the highest level that a price has reached."""
    near = NEAR_LEVEL * box
    level = int((price - anchor) / box)
    # A quotient is wrong by one at most. Levels finer than the price's last digit would go on long.
    for _ in range(MOST_STEPS):
        if anchor + level * box > price + near:
            level -= 1
        elif anchor + (level + 1) * box <= price + near:
            level += 1
        else:
            break
    return level


def lay(bar: Any, start: float, end: float, trend: int) -> None:
    """Draw a column; of one box too it is known whether it is of X or of O."""
    draw(bar, start, max(start, end), min(start, end), end)
    bar.direction = trend


def partial(state: Any, rule: Any, bar: Any) -> bool:
    """Write the column as it stands."""
    write_gathered(bar, state)
    anchor, box = rule.anchor, rule.box
    lay(bar, anchor + state.start * box, anchor + state.level * box, state.trend)
    return bool(state.ticks > 0)
