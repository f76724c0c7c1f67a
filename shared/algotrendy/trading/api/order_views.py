"""Show an order: where it stands, what happened to it, what the market gave."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel.decimals import rounded
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.trading.api.values import DecimalOut
from algotrendy.trading.holds import hold_of
from algotrendy.trading.listings import FillRecord
from algotrendy.trading.order_events import (
    Execution,
    OrderApproved,
    OrderBusted,
    OrderCancelRequested,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderReplaced,
    OrderSubmitted,
    OrderUpdated,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.queries import OrderStory
from algotrendy.trading.status import PlatformStatus

_PRICE_DECIMALS = 6
_LOOSE = Context(prec=80, rounding=ROUND_HALF_EVEN)
_EXAMPLE: Any = {
    "id": "019aab12-7e6f-7c11-8a55-0d8d1c6a5b10",
    "account": "paper",
    "client_order_id": "aapl-2026-11-22-1",
    "symbol": "AAPL",
    "side": "buy",
    "type": "market",
    "time_in_force": "gtc",
    "order_class": "bracket",
    "quantity": "10",
    "take_profit": {"limit_price": "210"},
    "stop_loss": {"stop_price": "170", "limit_price": None},
    "extended_hours": False,
    "status": "filled",
    "reason": "",
    "is_open": False,
    "is_settled": True,
    "filled_quantity": "10",
    "average_price": "187.15",
    "held": "0",
    "currency": "USD",
    "intended_at": "2026-11-22T12:00:00Z",
    "broker_order_ids": ["904837e3-3b76-47ec-b432-046db621571b"],
}


class TakeProfitOut(BaseModel):
    """The exit that takes the profit."""

    limit_price: DecimalOut


class StopLossOut(BaseModel):
    """The exit that stops the loss."""

    stop_price: DecimalOut
    limit_price: DecimalOut | None


class ProvenanceOut(BaseModel):
    """Where an order came from."""

    correlation_id: str
    user: str | None
    strategy: str | None
    parameters: dict[str, str]
    data_hash: str | None
    code_hash: str | None
    parent: str | None = Field(description="The parent order of which this one is a slice.")


class OrderOut(BaseModel):
    """An order, and where it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    account: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    quantity: DecimalOut | None
    notional: DecimalOut | None
    limit_price: DecimalOut | None
    stop_price: DecimalOut | None
    trail_price: DecimalOut | None
    trail_percent: DecimalOut | None
    take_profit: TakeProfitOut | None
    stop_loss: StopLossOut | None
    extended_hours: bool
    status: PlatformStatus = Field(
        description="`unknown` says that the broker may have it, and is being asked."
    )
    reason: str
    is_open: bool = Field(description="It may still fill.")
    is_settled: bool = Field(description="It is over, and no execution of it is missing.")
    filled_quantity: DecimalOut
    average_price: DecimalOut | None = Field(description="Of what is filled; six decimals.")
    remaining_quantity: DecimalOut | None
    reserved: DecimalOut = Field(description="Buying power that was set aside for it.")
    held: DecimalOut = Field(description="What of that is still set aside.")
    currency: str
    approval: str = Field(description="Why a person must agree; empty where nobody must.")
    awaits_approval: bool
    approved_by: str | None
    intended_at: datetime
    submit_by: datetime | None
    submitted_at: datetime | None
    cancel_requested_at: datetime | None
    replaces: str | None
    replaced_by: str | None = Field(description="The broker's name for what took its place.")
    leg_of: str | None = Field(description="The order of which this one is an exit.")
    broker_order_ids: list[str]
    unknown_statuses: list[str] = Field(description="States that the broker named, and we do not.")
    provenance: ProvenanceOut


class ExecutionOut(BaseModel):
    """What the market gave at once; the fee is null until the broker tells it."""

    id: str
    quantity: DecimalOut
    price: DecimalOut
    fee: DecimalOut | None
    at: datetime
    is_busted: bool = Field(description="It was taken back.")


class EventOut(BaseModel):
    """One thing that happened to an order; what does not go with its kind is null."""

    id: str
    kind: str = Field(examples=["OrderSubmitted"])
    at: datetime
    status: str | None = Field(description="As the broker named it.")
    filled_quantity: DecimalOut | None = Field(description="Cumulative, as the broker told it.")
    execution_id: str | None
    broker_order_id: str | None
    by: str | None
    epoch: int | None = Field(description="Of the lease under which it was sent.")
    reason: str


class OrderStoryOut(OrderOut):
    """An order with its whole history and its exits."""

    executions: list[ExecutionOut]
    events: list[EventOut] = Field(description="In the order in which they were stored.")
    legs: list[OrderOut]


class OrdersOut(BaseModel):
    """Orders, newest first."""

    orders: list[OrderOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


class FillOut(BaseModel):
    """An execution as it was booked."""

    execution_id: str
    order_id: str
    client_order_id: str
    account: str
    symbol: str
    side: Side
    quantity: DecimalOut
    price: DecimalOut
    notional: DecimalOut
    fee: DecimalOut | None
    currency: str
    at: datetime
    is_busted: bool


class FillsOut(BaseModel):
    """Executions, newest first."""

    fills: list[FillOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


def order_out(order: PlatformOrder) -> OrderOut:
    """Show an order."""
    return OrderOut.model_validate(_order(order))


def story_out(story: OrderStory) -> OrderStoryOut:
    """Show an order with its history."""
    order = story.order
    executions = [_execution(each, each.id in order.busted) for each in order.executions]
    return OrderStoryOut.model_validate(
        {
            **_order(order),
            "executions": executions,
            "events": [event_out(event) for event in story.events],
            "legs": [order_out(leg) for leg in story.legs],
        }
    )


def fill_out(record: FillRecord) -> FillOut:
    """Show an execution with its order."""
    order, execution = record.order, record.execution
    return FillOut(
        execution_id=execution.id,
        order_id=str(order.id),
        client_order_id=order.client_order_id,
        account=order.account,
        symbol=order.symbol,
        side=order.request.side,
        quantity=execution.quantity.value,
        price=execution.price.amount,
        notional=execution.notional.amount,
        fee=None if execution.fee is None else execution.fee.amount,
        currency=order.currency,
        at=execution.at,
        is_busted=record.is_busted,
    )


def event_out(event: OrderEvent) -> EventOut:
    """Show one thing that happened."""
    shown = EventOut(
        id=str(event.id),
        kind=type(event).__name__,
        at=event.at,
        status=None,
        filled_quantity=None,
        execution_id=None,
        broker_order_id=None,
        by=None,
        epoch=None,
        reason=getattr(event, "reason", ""),
    )
    match event:
        case OrderIntended(provenance=provenance, approval=approval):
            by = provenance.user or provenance.strategy
            return shown.model_copy(update={"by": by, "reason": approval})
        case OrderApproved(by=by) | OrderCancelRequested(by=by):
            return shown.model_copy(update={"by": by})
        case OrderSubmitted(epoch=epoch):
            return shown.model_copy(update={"epoch": epoch})
        case OrderUpdated():
            return shown.model_copy(update=_news(event))
        case _:
            return shown


def _news(event: OrderUpdated) -> dict[str, object]:
    told: dict[str, object] = {
        "status": event.status,
        "filled_quantity": event.filled_quantity,
        "broker_order_id": event.broker_order_id,
    }
    match event:
        case OrderFilled(execution=execution):
            told["execution_id"] = execution.id
        case OrderBusted(execution_id=execution_id):
            told["execution_id"] = execution_id
        case OrderReplaced(replaced_by=str(successor)) if not event.reason:
            told["reason"] = f"replaced by {successor}"
    return told


def _execution(execution: Execution, is_busted: bool) -> ExecutionOut:
    return ExecutionOut(
        id=execution.id,
        quantity=execution.quantity.value,
        price=execution.price.amount,
        fee=None if execution.fee is None else execution.fee.amount,
        at=execution.at,
        is_busted=is_busted,
    )


def _order(order: PlatformOrder) -> dict[str, object]:
    request, filled = order.request, order.filled_quantity
    average = None
    if filled:
        exact = _LOOSE.divide(order.filled_notional.amount, filled)
        average = rounded(exact, _PRICE_DECIMALS)
    profit, loss = request.take_profit, request.stop_loss
    came = order.provenance
    return {
        "id": str(order.id),
        "account": order.account,
        "client_order_id": order.client_order_id,
        "symbol": request.symbol,
        "side": request.side,
        "type": request.type,
        "time_in_force": request.time_in_force,
        "order_class": request.order_class,
        "quantity": request.quantity,
        "notional": request.notional,
        "limit_price": request.limit_price,
        "stop_price": request.stop_price,
        "trail_price": request.trail_price,
        "trail_percent": request.trail_percent,
        "take_profit": None if profit is None else TakeProfitOut(limit_price=profit.limit_price),
        "stop_loss": None
        if loss is None
        else StopLossOut(stop_price=loss.stop_price, limit_price=loss.limit_price),
        "extended_hours": request.extended_hours,
        "status": order.status,
        "reason": order.reason,
        "is_open": not order.is_terminal,
        "is_settled": order.is_settled,
        "filled_quantity": filled,
        "average_price": average,
        "remaining_quantity": order.remaining_quantity,
        "reserved": order.reserved.amount,
        "held": hold_of(order).held.amount,
        "currency": order.currency.value,
        "approval": order.approval,
        "awaits_approval": order.awaits_approval and not order.is_terminal,
        "approved_by": order.approved_by,
        "intended_at": order.intended_at,
        "submit_by": order.submit_by,
        "submitted_at": order.submitted_at,
        "cancel_requested_at": order.cancel_requested_at,
        "replaces": None if order.replaces is None else str(order.replaces),
        "replaced_by": order.replaced_by,
        "leg_of": None if order.leg_of is None else str(order.leg_of),
        "broker_order_ids": sorted(order.broker_order_ids),
        "unknown_statuses": sorted(order.unknown_statuses),
        "provenance": ProvenanceOut(
            correlation_id=came.correlation_id,
            user=came.user,
            strategy=came.strategy,
            parameters=dict(came.parameters),
            data_hash=came.data_hash,
            code_hash=came.code_hash,
            parent=None if came.parent is None else str(came.parent),
        ),
    }
