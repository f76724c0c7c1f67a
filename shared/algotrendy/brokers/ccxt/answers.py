"""Read ccxt's structures as the port's values: decimals from text, and nothing taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from algotrendy.brokers.port import BrokerFill, BrokerOrder
from algotrendy.kernel.decimals import EXACT, parse_decimal, rounded
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus

Json = Mapping[str, Any]

_SEPARATOR = "#"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRICE_DECIMALS = 12
_STATUSES = {
    "open": OrderStatus.NEW,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.PENDING_CANCEL,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def broker_id(symbol: str, vendor_id: str) -> str:
    """Name an order or execution: an exchange numbers them by pair."""
    return f"{symbol}{_SEPARATOR}{vendor_id}"


def parts_of(name: str) -> tuple[str, str] | None:
    """Give pair and the exchange's id; None for a name that we never gave."""
    symbol, separator, vendor_id = name.partition(_SEPARATOR)
    return (symbol, vendor_id) if separator and symbol and vendor_id else None


def order_of(found: Json) -> BrokerOrder:
    """Read an order.

    Raises:
        Invalid: If it is none; names the field.
    """
    symbol = _text(found, "symbol")
    quantity, filled = decimal_of(found, "amount"), decimal_of(found, "filled") or Decimal(0)
    stop_price = decimal_of(found, "triggerPrice") or None
    order_type = _type(found, stop_price)
    status, doubt = _status(found, quantity, filled)
    average = decimal_of(found, "average")
    return BrokerOrder(
        broker_order_id=broker_id(symbol, _text(found, "id")),
        client_order_id=str(found.get("clientOrderId") or ""),
        symbol=Symbol(symbol),
        side=_side(found),
        type=order_type,
        time_in_force=_time_in_force(found),
        status=status,
        quantity=quantity or None,
        filled_quantity=filled,
        average_price=average if filled and average else None,
        submitted_at=_time(found, "timestamp"),
        updated_at=_time(found, "lastUpdateTimestamp", "lastTradeTimestamp", "timestamp"),
        limit_price=decimal_of(found, "price") if order_type.has_limit else None,
        stop_price=stop_price,
        reason=doubt,
    )


def is_whole(found: Json) -> bool:
    """Say whether an answer to an order tells the order, and not its id alone."""
    return all(found.get(name) is not None for name in ("status", "side", "symbol", "filled"))


def as_asked(found: Json, request: OrderRequest) -> BrokerOrder:
    """Tell of an order of which the exchange told the id alone."""
    return BrokerOrder(
        broker_order_id=broker_id(request.symbol, _text(found, "id")),
        client_order_id=request.client_order_id or "",
        symbol=Symbol(request.symbol),
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        status=OrderStatus.ACCEPTED,
        quantity=request.quantity,
        filled_quantity=Decimal(0),
        average_price=None,
        submitted_at=None,
        updated_at=None,
        notional=request.notional,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
    )


def fill_of(found: Json) -> BrokerFill:
    """Read an execution.

    Raises:
        Invalid: If it is none; names the field.
    """
    symbol, price = _text(found, "symbol"), needed(found, "price")
    at = _time(found, "timestamp")
    if at is None:
        raise Invalid("timestamp", "a time", None)
    return BrokerFill(
        execution_id=broker_id(symbol, _text(found, "id")),
        broker_order_id=broker_id(symbol, _text(found, "order")),
        symbol=Symbol(symbol),
        side=_side(found),
        quantity=needed(found, "amount"),
        price=price,
        filled_at=at,
        fee=_fee(found.get("fee"), symbol, price),
    )


def as_replaced(order: BrokerOrder, replaced_by: str | None, replaces: str | None) -> BrokerOrder:
    """Tell of a replacement, which the exchange tells as a cancel and a new order."""
    if replaced_by is not None and order.status is OrderStatus.CANCELED:
        order = replace(order, status=OrderStatus.REPLACED, replaced_by=replaced_by)
    return order if replaces is None else replace(order, replaces=replaces)


def decimal_of(found: Json, name: str) -> Decimal | None:
    """Read a number; ccxt gives text, because it is told to."""
    value = found.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        value = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid(name, "a decimal in a string", value)
    return parse_decimal(str(value), name)


def needed(found: Json, name: str) -> Decimal:
    """Read a number that must be there."""
    value = decimal_of(found, name)
    if value is None:
        raise Invalid(name, "a decimal in a string", None)
    return value


def price_of(ticker: Json) -> Decimal:
    """Read what a unit is worth: the last trade's price, else the middle of the quote."""
    last = decimal_of(ticker, "last")
    return (needed(ticker, "bid") + needed(ticker, "ask")) / 2 if last is None else last


def average_cost(fills: list[BrokerFill]) -> Decimal | None:
    """Reckon what a unit that is held cost on average; None where executions do not tell."""
    quantity = cost = Decimal(0)
    for fill in fills:
        if fill.side is Side.BUY:
            quantity += fill.quantity
            cost = EXACT.add(cost, EXACT.multiply(fill.quantity, fill.price))
            continue
        left = max(quantity - fill.quantity, Decimal(0))
        cost = rounded(cost * left / quantity, _PRICE_DECIMALS) if quantity else cost
        quantity = left
    return rounded(cost / quantity, _PRICE_DECIMALS) if quantity else None


def _status(
    found: Json, quantity: Decimal | None, filled: Decimal
) -> tuple[OrderStatus, str | None]:
    text = found.get("status")
    status = _STATUSES.get(str(text))
    if status is None:
        doubt = f"the exchange calls its status {str(text)[:40]!r}, which is not known here"
        return OrderStatus.SUSPENDED, doubt
    if status is OrderStatus.NEW and filled:
        return OrderStatus.PARTIALLY_FILLED, None
    if status is OrderStatus.FILLED and quantity and filled < quantity:
        # Some exchanges call every order closed that is over.
        return OrderStatus.CANCELED, None
    return status, None


def _type(found: Json, stop_price: Decimal | None) -> OrderType:
    text = _text(found, "type")
    if text == "market":
        return OrderType.MARKET if stop_price is None else OrderType.STOP
    if text == "limit":
        return OrderType.LIMIT if stop_price is None else OrderType.STOP_LIMIT
    raise Invalid("type", "market or limit", text)


def _time_in_force(found: Json) -> TimeInForce:
    text = str(found.get("timeInForce") or "GTC").lower()
    # PO stands for an order that only rests.
    return TimeInForce(text) if text in ("ioc", "fok", "gtc") else TimeInForce.GTC


def _side(found: Json) -> Side:
    text = _text(found, "side")
    try:
        return Side(text)
    except ValueError as error:
        raise Invalid("side", "buy or sell", text) from error


def _fee(fee: Any, symbol: str, price: Decimal) -> Decimal | None:
    """Give a fee in quote currency; None for one that was paid in a third."""
    if not isinstance(fee, Mapping) or fee.get("cost") is None:
        return None
    base, _, quote = symbol.partition("/")
    cost = needed(fee, "cost")
    if not cost or fee.get("currency") == quote:
        return cost
    return EXACT.multiply(cost, price) if fee.get("currency") == base else None


def _text(found: Json, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(name, "text", value)
    return value


def _time(found: Json, *names: str) -> datetime | None:
    for name in names:
        value = found.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=value)
    return None
