"""Read Alpaca's JSON as the port's values: no float on the way, and nothing taken on trust."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from algotrendy.brokers.alpaca.capabilities import CAPABILITIES
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    UpdateKind,
)
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.decimals import parse_decimal, require_decimal
from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

Json = Mapping[str, Any]
E = TypeVar("E", bound=StrEnum)

_TOO_FINE = re.compile(r"(\.\d{6})\d+")
# Alpaca's documents do not name it; its SDK does.
_STATUSES = {"pending_review": OrderStatus.PENDING_NEW}
_ENDS = (
    ("replaced_by", OrderStatus.REPLACED),
    ("canceled_at", OrderStatus.CANCELED),
    ("expired_at", OrderStatus.EXPIRED),
    ("failed_at", OrderStatus.REJECTED),
    ("filled_at", OrderStatus.FILLED),
)
_ASSET_CLASSES = {"us_equity": AssetClass.EQUITY, "crypto": AssetClass.CRYPTO}
_KINDS = {
    "fill": UpdateKind.FILL,
    "partial_fill": UpdateKind.FILL,
    "trade_bust": UpdateKind.BUST,
    "order_cancel_rejected": UpdateKind.CANCEL_REFUSED,
    "order_replace_rejected": UpdateKind.REPLACE_REFUSED,
}


class NotOffered(Rejected):
    """Says that an order is of a kind that the capability table does not offer.

    Somebody placed it by other means: an order for several options at once has no symbol.
    """

    def __init__(self, broker_order_id: str, client_order_id: str | None, what: str) -> None:
        super().__init__(
            f"order {broker_order_id} is of no kind that is offered here: it has {what}",
            broker_order_id=broker_order_id,
            client_order_id=client_order_id,
        )
        self.broker_order_id = broker_order_id


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list of orders.

    Attributes:
        not_offered: What was left out.
        count, last_id: Of all orders of the page, those that were left out too.
    """

    orders: list[BrokerOrder]
    not_offered: list[NotOffered]
    count: int
    last_id: str | None


def order_of(json: object) -> BrokerOrder:
    """Read an order.

    Raises:
        Invalid: If it is none; names the field.
        NotOffered: If it is one of a kind that we do not trade.
    """
    order = object_of(json, "order")
    _require_offered(order)
    status, doubt = _status(order)
    legs = order.get("legs") or ()
    return BrokerOrder(
        broker_order_id=text_of(order, "id"),
        client_order_id=text_of(order, "client_order_id"),
        symbol=Symbol(text_of(order, "symbol")),
        side=_enum(order, "side", Side),
        type=_enum(order, "type" if order.get("type") else "order_type", OrderType),
        time_in_force=_enum(order, "time_in_force", TimeInForce),
        status=status,
        quantity=decimal_of(order, "qty"),
        filled_quantity=decimal_of(order, "filled_qty") or Decimal(0),
        average_price=decimal_of(order, "filled_avg_price"),
        submitted_at=time_of(order, "submitted_at"),
        updated_at=time_of(order, "updated_at"),
        notional=decimal_of(order, "notional"),
        limit_price=decimal_of(order, "limit_price"),
        stop_price=decimal_of(order, "stop_price"),
        replaces=order.get("replaces") or None,
        replaced_by=order.get("replaced_by") or None,
        reason=order.get("reject_reason") or doubt,
        legs=tuple(order_of(leg) for leg in _list(legs, "legs")),
    )


def orders_of(json: object) -> Page:
    """Read a list of orders; those of a kind that is not offered are left out."""
    listed = _list(json, "orders")
    orders: list[BrokerOrder] = []
    not_offered: list[NotOffered] = []
    last_id = None
    for item in listed:
        try:
            orders.append(order_of(item))
            last_id = orders[-1].broker_order_id
        except NotOffered as error:
            not_offered.append(error)
            last_id = error.broker_order_id
    return Page(orders, not_offered, len(listed), last_id)


def fill_of(json: object) -> BrokerFill:
    """Read a FILL activity."""
    fill = object_of(json, "activity")
    activity_id = text_of(fill, "id")
    return BrokerFill(
        # An activity is named time::execution where it does not tell the execution by itself.
        execution_id=fill.get("execution_id") or activity_id.rpartition("::")[2],
        broker_order_id=text_of(fill, "order_id"),
        symbol=Symbol(text_of(fill, "symbol")),
        side=_side(fill),
        quantity=_needed(fill, "qty"),
        price=_needed(fill, "price"),
        filled_at=_needed_time(fill, "transaction_time"),
    )


def position_of(json: object) -> BrokerPosition:
    """Read a position; a pair comes without its slash."""
    position = object_of(json, "position")
    quantity = _needed(position, "qty")
    if position.get("side") == "short":
        quantity = -abs(quantity)
    return BrokerPosition(
        Symbol(text_of(position, "symbol")), quantity, _needed(position, "avg_entry_price")
    )


def account_of(json: object) -> BrokerAccount:
    """Read the account."""
    account = object_of(json, "account")
    blocked = ("trading_blocked", "account_blocked", "trade_suspended_by_user")
    return BrokerAccount(
        account_id=text_of(account, "id"),
        currency=str(account.get("currency") or "USD"),
        cash=_needed(account, "cash"),
        equity=_needed(account, "equity"),
        buying_power=_needed(account, "buying_power"),
        trading_blocked=any(account.get(name) is True for name in blocked),
    )


def update_of(json: object) -> BrokerUpdate:
    """Read the data of a trade update."""
    data = object_of(json, "update")
    order, kind = order_of(data.get("order")), _KINDS.get(text_of(data, "event"), UpdateKind.ORDER)
    at = time_of(data, "timestamp") or order.updated_at
    if at is None:
        raise Invalid("timestamp", "a time", None)
    fill = None
    if kind in (UpdateKind.FILL, UpdateKind.BUST) and data.get("execution_id"):
        fill = BrokerFill(
            execution_id=text_of(data, "execution_id"),
            broker_order_id=order.broker_order_id,
            symbol=order.symbol,
            side=order.side,
            quantity=abs(_needed(data, "qty")),
            price=_needed(data, "price"),
            filled_at=at,
        )
    elif kind is UpdateKind.FILL:
        kind = UpdateKind.ORDER
    return BrokerUpdate(kind, at, order, fill)


def with_slash(position: BrokerPosition, symbol: str) -> BrokerPosition:
    """Give a position the symbol that its orders have."""
    return replace(position, symbol=Symbol(symbol))


def list_of(json: object, name: str) -> Sequence[object]:
    """Read a list of anything."""
    return _list(json, name)


def _require_offered(order: Json) -> None:
    asset_class, order_class = order.get("asset_class"), order.get("order_class")
    if order_class and order_class not in CAPABILITIES.order_classes:
        what = f"order class {str(order_class)[:40]!r}"
    elif asset_class and _ASSET_CLASSES.get(asset_class) not in CAPABILITIES.asset_classes:
        what = f"asset class {str(asset_class)[:40]!r}"
    elif order.get("symbol") in (None, ""):
        what = "no symbol"
    else:
        return
    raise NotOffered(text_of(order, "id"), order.get("client_order_id"), what)


def _status(order: Json) -> tuple[OrderStatus, str | None]:
    """Read a status; of one that we do not know, what the order's times say of it."""
    text = text_of(order, "status")
    if text in _STATUSES:
        return _STATUSES[text], None
    try:
        return OrderStatus(text), None
    except ValueError:
        doubt = f"the broker calls its status {text[:40]!r}, which is not known here"
        found = (status for name, status in _ENDS if order.get(name))
        return next(found, OrderStatus.SUSPENDED), doubt


def _side(fill: Json) -> Side:
    # Alpaca writes short sales of older days as sell_short.
    return Side.BUY if text_of(fill, "side").startswith("buy") else Side.SELL


def _enum(json: Json, name: str, kind: type[E]) -> E:
    text = text_of(json, name)
    try:
        return kind(text)
    except ValueError as error:
        raise Invalid(name, f"one of {', '.join(kind)}", text) from error


def text_of(json: Json, name: str) -> str:
    """Read a field of text; Invalid when it is empty or none."""
    value = json.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(name, "text", value)
    return value


def decimal_of(json: Json, name: str) -> Decimal | None:
    """Read a number to its last digit; None where there is none."""
    value = json.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        return require_decimal(value, name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid(name, "a decimal in a string", value)
    return parse_decimal(str(value), name)


def _needed(json: Json, name: str) -> Decimal:
    value = decimal_of(json, name)
    if value is None:
        raise Invalid(name, "a decimal in a string", None)
    return value


def time_of(json: Json, name: str) -> datetime | None:
    """Read a time; None where there is none."""
    value = json.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid(name, "a time", value)
    # Alpaca tells nanoseconds.
    return parse_time(_TOO_FINE.sub(r"\1", value), name)


def _needed_time(json: Json, name: str) -> datetime:
    value = time_of(json, name)
    if value is None:
        raise Invalid(name, "a time", None)
    return value


def object_of(json: object, name: str) -> Json:
    """Read an object; Invalid when it is none."""
    if not isinstance(json, Mapping):
        raise Invalid(name, "an object", json)
    return json


def _list(json: object, name: str) -> Sequence[object]:
    if not isinstance(json, list | tuple):
        raise Invalid(name, "a list", json)
    return json
