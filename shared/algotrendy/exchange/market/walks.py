"""Draw how a price walks through the minutes between two moments that are known."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from random import Random

from algotrendy.exchange.market.paths import MOST_TRADES_A_MINUTE

DrawnMinute = tuple[int, int, int, int, bool, int, int, int, int, int]
"""A minute: open, high, low, close, whether the low comes first, lots, corners, pairs of trades,
lots of one side of the pairs, price times lots of it all. Without the lots of an auction.
"""


def walk_between(
    minutes: int, begin: float, end: float, width: float, step: int, chance: Random
) -> list[int]:
    """Draw the prices at both ends of every minute, from one logarithm to another, in steps."""
    if not minutes:
        return []
    draw = chance.random
    each = width / sqrt(minutes)
    walk, at = [0.0], 0.0
    for _ in range(minutes):
        # Four uniform draws are as good as normal here, and the fat tail is put on besides.
        jump = draw() + draw() + draw() + draw() - 2.0
        at += jump * (1.4 if jump * jump < 1.2 else 2.2) * each
        walk.append(at)
    drift = (end - begin - at) / minutes
    return [
        max(step, round(exp(begin + walk[index] + drift * index)) * step)
        for index in range(minutes + 1)
    ]


def draw_minutes(  # noqa: C901 - calls would cost as much again as the loop
    prices: Sequence[int],
    expected: Sequence[float],
    busy: Sequence[int],
    reach: float,
    size: float,
    step: int,
    chance: Random,
) -> list[DrawnMinute | None]:
    """Draw how many trades each minute has, how far they go and how much they move.

    One loop without calls, since a year has half a million minutes.

    Args:
        prices: At the ends of the minutes: one more than there are minutes.
        expected: Trades of each.
        busy: Minutes that have a trade in any case.
        reach: How far a minute goes beyond its ends, as a part of the price.
        size: Lots of a usual trade.
    """
    draw = chance.random
    found: list[DrawnMinute | None] = []
    add = found.append
    close = prices[0]
    for index, mean in enumerate(expected):
        open_, close = close, prices[index + 1]
        count = int(mean * (0.4 + 1.2 * draw()) + draw())
        if not count:
            if index not in busy:
                add(None)
                continue
            count = int(1.0 * (0.4 + 1.2 * draw()) + draw()) or 1
        if count > MOST_TRADES_A_MINUTE:
            count = MOST_TRADES_A_MINUTE
        if count == 1:
            high = low = end = open_
            low_first, corners, value = False, 1, open_
        else:
            end = close
            high, low = (open_, close) if open_ > close else (close, open_)
            corners, value = 2, open_ + close
            if count > 2:
                beyond = int(open_ / step * reach * draw() * draw() * 2) * step
                if beyond:
                    high += beyond
                    corners, value = 3, value + high
                if count > 3:
                    edge, beyond = low, int(open_ / step * reach * draw() * draw() * 2) * step
                    if beyond:
                        low -= beyond
                        if low < step:
                            low = step
                        if low < edge:
                            corners, value = corners + 1, value + low
            if high == low:
                corners, value = 1, open_
            low_first = draw() < 0.5
        pairs = (count - corners) // 2 if count > corners else 0
        shares = corners + 2 * pairs
        # A large trade now and then: sizes have fatter tails than times.
        lots = int(shares * size * (0.3 + 1.4 * draw()) * (6.0 if draw() < 0.01 else 1.0))
        if lots < shares:
            lots = shares
        pair_lots = 0
        if pairs:
            pair_lots = int(lots * pairs / shares * (0.5 + draw()))
            if pair_lots < pairs:
                pair_lots = pairs
            most = (lots - corners) // 2
            if pair_lots > most:
                pair_lots = most
        each, rest = divmod(lots - 2 * pair_lots, corners)
        value = value * each + open_ * rest + (low + high) * pair_lots
        add((open_, high, low, end, low_first, lots, corners, pairs, pair_lots, value))
    return found
