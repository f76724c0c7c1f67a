"""Short ways to write orders, markets and what became of them, for tests of the rules."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.exchange.rules.codes import (
    ENTRY,
    HELD,
    LIMIT,
    MARKET,
    REGULAR_HOURS,
    SELL,
    STOP,
    STOP_LOSS,
    TAKE_PROFIT,
    WORKING,
)
from algotrendy.exchange.rules.records import BarRow, FillRow, OrderRow, QuoteRow, Terms, TradeRow
from algotrendy.exchange.rules.step import match_arrival, match_bar, match_quote, match_trade

UNLIMITED = Terms()
Told = list[tuple[int, float, float]]
"""Row, quantity and price of each fill."""


def order(kind: int, side: int, quantity: float = 100.0, **values: float) -> OrderRow:
    """Make a working order."""
    return OrderRow(
        **({"kind": kind, "side": side, "state": WORKING, "quantity": quantity} | values)
    )


def bracket(
    target: float, stop: float, quantity: float = 100.0, side: int = 1, **entry: float
) -> list[OrderRow]:
    """Make an entry, at the market unless said otherwise, with its two exits."""
    first = OrderRow(
        **({"kind": MARKET, "side": side, "quantity": quantity, "state": WORKING} | entry)
    )
    first.role = ENTRY
    exits = {"state": HELD, "parent": 0}
    return [
        first,
        order(LIMIT, -side, quantity, role=TAKE_PROFIT, limit=target, sibling=2, **exits),
        order(STOP, -side, quantity, role=STOP_LOSS, stop=stop, sibling=1, **exits),
    ]


def oco(target: float, stop: float, quantity: float = 100.0, side: int = SELL) -> list[OrderRow]:
    """Make two exits that work."""
    return [
        order(LIMIT, side, quantity, role=TAKE_PROFIT, limit=target, sibling=1),
        order(STOP, side, quantity, role=STOP_LOSS, stop=stop, sibling=0),
    ]


def _told(fills: Sequence[FillRow], found: int) -> Told:
    return [(fill.order, fill.quantity, fill.price) for fill in fills[:found]]


def _room() -> list[FillRow]:
    return [FillRow() for _ in range(16)]


def on_quote(
    orders: Sequence[OrderRow],
    bid: float,
    ask: float,
    sizes: tuple[float, float] = (1e9, 1e9),
    terms: Terms = UNLIMITED,
    phase: int = REGULAR_HOURS,
) -> Told:
    """Let orders meet a quote."""
    quote = QuoteRow(bid=bid, ask=ask, bid_size=sizes[0], ask_size=sizes[1], phase=phase)
    fills = _room()
    return _told(fills, match_quote(orders, len(orders), quote, terms, fills, 0))


def on_arrival(
    orders: Sequence[OrderRow],
    index: int,
    bid: float,
    ask: float,
    sizes: tuple[float, float] = (1e9, 1e9),
    terms: Terms = UNLIMITED,
    phase: int = REGULAR_HOURS,
) -> Told:
    """Let a new order meet the present quote."""
    quote = QuoteRow(bid=bid, ask=ask, bid_size=sizes[0], ask_size=sizes[1], phase=phase)
    fills = _room()
    return _told(fills, match_arrival(orders, index, quote, terms, fills, 0))


def on_trade(
    orders: Sequence[OrderRow],
    price: float,
    size: float = 1e9,
    terms: Terms = UNLIMITED,
    phase: int = REGULAR_HOURS,
) -> Told:
    """Let orders meet a trade."""
    trade = TradeRow(price=price, size=size, phase=phase)
    fills = _room()
    return _told(fills, match_trade(orders, len(orders), trade, terms, fills, 0))


def on_bar(
    orders: Sequence[OrderRow],
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float = 1e9,
    terms: Terms = UNLIMITED,
    phase: int = REGULAR_HOURS,
) -> Told:
    """Let orders meet a bar."""
    bar = BarRow(open=open_, high=high, low=low, close=close, volume=volume, phase=phase)
    fills = _room()
    return _told(fills, match_bar(orders, len(orders), bar, terms, fills, 0))
