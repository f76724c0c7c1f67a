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
from algotrendy.market_data.charts.rules.gathering import gather
from algotrendy.market_data.charts.rules.levels import NEAR_AMOUNT
from algotrendy.market_data.charts.rules.reading import rows
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
    i = 0
    while i < taken:
        if ticks == 0:
            began = times[i]
            first = highest = lowest = prices[i]
        if counts == TRADES:
            # Before the one that fills it.
            left = full - filled
            count = min(int(left) - (1 if int(left) == left else 0), taken - i)
            highest, lowest, volume = gather(
                prices, sizes, i, i + count, highest, lowest, volume
            )  # fmt: skip
            filled += count
            total = filled + 1.0
        else:
            count, filled, total, highest, lowest, volume = fill(
                prices, sizes, i, taken, counts, full, filled, highest, lowest, volume
            )
        ticks += count
        i += count
        if i == taken:
            break
        made = max(1, int(total / amount + NEAR_AMOUNT)) if splits else 1
        if at + made > len(bars):
            state.needed = made
            taken = i
            break
        now, price, size = times[i], prices[i], sizes[i]
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
        i += 1
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.filled, state.ticks = volume, filled, ticks
    if taken > 0:
        state.last, state.ended = prices[taken - 1], times[taken - 1]
    return taken, at


def fill(
    prices: Any, sizes: Any, begin: int, end: int, counts: int, full: float,
    filled: float, highest: float, lowest: float, volume: float,
) -> tuple[int, float, float, float, float, float]:  # fmt: skip
    """Take trades up to the one that fills the bar.

    Returns:
        How many there are; what is filled with them, and with the next one too; their extremes and
        their volume.
    """
    count, total = 0, filled
    for row in rows(begin, end):
        price, size = prices[row], sizes[row]
        total = filled + (price * size if counts == MONEY else size)
        if total >= full:
            break
        filled = total
        highest, lowest = max(highest, price), min(lowest, price)
        volume += size
        count += 1
    return count, filled, total, highest, lowest, volume


def partial(state: Any, rule: Any, bar: Any) -> bool:  # noqa: ARG001
    """Write the unfinished bar, if there is one."""
    return write_gathered(bar, state)
