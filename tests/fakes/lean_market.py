"""Stand in for LEAN's paper brokerage: LEAN's orders on the venue of our own paper exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from algotrendy.exchange.market.events import QuoteEvent, TradeEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import Update, UpdateEvent
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.market_data.calendar import always_open

ZERO = Decimal(0)
AMPLE = 1_000_000.0


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


_TYPES = {
    Kind.MARKET: OrderType.MARKET,
    Kind.LIMIT: OrderType.LIMIT,
    Kind.STOP_MARKET: OrderType.STOP,
    Kind.STOP_LIMIT: OrderType.STOP_LIMIT,
}
_STATUSES = {
    UpdateEvent.NEW: Status.SUBMITTED,
    UpdateEvent.CANCELED: Status.CANCELED,
    UpdateEvent.EXPIRED: Status.CANCELED,
    UpdateEvent.REJECTED: Status.INVALID,
}
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
    """An order; ``quantity`` and ``filled`` are negative for a sale.

    LEAN's order keeps its number when it is changed; at the venue another takes its place:
    ``venue_id`` is the present one's, and ``filled_before`` what those before it have filled.
    """

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
    venue_id: str = ""
    filled_before: Decimal = ZERO
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
    """One symbol's market, always open, and one margin account on it."""

    def __init__(self, symbol: str, cash: Decimal, now: Callable[[], datetime]) -> None:
        self.symbol = symbol
        self.now = now
        self.orders: dict[int, PaperOrder] = {}
        self._owners: dict[str, PaperOrder] = {}
        asset = Asset(
            "00000000-0000-0000-0000-000000000001", symbol, symbol, AssetClass.EQUITY, "TEST"
        )
        terms = VenueTerms(
            liquidity="quoted", participation=Decimal(1), fees="none", always_open=True
        )
        self._venue = Venue([asset], always_open(), terms)
        self._account = self._venue.open_account("LEAN", "lean-secret", cash, now(), 2).id
        self.quote(Decimal("99.99"), Decimal("100.01"))
        self.trade(Decimal(100), Decimal(1))

    @property
    def held(self) -> Decimal:
        """Give the quantity that is held."""
        return sum((held.quantity for held in self._venue.positions(self._account)), ZERO)

    def price(self, symbol: str) -> Decimal:
        """Give the present price; zero for what is not traded here."""
        found = self._venue.last_price(symbol) if symbol == self.symbol else None
        return found or ZERO

    def submit(self, order: PaperOrder) -> None:
        """Take an order, or find it invalid, as for want of buying power."""
        order.id = len(self.orders) + 1
        self.orders[order.id] = order
        request = OrderRequest(
            symbol=order.symbol,
            side=Side.BUY if order.is_buy else Side.SELL,
            type=_TYPES[order.kind],
            time_in_force=TimeInForce.DAY if order.is_day else TimeInForce.GTC,
            quantity=abs(order.quantity),
            limit_price=order.limit,
            stop_price=order.stop,
        )
        try:
            order.venue_id = self._venue.submit(self._account, request, self.now()).id
        except Refused as refusal:
            self._event(order, Status.INVALID, message=refusal.message)
            return
        self._owners[order.venue_id] = order
        self._hear()

    def update(self, order: PaperOrder, **changes: Any) -> str | None:
        """Change an order; give the reason when it cannot be."""
        quantity = changes.get("quantity")
        request = ReplaceRequest(
            quantity=None if quantity is None else abs(quantity) - order.filled_before,
            limit_price=changes.get("limit"),
            stop_price=changes.get("stop"),
        )
        try:
            made = self._venue.replace(self._account, order.venue_id, request, self.now())
        except Refused as refusal:
            return refusal.message
        order.venue_id, order.filled_before = made.id, abs(order.filled)
        self._owners[made.id] = order
        for name, value in changes.items():
            setattr(order, name, value)
        self._event(order, Status.UPDATE_SUBMITTED)
        self._hear()
        return None

    def cancel(self, order: PaperOrder) -> str | None:
        """Cancel an order; give the reason when it cannot be."""
        try:
            self._venue.cancel(self._account, order.venue_id, self.now())
        except Refused as refusal:
            return refusal.message
        self._hear()
        return None

    def quote(self, bid: Decimal, ask: Decimal) -> None:
        """Move the quote, of ample size."""
        now = self.now()
        event = QuoteEvent(self.symbol, _ns(now), float(bid), AMPLE, float(ask), AMPLE)
        self._venue.on_event(event, now)
        self._hear()

    def trade(self, price: Decimal, size: Decimal) -> None:
        """Let others trade."""
        now = self.now()
        self._venue.on_event(TradeEvent(self.symbol, _ns(now), float(price), float(size)), now)
        self._hear()

    def portfolio(self) -> dict[str, Any]:
        """Write holdings and cash as the API documents them."""
        held = {}
        for position in self._venue.positions(self._account):
            price = self.price(position.symbol)
            held[f"{position.symbol} R735QTJ8XC9X"] = {
                "symbol": {"value": position.symbol, "id": f"{position.symbol} R735QTJ8XC9X"},
                "type": "Equity",
                "currencySymbol": "$",
                "averagePrice": float(position.cost / position.quantity),
                "quantity": float(position.quantity),
                "marketPrice": float(price),
                "marketValue": float(position.quantity * price),
            }
        cash = float(self._venue.account(self._account).cash)
        usd = {"symbol": "USD", "amount": cash, "conversionRate": 1}
        return {"holdings": held, "cash": {"USD": usd}}

    def _hear(self) -> None:
        for update in self._venue.take_changes().updates:
            if order := self._owners.get(update.order.id):
                self._take(order, update)

    def _take(self, order: PaperOrder, update: Update) -> None:
        if update.execution_id is not None and update.quantity and update.price is not None:
            signed = abs(update.quantity) if order.is_buy else -abs(update.quantity)
            order.filled += signed
            status = Status.PARTIALLY_FILLED if order.open_quantity else Status.FILLED
            self._event(order, status, signed, update.price)
            return
        # The order that takes a changed one's place is new to the venue only.
        is_replacement = update.event is UpdateEvent.NEW and update.order.replaces is not None
        status_told = _STATUSES.get(update.event)
        if status_told is not None and not is_replacement:
            self._event(order, status_told, message=update.order.reason or "")

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


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000_000)
