"""Lay a brick when the price is a size beyond the last one: Renko.

Bricks lie between levels. A trade that reaches the next level lays the brick up to it, one that
reaches several levels lays as many bricks, all known at its time; against the trend it must reach
``reversal`` levels: two is the classic rule, where the new brick lies beside the last one and not
over it, with one it lies over it. What the trade goes beyond the last level lays nothing, but
counts for the next brick's wick. Nison, "Beyond Candlesticks" (1994), ch. 8.

Levels are ``anchor + number * size``; the anchor is the price of the first trade unless it is
given. With ``percent`` they are ``anchor * (1 + percent / 100) ** number``. With ``atr`` the size
is the average true range (Wilder's) of so many closed bars of length ``base`` as it is known when a
brick is laid, for the next one, and the anchor is then the close of the last brick: no brick that
was laid ever changes. Until ``atr`` bars have closed there are none.

With ``wicks`` a brick shows how far trades went beyond its open before it was laid. With
``volume`` (Renko+) a brick is laid by the first trade that is beyond its level when the brick also
has so much volume; each brick needs its own, so that one trade lays at most one.

The trade that lays a brick belongs to it. Of several bricks of one trade the first has the trades
and their volume; the others have none.
"""

from __future__ import annotations

from math import inf
from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.gathering import first_at, gather, gather_between
from algotrendy.market_data.charts.rules.levels import (
    MOST_OF_ONE_TICK,
    MOST_STEPS,
    NEAR_AMOUNT,
    NEAR_LEVEL,
    NEVER,
    level_price,
)
from algotrendy.market_data.charts.rules.writing import GATHERED, draw, write, write_gathered

STATE: Final[Fields] = (
    *GATHERED,
    ("has_begun", "i8"),
    ("anchor", "f8"),
    ("height", "f8"),  # of the next brick; a numpy record calls something else its size
    ("level", "i8"),  # close of the last brick
    ("trend", "i8"),  # its direction, 0 before the first
    ("laid_by", "f8"),  # price of the trade that laid the last brick
    ("base_end", "i8"),
    ("base_high", "f8"),
    ("base_low", "f8"),
    ("base_before", "f8"),  # close of the base bar before this one
    ("base_bars", "i8"),  # closed
    ("atr", "f8"),
)
BEGIN: Final = {"base_end": NEVER}


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    state.needed = 0
    taken = len(prices)
    if taken == 0:
        return 0, at
    has_atr, percent, back = rule.atr > 0, rule.percent, rule.reversal
    full = rule.volume * (1.0 - NEAR_AMOUNT)
    has_volume = rule.volume > 0.0
    anchor, size, level, trend = state.anchor, state.height, state.level, state.trend
    began, first, highest, lowest = state.began, state.first, state.highest, state.lowest
    volume, ticks, last = state.volume, state.ticks, state.last
    base_end, base_high, base_low = state.base_end, state.base_high, state.base_low
    is_ready = state.has_begun == 1
    up, down = inf, -inf
    if is_ready:
        up, down = edges(anchor, size, percent, level, trend, back)
    i = 0
    while i < taken:
        # Nothing begins before the base bar ends: until then there are no edges.
        end = first_at(times, i, taken, base_end) if has_atr else taken
        if ticks > 0 and end > i and (is_ready or has_atr):
            count, highest, lowest, volume = gather_between(
                prices, sizes, i, end, up, down, full, highest, lowest, volume
            )
            if has_atr:
                base_high, base_low, _ = gather(
                    prices, sizes, i, i + count, base_high, base_low, 0.0
                )
            if count > 0:
                last = prices[i + count - 1]
                ticks += count
                i += count
            if i == taken:
                break
        price = prices[i]
        if has_atr and times[i] >= base_end:
            state.base_high, state.base_low = base_high, base_low
            roll_base(state, rule, times[i], price, last)
            base_end, base_high, base_low = state.base_end, state.base_high, state.base_low
        if not is_ready and (not has_atr or state.base_bars >= rule.atr):
            anchor, size, level = begin(state, rule, price)
            is_ready = True
            up, down = edges(anchor, size, percent, level, trend, back)
        total = volume + sizes[i]
        if is_ready and (price >= up or price <= down) and total >= full:
            side = 1 if price >= up else -1
            start = level if trend == side or trend == 0 else level + side * (back - 1)
            near = NEAR_LEVEL * size * side
            made = 1
            if not has_volume:
                while made <= MOST_OF_ONE_TICK:
                    beyond = level_price(anchor, size, percent, start + side * (made + 1)) - near
                    if (price - beyond) * side < 0.0:
                        break
                    made += 1
            if at + made > len(bars):
                state.needed = made
                taken = i
                break
            if ticks == 0:
                began = times[i]
                first = highest = lowest = price
            now = times[i]
            for k in range(made):
                opening = level_price(anchor, size, percent, start + side * k)
                closing = level_price(anchor, size, percent, start + side * (k + 1))
                top, bottom = max(opening, closing), min(opening, closing)
                bar = bars[at]
                if k == 0:
                    write(
                        bar, began, now, now, first, max(highest, price), min(lowest, price),
                        price, total, ticks + 1,
                    )  # fmt: skip
                    if rule.wicks == 1:
                        if ticks > 0:
                            top, bottom = max(top, highest), min(bottom, lowest)
                        if trend != 0:
                            top, bottom = max(top, state.laid_by), min(bottom, state.laid_by)
                else:
                    write(bar, now, now, now, price, price, price, price, 0.0, 0)
                draw(bar, opening, top, bottom, closing)
                at += 1
            level, trend = start + side * made, side
            if has_atr:
                anchor, level = level_price(anchor, size, 0.0, level), 0
                size = max(state.atr, rule.least)
            state.laid_by = price
            up, down = edges(anchor, size, percent, level, trend, back)
            volume, ticks = 0.0, 0
        else:
            if ticks == 0:
                began = times[i]
                first = highest = lowest = price
            if price > highest:
                highest = price
            if price < lowest:
                lowest = price
            volume = total
            ticks += 1
        if has_atr:
            base_high, base_low = max(base_high, price), min(base_low, price)
        last = price
        i += 1
    state.anchor, state.height, state.level, state.trend = anchor, size, level, trend
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.ticks, state.last = volume, ticks, last
    state.base_high, state.base_low = base_high, base_low
    if is_ready:
        state.has_begun = 1
    if taken > 0:
        state.ended = times[taken - 1]
    return taken, at


def begin(state: Any, rule: Any, price: float) -> tuple[float, float, int]:
    """Give anchor, size and level at the first trade of which bricks can be laid."""
    size = rule.size
    if rule.percent > 0.0:
        size = price * rule.percent / 100.0
    if rule.atr > 0:
        size = max(state.atr, rule.least)
    if rule.anchor == 0.0:
        return price, size, 0
    level = int((price - rule.anchor) / size + NEAR_LEVEL)
    for _ in range(MOST_STEPS):
        if level_price(rule.anchor, size, 0.0, level) > price + NEAR_LEVEL * size:
            level -= 1
    return rule.anchor, size, level


def edges(
    anchor: float, size: float, percent: float, level: int, trend: int, back: int
) -> tuple[float, float]:
    """Give the prices that lay the next brick, up and down."""
    near = NEAR_LEVEL * size
    above = level + (back if trend < 0 else 1)
    below = level - (back if trend > 0 else 1)
    return (
        level_price(anchor, size, percent, above) - near,
        level_price(anchor, size, percent, below) + near,
    )


def roll_base(state: Any, rule: Any, now: int, price: float, last: float) -> None:
    """Close the base bar, if there is one, and begin the next with a trade."""
    if state.base_end != NEVER:
        top, bottom = state.base_high, state.base_low
        if state.base_bars > 0:
            top, bottom = max(top, state.base_before), min(bottom, state.base_before)
        state.base_bars += 1
        # The mean of all until there are enough, from then on Wilder's average.
        state.atr += (top - bottom - state.atr) / min(state.base_bars, rule.atr)
        state.base_before = last
    state.base_end = now - now % rule.base + rule.base
    state.base_high = price
    state.base_low = price


def partial(state: Any, rule: Any, bar: Any) -> bool:
    """Write the brick that is being laid, from the last one's close to the price now."""
    if state.has_begun == 0 or state.ticks == 0:
        return False
    write_gathered(bar, state)
    opening = level_price(state.anchor, state.height, rule.percent, state.level)
    top, bottom = max(opening, state.highest), min(opening, state.lowest)
    if rule.wicks == 0:
        top, bottom = max(opening, state.last), min(opening, state.last)
    draw(bar, opening, top, bottom, state.last)
    return True
