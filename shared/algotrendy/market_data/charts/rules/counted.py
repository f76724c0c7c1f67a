"""Close a bar when its trades, its volume or its money reach an amount: tick, volume, dollar bars.

The trade that reaches the amount belongs to the bar, whose amount may then be larger: Lopez de
Prado, "Advances in Financial Machine Learning" (2018), ch. 2.3. With ``excess=split`` it is cut at
the amount instead, and the rest begins the next bar: every bar has the amount exactly, and a large
trade makes several, each of which counts it as a trade. (Constant volume bars, as charting programs
draw them.)
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.levels import NEAR_AMOUNT
from algotrendy.market_data.charts.rules.writing import GATHERED, write, write_gathered

STATE: Final[Fields] = (
    *GATHERED,
    ("filled", "f8"),  # of the amount
)
TRADES, UNITS, MONEY = 0, 1, 2
"""What is counted: ``rule.counts``."""


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    counts, amount, splits = rule.counts, rule.amount, rule.excess == 1
    full = amount * (1.0 - NEAR_AMOUNT)
    began, first, highest, lowest = state.began, state.first, state.highest, state.lowest
    volume, filled, ticks = state.volume, state.filled, state.ticks
    state.needed = 0
    taken = len(prices)
    for i in range(len(prices)):
        price, size = prices[i], sizes[i]
        gain = 1.0 if counts == TRADES else size if counts == UNITS else price * size
        if filled + gain < full:
            if ticks == 0:
                began = times[i]
                first = highest = lowest = price
            if price > highest:
                highest = price
            if price < lowest:
                lowest = price
            volume += size
            filled += gain
            ticks += 1
            continue
        total = filled + gain
        made = max(1, int(total / amount + NEAR_AMOUNT)) if splits else 1
        if at + made > len(bars):
            state.needed = made
            taken = i
            break
        now = times[i]
        if ticks == 0:
            began = now
            first = highest = lowest = price
        highest, lowest = max(highest, price), min(lowest, price)
        unit = price if counts == MONEY else 1.0
        part = (amount - filled) / unit if splits else size
        write(
            bars[at], began, now, now, first, highest, lowest, price, volume + part, ticks + 1
        )  # fmt: skip
        for k in range(1, made):
            write(bars[at + k], now, now, now, price, price, price, price, amount / unit, 1)
        at += made
        volume, filled, ticks = 0.0, 0.0, 0
        if splits:
            rest = total - made * amount
            if rest > amount * NEAR_AMOUNT:
                began = now
                first = highest = lowest = price
                volume, filled, ticks = rest / unit, rest, 1
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.filled, state.ticks = volume, filled, ticks
    if taken > 0:
        state.last, state.ended = prices[taken - 1], times[taken - 1]
    return taken, at


def partial(state: Any, rule: Any, bar: Any) -> bool:  # noqa: ARG001
    """Write the unfinished bar, if there is one."""
    return write_gathered(bar, state)
