"""Stand in for the market of LEAN's paper brokerage: orders, their matching, cash and holdings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

ZERO = Decimal(0)


class Kind(IntEnum):
    """LEAN's order types."""

    MARKET = 0
    LIMIT = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3


class Status(IntEnum):
    """LEAN's order states."""

    NEW = 0
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 5
    NONE = 6
    INVALID = 7
    CANCEL_PENDING = 8
    UPDATE_SUBMITTED = 9


OVER = frozenset({Status.FILLED, Status.CANCELED, Status.INVALID})
_EVENT_WORDS = {
    Status.SUBMITTED: "submitted",
    Status.PARTIALLY_FILLED: "partiallyFilled",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.INVALID: "invalid",
    Status.UPDATE_SUBMITTED: "updateSubmitted",
}


@dataclass(slots=True)
class PaperOrder:
    """An order; ``quantity`` and ``filled`` are negative for a sale."""

    id: int
    symbol: str
    kind: Kind
    quantity: Decimal
    tag: str
    is_day: bool
    created: datetime
    limit: Decimal | None = None
    stop: Decimal | None = None
    status: Status = Status.NEW
    filled: Decimal = ZERO
    is_elected: bool = False
    updated: datetime | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def open_quantity(self) -> Decimal:
        return abs(self.quantity) - abs(self.filled)

    @property
    def is_buy(self) -> bool:
        return self.quantity > 0

    def as_json(self) -> dict[str, Any]:
        """Write it as the API documents an order."""
        return {
            "id": self.id,
            "contingentId": 0,
            "brokerId": [str(self.id)],
            "symbol": {"value": self.symbol, "id": f"{self.symbol} R735QTJ8XC9X"},
            "limitPrice": None if self.limit is None else float(self.limit),
            "stopPrice": None if self.stop is None else float(self.stop),
            "price": 0,
            "priceCurrency": "USD",
            "time": self.created.isoformat(),
            "createdTime": self.created.isoformat(),
            "lastUpdateTime": None if self.updated is None else self.updated.isoformat(),
            "quantity": float(self.quantity),
            "type": int(self.kind),
            "status": int(self.status),
            "tag": self.tag,
            "securityType": 1,
            "direction": 0 if self.is_buy else 1,
            "properties": {"timeInForce": 1 if self.is_day else 0},
            "events": list(self.events),
        }


class PaperMarket:
    """One symbol's market and one account on it; cash buys, and margin is not modelled."""

    def __init__(self, symbol: str, cash: Decimal, now: Callable[[], datetime]) -> None:
        self.symbol = symbol
        self.cash = cash
        self.bid, self.ask = Decimal("99.99"), Decimal("100.01")
        self.orders: dict[int, PaperOrder] = {}
        self.held = ZERO
        self.cost = ZERO
        self.now = now

    def price(self, symbol: str) -> Decimal:
        """Give the present price; zero for what is not traded here."""
        return (self.bid + self.ask) / 2 if symbol == self.symbol else ZERO

    def submit(self, order: PaperOrder) -> None:
        """Take an order, or find it invalid for want of cash."""
        order.id = len(self.orders) + 1
        self.orders[order.id] = order
        if order.is_buy and order.quantity * (order.limit or order.stop or self.ask) > self.cash:
            self._event(
                order, Status.INVALID, message="Insufficient buying power to complete order"
            )
            return
        self._event(order, Status.SUBMITTED)
        self._match_quote(order)

    def update(self, order: PaperOrder, **changes: Any) -> str | None:
        """Change an order; give the reason when it cannot be."""
        if order.status in OVER:
            return f"Unable to update order {order.id}: it is {order.status.name.title()}"
        for name, value in changes.items():
            setattr(order, name, value)
        self._event(order, Status.UPDATE_SUBMITTED)
        self._match_quote(order)
        return None

    def cancel(self, order: PaperOrder) -> str | None:
        """Cancel an order; give the reason when it cannot be."""
        if order.status in OVER:
            return f"Unable to cancel order {order.id}: it is {order.status.name.title()}"
        self._event(order, Status.CANCELED)
        return None

    def quote(self, bid: Decimal, ask: Decimal) -> None:
        """Move the quote; it has ample size, and elects no stops."""
        self.bid, self.ask = bid, ask
        for order in self._standing():
            self._match_quote(order)

    def trade(self, price: Decimal, size: Decimal) -> None:
        """Let others trade: resting limits share the size, stops are elected."""
        left = size
        for order in self._standing():
            if order.kind is Kind.LIMIT and order.limit is not None:
                reached = price <= order.limit if order.is_buy else price >= order.limit
                if reached and left > 0:
                    taken = min(left, order.open_quantity)
                    left -= taken
                    self._fill(order, taken, order.limit)
            elif order.stop is not None and not order.is_elected:
                order.is_elected = price >= order.stop if order.is_buy else price <= order.stop
                self._match_quote(order)

    def portfolio(self) -> dict[str, Any]:
        """Write holdings and cash as the API documents them."""
        held = {}
        if self.held:
            price = self.price(self.symbol)
            held[f"{self.symbol} R735QTJ8XC9X"] = {
                "symbol": {"value": self.symbol, "id": f"{self.symbol} R735QTJ8XC9X"},
                "type": "Equity",
                "currencySymbol": "$",
                "averagePrice": float(self.cost / self.held),
                "quantity": float(self.held),
                "marketPrice": float(price),
                "marketValue": float(self.held * price),
            }
        cash = {"symbol": "USD", "amount": float(self.cash), "conversionRate": 1}
        return {"holdings": held, "cash": {"USD": cash}}

    def _standing(self) -> list[PaperOrder]:
        return [order for order in self.orders.values() if order.status not in OVER]

    def _match_quote(self, order: PaperOrder) -> None:
        price = self.ask if order.is_buy else self.bid
        if order.status in OVER or (order.stop is not None and not order.is_elected):
            return
        if order.limit is not None:
            crosses = price <= order.limit if order.is_buy else price >= order.limit
            if not crosses:
                return
        self._fill(order, order.open_quantity, price)

    def _fill(self, order: PaperOrder, quantity: Decimal, price: Decimal) -> None:
        signed = quantity if order.is_buy else -quantity
        order.filled += signed
        self.cash -= signed * price
        before = self.held
        self.held += signed
        if before * signed >= 0:
            self.cost += signed * price
        elif before * self.held >= 0:
            self.cost = self.cost * self.held / before
        else:
            self.cost = self.held * price
        status = Status.FILLED if not order.open_quantity else Status.PARTIALLY_FILLED
        self._event(order, status, signed, price)

    def _event(
        self,
        order: PaperOrder,
        status: Status,
        quantity: Decimal = ZERO,
        price: Decimal = ZERO,
        message: str = "",
    ) -> None:
        order.status, order.updated = status, self.now()
        order.events.append(
            {
                "orderId": order.id,
                "orderEventId": len(order.events) + 1,
                "id": f"deployment-{order.id}-{len(order.events) + 1}",
                "symbolValue": order.symbol,
                "status": _EVENT_WORDS[status],
                "time": order.updated.timestamp(),
                "fillPrice": float(price),
                "fillPriceCurrency": "USD",
                "fillQuantity": float(quantity),
                "orderFeeAmount": 1.0 if quantity else None,
                "orderFeeCurrency": "USD" if quantity else None,
                "direction": "buy" if order.is_buy else "sell",
                "message": message,
            }
        )
