"""Read the vendor's JSON as the port's values: decimals from text, times with a zone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from algotrendy.brokers.port import BrokerAccount, BrokerFill, BrokerOrder, BrokerPosition
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.decimals import parse_decimal
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

Json = Mapping[str, Any]

# The vendor's words for where an order stands. One that is new to us counts as still open: an
# order that is thought to be over while it stands is the worse mistake.
_STATES = {
    "accepted": OrderStatus.ACCEPTED,
    "working": OrderStatus.NEW,
    "partly filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "cancelled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def order_of(json: Json) -> BrokerOrder:
    """Read an order."""
    return BrokerOrder(
        broker_order_id=json["id"],
        client_order_id=json["tag"],
        symbol=Symbol(json["symbol"]),
        side=Side(json["side"]),
        type=OrderType(json["type"]),
        time_in_force=TimeInForce(json["duration"]),
        status=_STATES.get(json["state"], OrderStatus.SUSPENDED),
        quantity=_decimal(json, "quantity"),
        filled_quantity=_decimal(json, "filled") or Decimal(0),
        average_price=_decimal(json, "average"),
        submitted_at=parse_time(json["placed"], "placed"),
        updated_at=parse_time(json["changed"], "changed"),
        limit_price=_decimal(json, "limit"),
        reason=json.get("reason"),
    )


def fill_of(json: Json) -> BrokerFill:
    """Read an execution."""
    return BrokerFill(
        execution_id=json["id"],
        broker_order_id=json["order"],
        symbol=Symbol(json["symbol"]),
        side=Side(json["side"]),
        quantity=parse_decimal(json["quantity"], "quantity"),
        price=parse_decimal(json["price"], "price"),
        filled_at=parse_time(json["at"], "at"),
    )


def position_of(json: Json) -> BrokerPosition:
    """Read a position; the vendor's quantity is signed as ours is."""
    return BrokerPosition(
        Symbol(json["symbol"]),
        parse_decimal(json["quantity"], "quantity"),
        parse_decimal(json["average"], "average"),
    )


def account_of(json: Json) -> BrokerAccount:
    """Read the account."""
    return BrokerAccount(
        account_id=json["id"],
        currency=json["currency"],
        cash=parse_decimal(json["cash"], "cash"),
        equity=parse_decimal(json["equity"], "equity"),
        buying_power=parse_decimal(json["buying_power"], "buying_power"),
    )


def _decimal(json: Json, name: str) -> Decimal | None:
    text = json.get(name)
    return None if text is None else parse_decimal(text, name)
