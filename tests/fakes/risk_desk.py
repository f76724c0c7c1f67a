"""An account to judge orders for: short words for what a test of risk says often."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from algotrendy.risk.decision import Decision, Limit
from algotrendy.risk.engine import decide
from algotrendy.risk.limits import Limits, StrategyId, parse_limits
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import Terms

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
TREND = StrategyId("trend")
NOON = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)
"""A Tuesday, in the regular hours."""


def buy(quantity: str, symbol: Symbol = AAPL, **more: Any) -> OrderRequest:
    return _order(Side.BUY, quantity, symbol, more)


def sell(quantity: str, symbol: Symbol = AAPL, **more: Any) -> OrderRequest:
    return _order(Side.SELL, quantity, symbol, more)


def _order(side: Side, quantity: str, symbol: Symbol, more: dict[str, Any]) -> OrderRequest:
    for field in ("limit_price", "stop_price"):
        if field in more:
            more[field] = Decimal(more[field])
    if "type" not in more and "limit_price" in more:
        more["type"] = OrderType.LIMIT
    return OrderRequest(symbol, side, quantity=Decimal(quantity), **more)


def limits(**account: Any) -> Limits:
    return parse_limits({"version": 1, "account": {"wash_trade_guard": False, **account}})


class Desk:
    """An account of 100,000 with AAPL at 100 and MSFT at 50, shares to borrow without end."""

    def __init__(self, rules: Limits | None = None, cash: str = "100000") -> None:
        self.state = RiskState(Decimal(cash))
        self.limits = rules or limits()
        self.opened = 0
        for symbol, price in ((AAPL, "100"), (MSFT, "50")):
            self.state.set_terms(symbol, Terms(borrowable=None))
            self.state.on_price(symbol, Decimal(price))

    def judge(
        self, request: OrderRequest, strategy: StrategyId | None = None, at: datetime = NOON
    ) -> Decision:
        return decide(request, self.state, self.limits, at, strategy)

    def breaks(
        self, request: OrderRequest, strategy: StrategyId | None = None, at: datetime = NOON
    ) -> set[Limit]:
        return {breach.limit for breach in self.judge(request, strategy, at).breaches}

    def open(
        self,
        request: OrderRequest,
        strategy: StrategyId | None = None,
        at: datetime = NOON,
        group: str | None = None,
    ) -> str:
        self.opened += 1
        name = f"order-{self.opened}"
        assert request.quantity is not None
        self.state.on_order_opened(name, request, request.quantity, at, strategy, group)
        return name

    def hold(
        self, quantity: str, symbol: Symbol = AAPL, strategy: StrategyId | None = None
    ) -> None:
        """Fill so much at the last price, below zero for a sell."""
        amount = Decimal(quantity)
        side = Side.BUY if amount > 0 else Side.SELL
        price = self.state.prices[symbol]
        self.state.on_fill(symbol, side, abs(amount), price, strategy=strategy)


def bracket(profit: str = "110", stop: str = "90") -> OrderRequest:
    """Ask for a purchase with both exits."""
    return buy(
        "10",
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfit(Decimal(profit)),
        stop_loss=StopLoss(Decimal(stop)),
    )
