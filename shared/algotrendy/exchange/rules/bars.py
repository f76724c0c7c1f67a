"""Match orders against one bar, of which only the open's and the close's places are known.

What is certain happens; where it depends on whether the high or the low came first, the worse is
taken. In this order:

1. The open, before all else. Market and opg orders fill there, and limit orders that it is better
   for; a stop that it has passed is elected and fills there, however bad.
2. Stops that the low or high reaches, at the stop. So a bar that touches stop and target of one
   position ends it at the stop. A trailing stop is tested where it stood before the bar; then its
   mark moves with the bar's extreme, and a close beyond the stop so moved elects it there.
3. Limits that the low or high reaches, at the limit. A stop-limit order that the open elected
   beyond its limit fills when the bar comes back to it; one elected later, when the close does.
4. Exits of entries that filled in 2 or 3: a stop that the bar's extreme reaches fills, though that
   may have been before the entry; a target only when the close is there.
5. The close, for cls orders; a cls stop is tested there and nowhere else.

All together take at most their share of the bar's volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from algotrendy.exchange.rules.codes import (
    CLS,
    FILLED,
    LAST_OF_SESSION,
    LIMIT,
    MARKET,
    TRAILING_STOP,
)
from algotrendy.exchange.rules.fills import end_if_immediate, fill, room_in
from algotrendy.exchange.rules.groups import is_open, release_exits, release_filled
from algotrendy.exchange.rules.prices import (
    awaits_election,
    elect,
    follow,
    has_limit,
    is_reached,
    is_touched,
    takes,
)
from algotrendy.exchange.rules.records import BarRow, FillRow, OrderRow, Terms
from algotrendy.exchange.rules.sessions import is_for_auction, works_in

ELECTED_WITHIN: Final = 2
"""Stands in ``triggered`` while a bar is matched: elected after its open, no one knows when."""


def match_bar(
    orders: Sequence[OrderRow],
    count: int,
    bar: BarRow,
    terms: Terms,
    fills: Sequence[FillRow],
    start: int,
) -> int:
    """Match orders against a bar; the rules are at the head of this module."""
    low, high = bar.low, bar.high
    for k in range(count):
        if is_touched(orders[k], low, high):
            return match_touched(orders, count, bar, terms, fills, start)
    return start


def match_touched(
    orders: Sequence[OrderRow],
    count: int,
    bar: BarRow,
    terms: Terms,
    fills: Sequence[FillRow],
    start: int,
) -> int:
    """Match orders against a bar that touches at least one of them."""
    low, high = bar.low, bar.high
    at, room = meet_opens(orders, count, bar, room_in(bar.volume, terms), fills, start)
    first = at
    for k in range(count):
        if is_open(orders[k]):
            break
    else:
        return at
    for k in range(count):
        if awaits_election(orders[k]) and is_touched(orders[k], low, high):
            at, room = meet_stop(orders, k, bar, room, fills, at)
    for k in range(count):
        if orders[k].triggered == ELECTED_WITHIN or is_touched(orders[k], low, high):
            at, room = meet_limit(orders, count, k, bar, room, fills, at)
    for f in range(first, at):
        entry = fills[f].order
        if orders[entry].state == FILLED and release_exits(orders, count, entry) > 0:
            at, room = meet_exits(orders, count, entry, fills[f].price, bar, room, fills, at)
    if bar.phase & LAST_OF_SESSION != 0:
        at = meet_close(orders, count, bar, room, fills, at)
    return at


def meet_opens(
    orders: Sequence[OrderRow],
    count: int,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    start: int,
) -> tuple[int, float]:
    """Let all orders meet the open, then the exits of entries that it filled."""
    at = start
    first = start
    waiting = True
    while waiting:
        for k in range(count):
            if is_touched(orders[k], bar.low, bar.high):
                at, room = meet_open(orders, count, k, bar, room, fills, at)
        waiting = at > first and release_filled(orders, count, fills, first, at) > 0
        first = at
    return at, room


def meet_open(
    orders: Sequence[OrderRow],
    count: int,
    index: int,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    at: int,
) -> tuple[int, float]:
    """Let one order meet the open."""
    order = orders[index]
    if order.tif == CLS or not works_in(order, bar.phase):
        return at, room
    if awaits_election(order):
        if order.kind == TRAILING_STOP and order.mark == 0.0:
            follow(order, bar.open)
        if not is_reached(order.side, order.stop, bar.open):
            return at, room
        order.triggered = 1
    if takes(order, bar.open):
        at, room = fill(orders, index, bar.open, room, fills, at)
    end_if_immediate(orders, count, index)
    return at, room


def meet_stop(
    orders: Sequence[OrderRow],
    index: int,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    at: int,
) -> tuple[int, float]:
    """Let one stop, which the open has not reached, meet the bar."""
    order = orders[index]
    if is_for_auction(order) or not works_in(order, bar.phase):
        return at, room
    worst, best = bar.low, bar.high
    if order.side > 0:
        worst, best = best, worst
    if not is_reached(order.side, order.stop, worst):
        if order.kind != TRAILING_STOP:
            return at, room
        follow(order, best)
        if not is_reached(order.side, order.stop, bar.close):
            return at, room
    order.triggered = ELECTED_WITHIN
    if takes(order, order.stop):
        return fill(orders, index, order.stop, room, fills, at)
    return at, room


def meet_limit(
    orders: Sequence[OrderRow],
    count: int,
    index: int,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    at: int,
) -> tuple[int, float]:
    """Let one limit order, which the open was not good enough for, meet the bar."""
    order = orders[index]
    reach = bar.low if order.side > 0 else bar.high
    if order.triggered == ELECTED_WITHIN:
        order.triggered = 1
        reach = bar.close
    elif order.kind == MARKET or is_for_auction(order) or awaits_election(order):
        return at, room
    if not works_in(order, bar.phase):
        return at, room
    if has_limit(order) and takes(order, reach):
        at, room = fill(orders, index, order.limit, room, fills, at)
    end_if_immediate(orders, count, index)
    return at, room


def meet_exits(
    orders: Sequence[OrderRow],
    count: int,
    entry: int,
    price: float,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    at: int,
) -> tuple[int, float]:
    """Let the exits meet the rest of a bar in which their entry filled at a price."""
    for k in range(count):
        if orders[k].parent == entry and awaits_election(orders[k]):
            at, room = meet_stop_exit(orders, k, price, bar, room, fills, at)
    for k in range(count):
        order = orders[k]
        is_target = order.parent == entry and order.kind == LIMIT and not is_for_auction(order)
        if is_target and works_in(order, bar.phase):
            if takes(order, price):
                at, room = fill(orders, k, price, room, fills, at)
            elif takes(order, bar.close):
                at, room = fill(orders, k, order.limit, room, fills, at)
    return at, room


def meet_stop_exit(
    orders: Sequence[OrderRow],
    index: int,
    price: float,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    at: int,
) -> tuple[int, float]:
    """Let a stop meet the rest of a bar in which its entry filled at a price."""
    order = orders[index]
    if is_for_auction(order) or not works_in(order, bar.phase):
        return at, room
    if order.kind == TRAILING_STOP and order.mark == 0.0:
        follow(order, price)
    if is_reached(order.side, order.stop, bar.high if order.side > 0 else bar.low):
        order.triggered = 1
        elected_at = price if is_reached(order.side, order.stop, price) else order.stop
        if takes(order, elected_at):
            return fill(orders, index, elected_at, room, fills, at)
        if takes(order, bar.close):
            return fill(orders, index, order.limit, room, fills, at)
    elif order.kind == TRAILING_STOP:
        follow(order, bar.close)
    return at, room


def meet_close(
    orders: Sequence[OrderRow],
    count: int,
    bar: BarRow,
    room: float,
    fills: Sequence[FillRow],
    start: int,
) -> int:
    """Let the cls orders meet the close of the session's last bar."""
    at = start
    for k in range(count):
        order = orders[k]
        if order.tif == CLS and works_in(order, bar.phase):
            if elect(order, bar.close, 1) and takes(order, bar.close):
                at, room = fill(orders, k, bar.close, room, fills, at)
            end_if_immediate(orders, count, k)
    release_filled(orders, count, fills, start, at)
    return at
