"""Say what a client asks a venue for, before anybody has judged it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce


@dataclass(frozen=True, slots=True)
class TakeProfit:
    """The exit that takes the profit, with a limit order."""

    limit_price: Decimal


@dataclass(frozen=True, slots=True)
class StopLoss:
    """The exit that stops the loss: a stop order, or a stop-limit order with a limit price."""

    stop_price: Decimal
    limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as its sender wants it; the venue or the broker's adapter judges it.

    Attributes:
        client_order_id: The sender's own name for it, 1 to 128 characters, never used twice.
            The platform always sends one; the paper exchange makes one up where it is None.
        quantity: In units, > 0; exactly one of it and ``notional``.
        notional: In quote currency, > 0.
        trail_price: Distance of a trailing stop in quote currency, or
        trail_percent: in percent (1.5 is 1.5 %); exactly one of the two.
        extended_hours: Works before and after the session too.
    """

    symbol: str
    side: Side
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    client_order_id: str | None = None
    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None


@dataclass(frozen=True, slots=True)
class ReplaceRequest:
    """What to change in a standing order; None leaves a field as it is.

    Attributes:
        trail: New distance of a trailing stop, of the kind that it has.
        client_order_id: For the order that takes the old one's place.
    """

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None
