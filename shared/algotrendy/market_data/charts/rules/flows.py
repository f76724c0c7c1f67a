"""Close a bar when more is bought or sold than was to be expected: imbalance and run bars.

A trade above the last price is a buy, one below it a sell, and one at the same price is what the
last one was (the tick rule). It counts as one, as its size or as its money, as ``of`` says. Lopez
de Prado, "Advances in Financial Machine Learning" (2018), ch. 2.3.2.

- imbalance: the bar closes when bought less sold, either way, reaches the expected number of trades
  times the expected flow of one trade (bought less sold), either way.
- run: the bar closes when the larger of bought and sold reaches the expected number of trades times
  the larger of what one trade is expected to buy and to sell.

Expected are exponentially weighted averages: of the trades of bars, over ``bars`` bars, beginning
at ``ticks``; of what trades buy and sell, over ``trades`` trades, and before there are so many the
plain average of all. The threshold is set by the trade that closes the bar before, and does not
move within the bar. The first bar, of which nothing can be expected, has ``ticks`` trades.

Such averages run away: a long bar makes longer bars expected, and where buys and sells balance,
every trade is a bar. Therefore a bar has at least ``least`` trades and at most ``most``, and so has
the number that is expected. The trade that reaches the threshold belongs to the bar.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.levels import NEAR_AMOUNT
from algotrendy.market_data.charts.rules.reading import rows
from algotrendy.market_data.charts.rules.writing import GATHERED, write, write_gathered

STATE: Final[Fields] = (
    *GATHERED,
    ("bought", "f8"),  # in this bar
    ("sold", "f8"),
    ("buying", "f8"),  # expected of one trade
    ("selling", "f8"),
    ("seen", "i8"),  # trades, at most as many as they are averaged over
    ("expected", "f8"),  # trades of a bar
    ("threshold", "f8"),
    ("made", "i8"),  # bars
    ("side", "i8"),
)
TRADES, UNITS, MONEY = 0, 1, 2
"""What is counted: ``rule.of``."""
FEW: Final = 8
"""Trades that are not worth a stretch of their own."""


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    of, is_run, span = rule.of, rule.is_run == 1, rule.trades
    bought, sold, buying, selling = state.bought, state.sold, state.buying, state.selling
    seen, side, threshold = state.seen, state.side, state.threshold
    began, first, highest, lowest = state.began, state.first, state.highest, state.lowest
    volume, ticks, last = state.volume, state.ticks, state.last
    new = 2.0 / (span + 1.0)
    old = 1.0 - new
    least = most = rule.ticks
    if state.made > 0:
        least, most = rule.least, rule.most
    state.needed = 0
    taken = len(prices)
    if last == 0.0 and taken > 0:
        # The first trade of all is neither a buy nor a sell.
        last = prices[0]
    i = 0
    while i < taken:
        if ticks == 0:
            if at == len(bars):
                state.needed = 1
                taken = i
                break
            began = times[i]
            first = highest = lowest = prices[i]
            bought = sold = 0.0
        sure = min(least - 1 - ticks, taken - i)
        if sure >= FEW and seen == span and side != 0:
            buys, buying, selling, bought, sold, highest, lowest, volume = follow(
                prices, sizes, i, i + sure, of, new, last, 1.0 if side > 0 else 0.0,
                buying, selling, bought, sold, highest, lowest, volume,
            )  # fmt: skip
            side = 1 if buys > 0.0 else -1
            ticks += sure
            i += sure
            last = prices[i - 1]
        is_closed = False
        while i < taken:
            price, size = prices[i], sizes[i]
            side = 1 if price > last else -1 if price < last else side
            flow = 1.0 if of == TRADES else size if of == UNITS else price * size
            buy = flow if side > 0 else 0.0
            sell = flow if side < 0 else 0.0
            if seen < span:
                seen += 1
                buying += (buy - buying) / seen
                selling += (sell - selling) / seen
            else:
                buying = buying * old + buy * new
                selling = selling * old + sell * new
            bought += buy
            sold += sell
            if price > highest:
                highest = price
            if price < lowest:
                lowest = price
            volume += size
            ticks += 1
            last = price
            i += 1
            if ticks < least:
                continue
            reached = max(bought, sold) if is_run else abs(bought - sold)
            if ticks >= most or reached >= threshold:
                is_closed = True
                break
        if is_closed:
            now = times[i - 1]
            write(bars[at], began, now, now, first, highest, lowest, last, volume, ticks)
            at += 1
            expected = state.expected if state.made > 0 else float(rule.ticks)
            expected += (ticks - expected) * 2.0 / (rule.bars + 1.0)
            expected = min(max(expected, float(rule.least)), float(rule.most))
            gain = max(buying, selling) if is_run else abs(buying - selling)
            threshold = expected * gain * (1.0 - NEAR_AMOUNT)
            state.expected = expected
            state.made += 1
            least, most = rule.least, rule.most
            volume, ticks = 0.0, 0
    state.bought, state.sold, state.buying, state.selling = bought, sold, buying, selling
    state.seen, state.side, state.threshold = seen, side, threshold
    state.began, state.first, state.highest, state.lowest = began, first, highest, lowest
    state.volume, state.ticks, state.last = volume, ticks, last
    if taken > 0:
        state.ended = times[taken - 1]
    return taken, at


def follow(
    prices: Any, sizes: Any, begin: int, end: int, of: int, new: float, last: float, buys: float,
    buying: float, selling: float, bought: float, sold: float,
    highest: float, lowest: float, volume: float,
) -> tuple[float, float, float, float, float, float, float, float]:  # fmt: skip
    """Take trades of which none can close the bar, as ``advance`` does, without a branch.

    Args:
        buys: 1 when the last trade was a buy, 0 when it was a sell.
    """
    old = 1.0 - new
    for row in rows(begin, end):
        price, size = prices[row], sizes[row]
        flow = 1.0
        if of != TRADES:
            flow = size
            if of == MONEY:
                flow = price * size
        buys = max(1.0 if price > last else 0.0, buys if price >= last else 0.0)
        buy = flow if buys > 0.0 else 0.0
        # Asked the other way round, this is again no branch: else would be one.
        sell = flow if buys <= 0.0 else 0.0
        buying = buying * old + buy * new
        selling = selling * old + sell * new
        bought += buy
        sold += sell
        highest, lowest = max(highest, price), min(lowest, price)
        volume += size
        last = price
    return buys, buying, selling, bought, sold, highest, lowest, volume


def partial(state: Any, rule: Any, bar: Any) -> bool:  # noqa: ARG001
    """Write the unfinished bar, if there is one."""
    return write_gathered(bar, state)
