"""Write orders as Alpaca's JSON: decimals as strings, nothing that was not said."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.kernel.decimals import plain
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.order import OrderClass
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

Json = dict[str, JsonValue]


def order_body(request: OrderRequest) -> Json:
    """Write a new order."""
    body: Json = {
        "symbol": request.symbol,
        "side": request.side.value,
        "type": request.type.value,
        "time_in_force": request.time_in_force.value,
        "client_order_id": request.client_order_id,
    }
    body |= _numbers(
        qty=request.quantity,
        notional=request.notional,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail_price=request.trail_price,
        trail_percent=request.trail_percent,
    )
    if request.extended_hours:
        body["extended_hours"] = True
    if request.order_class is not OrderClass.SIMPLE:
        body["order_class"] = request.order_class.value
    if request.take_profit is not None:
        body["take_profit"] = _numbers(limit_price=request.take_profit.limit_price)
    if request.stop_loss is not None:
        body["stop_loss"] = _numbers(
            stop_price=request.stop_loss.stop_price, limit_price=request.stop_loss.limit_price
        )
    return body


def replace_body(request: ReplaceRequest) -> Json:
    """Write a change of a standing order."""
    body = _numbers(
        qty=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail=request.trail,
    )
    if request.time_in_force is not None:
        body["time_in_force"] = request.time_in_force.value
    if request.client_order_id is not None:
        body["client_order_id"] = request.client_order_id
    return body


def _numbers(**values: Decimal | None) -> Json:
    return {name: plain(value) for name, value in values.items() if value is not None}
