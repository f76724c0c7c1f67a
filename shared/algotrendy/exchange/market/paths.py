"""Walk from a bar's open through its high and low to its close, in trades and in quotes.

A minute is drawn as a plan first, from which its bar is known, and as trades only when someone
wants them. The trades between the corners come in pairs of equal size on either side of the
middle, so that the plan knows what all the trades are worth without drawing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp
from random import Random

from algotrendy.exchange.market.bars import MINUTE_NS, Tally
from algotrendy.exchange.market.events import QuoteEvent, TradeEvent

MOST_TRADES_A_MINUTE = 9_000
_IDS_A_MINUTE = 10_000
_EDGE_NS = 1_000_000
_MOST_SHOWN = 10


@dataclass(slots=True)
class Grid:
    """The steps of one symbol.

    Attributes:
        price_parts: A price is a number of steps over this.
        quote_step: Steps between two prices that can be quoted.
        size_parts: A size is a number of lots over this.
        quote_lots: Lots that quotes are made of.
        spread: Distance from bid to ask, as a part of the price; at least one quote_step.
    """

    price_parts: int
    quote_step: int
    size_parts: int
    quote_lots: int
    spread: float


@dataclass(slots=True)
class MinutePlan:
    """One minute with trades: open, the corners between (high and low, if new), close.

    Attributes:
        corners: Price and lots of each, in order; the first is the open, the last the close.
        low, high: The bounds of all prices.
        pairs: How many pairs of trades there are besides.
        pair_lots: Lots of one side of all the pairs, at least ``pairs``.
        opening, closing: Whether it begins or ends with the session's auction.
    """

    start_ns: int
    corners: list[tuple[int, int]]
    low: int
    high: int
    pairs: int = 0
    pair_lots: int = 0
    opening: bool = False
    closing: bool = False

    def tally(self, grid: Grid) -> Tally:
        """Give what its trades come to."""
        value = (self.low + self.high) * self.pair_lots
        volume = 2 * self.pair_lots
        for price, lots in self.corners:
            value += price * lots
            volume += lots
        corners = self.corners
        return Tally(
            corners[0][0],
            self.high,
            self.low,
            corners[-1][0],
            volume,
            len(corners) + 2 * self.pairs,
            value,
            grid.price_parts,
            grid.size_parts,
        )


def corner_prices(prices: tuple[int, int, int, int], low_first: bool) -> list[int]:
    """List the prices that open, high, low, close need for one trade each, at least one."""
    open_, high, low, close = prices
    if high == low:
        return [open_]
    between = [low] if low < min(open_, close) else []
    if high > max(open_, close):
        between.insert(1 if low_first else 0, high)
    return [open_, *between, close]


def trades_of(plan: MinutePlan, grid: Grid, symbol: str, chance: Random) -> list[TradeEvent]:
    """Draw the trades of a minute."""
    draw = chance.random
    ways = _between(plan, grid, chance)
    # Each pair's trades lie anywhere between the corners, which keep their order.
    places = len(plan.corners) - 1
    slots: list[list[tuple[int, int]]] = [[] for _ in range(max(1, places))]
    for way in ways:
        slots[int(draw() * len(slots))].append(way)
    steps = [plan.corners[0]]
    for place in range(len(slots)):
        steps += slots[place]
        if place < places:
            steps.append(plan.corners[place + 1])
    # Of one corner only, the pairs would stand after it: its price is theirs too.
    count = len(steps)
    room = MINUTE_NS - 2 * _EDGE_NS - count
    times = sorted(int(draw() * room) for _ in range(count))
    offsets = [_EDGE_NS + time + index for index, time in enumerate(times)]
    if plan.opening:
        offsets[0] = 0
    if plan.closing:
        offsets[-1] = MINUTE_NS - _EDGE_NS
    first_id = plan.start_ns // MINUTE_NS * _IDS_A_MINUTE
    price_parts, size_parts, start_ns = grid.price_parts, grid.size_parts, plan.start_ns
    return [
        TradeEvent(
            symbol, start_ns + offset, price / price_parts, lots / size_parts, first_id + index
        )
        for index, (offset, (price, lots)) in enumerate(zip(offsets, steps, strict=True), 1)
    ]


def with_quotes(
    trades: Sequence[TradeEvent], start_ns: int, last_price: float, grid: Grid, chance: Random
) -> list[QuoteEvent | TradeEvent]:
    """Put quotes around the trades of a minute: each trade meets the bid or the ask before it.

    Args:
        trades: Of one symbol, oldest first, at least one.
        last_price: Of the trade before them; one above it was bought, one below it sold.
    """
    draw = chance.random
    events: list[QuoteEvent | TradeEvent] = []
    before_ns = start_ns
    for trade in trades:
        gap = trade.time_ns - before_ns
        bought = trade.price > last_price or (trade.price == last_price and draw() < 0.5)
        if gap > 2:
            early, late = draw(), draw()
            if early > late:
                early, late = late, early
            shown = quote(
                trade.symbol, before_ns + 1 + int(early * (gap - 2)), last_price, grid, chance
            )
            events.append(shown)
            at_ns = before_ns + 1 + int(late * (gap - 2))
        else:
            at_ns = trade.time_ns
        events.append(quote(trade.symbol, at_ns, trade.price, grid, chance, bought))
        events.append(trade)
        before_ns, last_price = trade.time_ns, trade.price
    return events


def quote(
    symbol: str, time_ns: int, price: float, grid: Grid, chance: Random, bought: bool | None = None
) -> QuoteEvent:
    """Quote around a price: it is the ask when it was bought, the bid when it was sold."""
    draw = chance.random
    parts, step = grid.price_parts, grid.quote_step
    at = price * parts
    width = max(1, int(at * grid.spread / step + draw() * 1.2))
    if bought is None:
        bought = draw() < 0.5
    # Where the trades are not on the steps of quotes, the quote is the next one around them.
    if bought:
        ask = -int(-round(at, 3) // step)
        bid = ask - width
    else:
        bid = int(round(at, 3) // step)
        ask = bid + width
    lots = grid.quote_lots
    return QuoteEvent(
        symbol,
        time_ns,
        max(1, bid) * step / parts,
        lots * int(1 + draw() * _MOST_SHOWN) / grid.size_parts,
        max(2, ask) * step / parts,
        lots * int(1 + draw() * _MOST_SHOWN) / grid.size_parts,
    )


@cache
def activity_of(minutes: int) -> list[float]:
    """Say how lively each regular minute is, on average 1: most at the open and at the close."""
    raw = [
        1.0 + 2.5 * exp(-index / 20) + 1.8 * exp((index - minutes + 1) / 15)
        for index in range(minutes)
    ]
    mean = sum(raw) / minutes
    return [value / mean for value in raw]


def split_lots(lots: int, shares: int, chance: Random) -> list[int]:
    """Part lots into so many shares of at least one each, a few of them large."""
    if shares == 1:
        return [lots]
    draw = chance.random
    weights = [0.02 + draw() ** 4 for _ in range(shares)]
    spare, whole = lots - shares, sum(weights)
    parts = [1 + int(spare * weight / whole) for weight in weights]
    parts[0] += lots - sum(parts)
    return parts


def _between(plan: MinutePlan, grid: Grid, chance: Random) -> list[tuple[int, int]]:
    if not plan.pairs:
        return []
    draw = chance.random
    low, high, step = plan.low, plan.high, grid.quote_step
    half = (high - low) // 2 // step
    found = []
    for lots in split_lots(plan.pair_lots, plan.pairs, chance):
        # Nearer to the middle rather than far out.
        from_edge = (half - int(draw() * draw() * (half + 1))) * step
        found += [(low + from_edge, lots), (high - from_edge, lots)]
    return found
