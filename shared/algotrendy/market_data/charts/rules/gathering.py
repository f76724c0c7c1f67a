"""Gather stretches of trades of which nearly all do nothing but go into the bar.

Nothing there is a branch on a trade's price but what ends the stretch, for nobody can foretell
prices: each wrong guess costs the processor more than all else that a trade takes.
"""

from __future__ import annotations

from typing import Any

from algotrendy.market_data.charts.rules.reading import rows


def gather(
    prices: Any, sizes: Any, begin: int, end: int, highest: float, lowest: float, volume: float
) -> tuple[float, float, float]:
    """Give the extremes and the volume with trades of which none closes the bar."""
    for row in rows(begin, end):
        price = prices[row]
        highest, lowest = max(highest, price), min(lowest, price)
        volume += sizes[row]
    return highest, lowest, volume


def gather_between(
    prices: Any, sizes: Any, begin: int, end: int, up: float, down: float, full: float,
    highest: float, lowest: float, volume: float,
) -> tuple[int, float, float, float]:  # fmt: skip
    """Take trades up to the first that reaches a price when there is enough volume with it.

    Returns:
        How many there are, and the extremes and the volume with them.
    """
    count = 0
    for row in rows(begin, end):
        price = prices[row]
        total = volume + sizes[row]
        if (price >= up or price <= down) and total >= full:
            break
        highest, lowest = max(highest, price), min(lowest, price)
        volume = total
        count += 1
    return count, highest, lowest, volume


def first_at(times: Any, begin: int, end: int, time: int) -> int:
    """Give the first row at or after a time, or the end."""
    while begin < end:
        middle = (begin + end) // 2
        if times[middle] < time:
            begin = middle + 1
        else:
            end = middle
    return begin
