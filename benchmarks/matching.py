"""Measure the matching rules in process: nanoseconds an order, compiled and interpreted.

    python benchmarks/matching.py

So many resting orders of all kinds meet one event after another, most of which touch none; in a
second round each event fills a market order. Prints one JSON document.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from algotrendy.exchange.compiled import compiled, table, table_of
from algotrendy.exchange.rules.codes import (
    BUY,
    FILLED,
    LIMIT,
    MARKET,
    REGULAR_HOURS,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    WORKING,
)
from algotrendy.exchange.rules.records import (
    BAR_FIELDS,
    FILL_FIELDS,
    ORDER_FIELDS,
    QUOTE_FIELDS,
    TERMS_FIELDS,
    BarRow,
    FillRow,
    OrderRow,
    QuoteRow,
    Terms,
)
from algotrendy.exchange.rules.step import match_bar, match_quote

EVENTS, ORDERS = 1_000, 4
Loop = Callable[..., int]


def rest_bars(orders: Any, count: int, bars: Any, terms: Any, fills: Any, rounds: int) -> int:
    """Let orders rest while bars pass."""
    found = 0
    for _ in range(rounds):
        for t in range(len(bars)):
            found += match_bar(orders, count, bars[t], terms[0], fills, 0)
    return found


def rest_quotes(orders: Any, count: int, quotes: Any, terms: Any, fills: Any, rounds: int) -> int:
    """Let orders rest while quotes pass."""
    found = 0
    for _ in range(rounds):
        for t in range(len(quotes)):
            found += match_quote(orders, count, quotes[t], terms[0], fills, 0)
    return found


def fill_bars(orders: Any, count: int, bars: Any, terms: Any, fills: Any, rounds: int) -> int:
    """Put a market order before each bar."""
    found = 0
    for _ in range(rounds):
        for t in range(len(bars)):
            orders[0].kind = MARKET
            orders[0].state = WORKING
            orders[0].filled = 0.0
            found += match_bar(orders, count, bars[t], terms[0], fills, 0)
    return found


def fill_quotes(orders: Any, count: int, quotes: Any, terms: Any, fills: Any, rounds: int) -> int:
    """Put a market order before each quote."""
    found = 0
    for _ in range(rounds):
        for t in range(len(quotes)):
            orders[0].kind = MARKET
            orders[0].state = WORKING
            orders[0].filled = 0.0
            found += match_quote(orders, count, quotes[t], terms[0], fills, 0)
    return found


def _orders() -> list[OrderRow]:
    kinds = (LIMIT, STOP, STOP_LIMIT, TRAILING_STOP)
    sides = (SELL, SELL, BUY, SELL)
    return [
        OrderRow(
            kind=kind,
            side=side,
            state=WORKING,
            quantity=100.0,
            limit=200.0,
            stop=150.0 if side == BUY else 50.0,
            trail_price=20.0,
        )
        for kind, side in zip(kinds, sides, strict=True)
    ]


def _bars() -> list[BarRow]:
    return [
        BarRow(
            open=100.0 + t % 7 / 10,
            high=102.0,
            low=98.0,
            close=100.0,
            volume=10_000.0,
            phase=REGULAR_HOURS,
        )
        for t in range(EVENTS)
    ]


def _quotes() -> list[QuoteRow]:
    return [
        QuoteRow(
            bid=100.0 + t % 7 / 10,
            bid_size=1e9,
            ask=100.1 + t % 7 / 10,
            ask_size=1e9,
            phase=REGULAR_HOURS,
        )
        for t in range(EVENTS)
    ]


def _best_ns(run: Callable[[], int], events: int) -> float:
    """Give the least time of five, in nanoseconds an event."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter_ns()
        run()
        best = min(best, (time.perf_counter_ns() - start) / events)
    return best


def _measure(loop: Loop, events: Sequence[Any], fills_each: bool) -> dict[str, float]:
    terms = Terms(size_check=1, stop_on_quote=1, participation=0.1)
    count = 1 if fills_each else ORDERS
    fields = BAR_FIELDS if isinstance(events[0], BarRow) else QUOTE_FIELDS
    tables = (
        table_of(ORDER_FIELDS, _orders()[:count]),
        count,
        table_of(fields, list(events)),
        table_of(TERMS_FIELDS, [terms]),
        table(FILL_FIELDS, 8),
    )
    start = time.perf_counter()
    compiled(loop)(*tables, 1)
    compiling = time.perf_counter() - start
    fast = _best_ns(lambda: compiled(loop)(*tables, 200), 200 * EVENTS)
    rows = _orders()[:count], count, events, [terms], [FillRow() for _ in range(8)]
    found = loop(*rows, 1)
    if found != (EVENTS if fills_each else 0) or (fills_each and rows[0][0].state != FILLED):
        raise SystemExit(f"{loop.__name__} found {found} fills")
    slow = _best_ns(lambda: loop(*rows, 2), 2 * EVENTS)
    return {
        "orders": count,
        "compiled_ns_per_event": round(fast, 1),
        "compiled_ns_per_order": round(fast / count, 1),
        "interpreted_ns_per_event": round(slow),
        "interpreted_ns_per_order": round(slow / count),
        "compiling_s": round(compiling, 2),
    }


def measure() -> dict[str, Any]:
    """Measure match_bar and match_quote, with orders that rest and orders that fill."""
    return {
        "match_bar": {
            "resting": _measure(rest_bars, _bars(), False),
            "filling": _measure(fill_bars, _bars(), True),
        },
        "match_quote": {
            "resting": _measure(rest_quotes, _quotes(), False),
            "filling": _measure(fill_quotes, _quotes(), True),
        },
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
