"""Describe what clients send about orders, and turn it into what the venue takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from algotrendy.exchange.alpaca_api.parsing import Moment, Number, Sent, Words, example
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit


def _order_class(value: object) -> object:
    if value == "mleg":
        raise ValueError("simple, bracket, oco or oto; options are not traded here")
    return OrderClass.SIMPLE if value in ("", None) else value


def _printable(value: str) -> str:
    # PostgreSQL keeps no NUL, and a name is for people to read.
    if not value.isprintable():
        raise ValueError("printable characters")
    return value


ClientOrderId = Annotated[str, AfterValidator(_printable), Field(description="Up to 128 letters.")]
Intent = Literal["buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close"]


class TakeProfitBody(Sent):
    """The exit that takes the profit."""

    limit_price: Number


class StopLossBody(Sent):
    """The exit that stops the loss."""

    stop_price: Number
    limit_price: Number | None = None


class OrderBody(Sent):
    """A new order."""

    model_config = example(symbol="AAPL", qty="1", side="buy", type="market", time_in_force="day")

    symbol: str
    qty: Number | None = Field(None, description="Units; one of it and notional.")
    notional: Number | None = Field(None, description="In US dollars; for market day orders.")
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail_price: Number | None = None
    trail_percent: Number | None = Field(None, description="In percent: 1.5 is 1.5 %.")
    extended_hours: StrictBool | None = None
    client_order_id: ClientOrderId | None = None
    order_class: Annotated[OrderClass, BeforeValidator(_order_class)] = OrderClass.SIMPLE
    take_profit: TakeProfitBody | None = None
    stop_loss: StopLossBody | None = None
    position_intent: Intent | None = Field(None, description="Taken, and not looked at.")

    def request(self) -> OrderRequest:
        """Say it in the venue's words."""
        profit, loss = self.take_profit, self.stop_loss
        return OrderRequest(
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            time_in_force=self.time_in_force,
            quantity=self.qty,
            notional=self.notional,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
            trail_percent=self.trail_percent,
            extended_hours=bool(self.extended_hours),
            client_order_id=self.client_order_id,
            order_class=self.order_class,
            take_profit=None if profit is None else TakeProfit(profit.limit_price),
            stop_loss=None if loss is None else StopLoss(loss.stop_price, loss.limit_price),
        )


class ReplaceBody(Sent):
    """What to change in a standing order."""

    model_config = example(qty="2", limit_price="187.15")

    qty: Number | None = None
    time_in_force: TimeInForce | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail: Number | None = Field(None, description="Of the kind that the order has.")
    client_order_id: ClientOrderId | None = None

    def request(self) -> ReplaceRequest:
        """Say it in the venue's words."""
        return ReplaceRequest(
            quantity=self.qty,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail=self.trail,
            time_in_force=self.time_in_force,
            client_order_id=self.client_order_id,
        )


class OrdersQuery(Sent):
    """Which orders to list."""

    status: Literal["open", "closed", "all"] = "open"
    limit: int = Field(50, ge=1, le=500)
    after: Moment | None = Field(None, description="Submitted after this.")
    until: Moment | None = Field(None, description="Submitted at this or before.")
    direction: Literal["asc", "desc"] = "desc"
    nested: bool = Field(False, description="Put exits into the legs of their entry.")
    symbols: Words = ()
    side: Side | None = None
    asset_class: Words = Field((), description="us_equity, crypto; all when absent.")
    after_order_id: str | None = Field(None, description="Only orders younger than this one.")
    before_order_id: str | None = Field(None, description="Only orders older than this one.")


class OrderQuery(Sent):
    """How to show one order."""

    nested: bool = False


class ByClientIdQuery(Sent):
    """Which order to show."""

    client_order_id: str
    nested: bool = False
