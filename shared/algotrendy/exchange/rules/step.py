"""Match orders against one quote, one trade, or a new order against the present quote.

``orders[0:count]`` stand in priority order and share the liquidity in that order. Every function
writes its fills from ``fills[start]`` on, gives the new number of fills, and changes the orders it
touches: state, filled, stop, mark, triggered, and through parent and sibling those of their groups.
`match_bar` is in `bars`; it and `expire_session` can be had from here too.
"""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.exchange.rules.bars import match_bar
from algotrendy.exchange.rules.fills import end_if_immediate, fill, room_in
from algotrendy.exchange.rules.groups import expire_session, release_filled
from algotrendy.exchange.rules.prices import awaits_election, elect, has_limit, is_touched, takes
from algotrendy.exchange.rules.records import FillRow, OrderRow, QuoteRow, Terms, TradeRow
from algotrendy.exchange.rules.sessions import is_for_auction, works_in

__all__ = ["expire_session", "match_arrival", "match_bar", "match_quote", "match_trade"]


def meet_quote(
    orders: Sequence[OrderRow],
    count: int,
    index: int,
    quote: QuoteRow,
    terms: Terms,
    fills: Sequence[FillRow],
    at: int,
) -> int:
    """Let one order meet a quote: a buy the ask, a sell the bid."""
    order = orders[index]
    if not works_in(order, quote.phase):
        return at
    price = quote.ask if order.side > 0 else quote.bid
    if price > 0.0 and elect(order, price, terms.stop_on_quote) and takes(order, price):
        if terms.size_check == 0:
            at = fill(orders, index, price, room_in(0.0, terms), fills, at)[0]
        elif order.side > 0:
            at, quote.ask_size = fill(orders, index, price, quote.ask_size, fills, at)
        else:
            at, quote.bid_size = fill(orders, index, price, quote.bid_size, fills, at)
    end_if_immediate(orders, count, index)
    return at


def match_quote(
    orders: Sequence[OrderRow],
    count: int,
    quote: QuoteRow,
    terms: Terms,
    fills: Sequence[FillRow],
    start: int,
) -> int:
    """Match orders against a quote.

    A buy fills at the ask, a sell at the bid; a limit order when that is its limit or better. With
    ``size_check`` what is taken is subtracted from the quote's sizes, so that who comes later finds
    what is left. Stops see quotes only with ``stop_on_quote``. The exits of an entry that fills
    meet the same quote.
    """
    at = start
    first = start
    waiting = True
    while waiting:
        for k in range(count):
            price = quote.ask if orders[k].side > 0 else quote.bid
            if is_touched(orders[k], price, price):
                at = meet_quote(orders, count, k, quote, terms, fills, at)
        waiting = at > first and release_filled(orders, count, fills, first, at) > 0
        first = at
    return at


def match_arrival(
    orders: Sequence[OrderRow],
    index: int,
    quote: QuoteRow,
    terms: Terms,
    fills: Sequence[FillRow],
    start: int,
) -> int:
    """Match a new order, and the exits that it releases, against the present quote.

    What it leaves of an ioc order is cancelled; fok is all or nothing. A trailing stop gets its
    first mark.
    """
    count = len(orders)
    at = meet_quote(orders, count, index, quote, terms, fills, start)
    if release_filled(orders, count, fills, start, at) > 0:
        for k in range(count):
            if orders[k].parent == index:
                at = meet_quote(orders, count, k, quote, terms, fills, at)
    return at


def match_trade(
    orders: Sequence[OrderRow],
    count: int,
    trade: TradeRow,
    terms: Terms,
    fills: Sequence[FillRow],
    start: int,
) -> int:
    """Match orders against a trade.

    It elects stops. A resting limit order fills at its limit when the trade is there or through
    it; market orders, the stops that it elects, and opg and cls orders fill at the trade's price.
    All together take at most their share of its size. The exits of an entry that fills wait for
    what comes next: this trade was before them.
    """
    at = start
    room = room_in(trade.size, terms)
    price = trade.price
    for k in range(count):
        order = orders[k]
        if is_touched(order, price, price) and works_in(order, trade.phase):
            rested = has_limit(order) and not awaits_election(order)
            if elect(order, price, 1) and takes(order, price):
                at_price = order.limit if rested and not is_for_auction(order) else price
                at, room = fill(orders, k, at_price, room, fills, at)
            end_if_immediate(orders, count, k)
    if at > start:
        release_filled(orders, count, fills, start, at)
    return at
