"""Measure a risk decision in microseconds, with few and with many orders in the past.

    python benchmarks/risk.py

An account of twenty symbols and five strategies, every limit set, market hours among them. Each
order is approved, so that each limit is looked at. Prints one JSON document, and ends with 1 where
half of the decisions took longer than the budget.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.market_data.calendar import us_equities
from algotrendy.risk.engine import decide
from algotrendy.risk.limits import Limits, StrategyId, parse_limits
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import Terms

NOON = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)
SYMBOLS = [Symbol(f"S{number}") for number in range(20)]
STRATEGIES = [StrategyId(f"strategy-{number}") for number in range(5)]
ROUNDS, ORDERS = 200, 100
BUDGET_US = 50
_OF_AN_ORDER = {
    "order_quantity": "1000000",
    "order_notional": "1000000000",
    "position_quantity": "1000000000",
    "position_notional": "1000000000000",
    "price_collar": "0.05",
    "fat_finger": {"multiple": "10"},
}
_OF_A_BOOK = {
    **_OF_AN_ORDER,
    "gross_exposure": "1000000000000",
    "net_exposure": "1000000000000",
    "concentration": "100",
    "leverage": "100",
    "margin_use": "100",
    "daily_loss": "1000000000",
    "drawdown": "0.9",
    "order_rate": {"orders": 1000, "window_s": 1},
    "restricted": ["GME"],
    "market_hours": "regular",
    "duplicate_window_s": 1,
    "value_at_risk": {"loss": "1000000000"},
    "expected_shortfall": {"loss": "1000000000"},
    "stress_loss": "1000000000",
}


def rules() -> Limits:
    """Set every limit, for the account, each strategy and each symbol."""
    return parse_limits(
        {
            "version": 1,
            "account": _OF_A_BOOK,
            "strategies": [{**_OF_A_BOOK, "strategy": name} for name in STRATEGIES],
            "symbols": [{**_OF_AN_ORDER, "symbol": symbol} for symbol in SYMBOLS],
        }
    )


def order(number: int) -> OrderRequest:
    """Bid a little below the last price, in each symbol in turn."""
    return OrderRequest(
        SYMBOLS[number % len(SYMBOLS)],
        Side.BUY,
        OrderType.LIMIT,
        quantity=Decimal(10 + number % 7),
        limit_price=Decimal("99.25"),
    )


def state_after(past_orders: int) -> RiskState:
    """Let so many orders open; of each two one fills and ends, the other still stands."""
    state = RiskState(Decimal(10**9))
    for strategy in STRATEGIES:
        state.add_strategy(strategy, Decimal(10**8))
    for symbol in SYMBOLS:
        state.set_terms(
            symbol, Terms(margin_rate=Decimal("0.3"), borrowable=None, calendar=us_equities())
        )
        state.on_price(symbol, Decimal("100.37"))
    begin = NOON - timedelta(milliseconds=10 * past_orders + 60_000)
    for number in range(past_orders):
        request, name = order(number), f"order-{number}"
        assert request.quantity is not None
        at = begin + timedelta(milliseconds=10 * number)
        state.on_order_opened(name, request, request.quantity, at, STRATEGIES[number % 5])
        if number // 100 % 2:
            symbol, price = Symbol(request.symbol), Decimal("99.25")
            state.on_fill(symbol, request.side, request.quantity, price, order_id=name)
            state.on_order_closed(name)
    return state


def decisions(past_orders: int) -> dict[str, float]:
    """Give the best, the median and the 99th hundredth of single decisions, in us."""
    state, limits = state_after(past_orders), rules()
    requests = [(order(number), STRATEGIES[number % 5]) for number in range(ORDERS)]
    for request, strategy in requests:
        decision = decide(request, state, limits, NOON, strategy)
        if not decision.is_approved:
            raise SystemExit(f"refused: {decision.breaches[0]}")
    waits = []
    for request, strategy in requests * ROUNDS:
        start = time.perf_counter_ns()
        decide(request, state, limits, NOON, strategy)
        waits.append((time.perf_counter_ns() - start) / 1e3)
    cuts = statistics.quantiles(waits, n=100)
    return {
        "best_us": round(min(waits), 1),
        "p50_us": round(cuts[49], 1),
        "p99_us": round(cuts[98], 1),
    }


def updates() -> dict[str, float]:
    """Give the microseconds of a price, and of an order opened, filled and closed."""
    state = state_after(10_000)
    prices = [Decimal("100.37") + Decimal(number) / 100 for number in range(100)]
    start = time.perf_counter()
    for number in range(10_000):
        state.on_price(SYMBOLS[number % len(SYMBOLS)], prices[number % 100])
    price = (time.perf_counter() - start) / 10_000
    start = time.perf_counter()
    for number in range(10_000):
        request, name = order(number), f"new-{number}"
        quantity = request.quantity or Decimal(1)
        state.on_order_opened(name, request, quantity, NOON, STRATEGIES[number % 5])
        symbol = Symbol(request.symbol)
        state.on_fill(symbol, request.side, quantity, prices[0], order_id=name)
        state.on_order_closed(name)
    life = (time.perf_counter() - start) / 10_000
    return {"price_us": round(price * 1e6, 1), "order_life_us": round(life * 1e6, 1)}


def measure() -> dict[str, Any]:
    """Measure decisions after few and after many orders, and what keeps the state."""
    return {
        "benchmark": "risk",
        "unit": "microseconds; each of 20,000 decisions by itself",
        "budget_us": BUDGET_US,
        "past_orders_100": decisions(100),
        "past_orders_100000": decisions(100_000),
        "updates": updates(),
    }


def main() -> int:
    """Print the measures; give 1 where the median is above the budget."""
    measured = measure()
    print(json.dumps(measured, indent=2))
    slow = {
        name: found["p50_us"]
        for name, found in measured.items()
        if name.startswith("past_orders") and found["p50_us"] > BUDGET_US
    }
    for name, median in slow.items():
        print(f"{name}: p50 must be at most {BUDGET_US} us, was {median} us", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
