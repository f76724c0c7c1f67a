"""Write an order as ccxt wants it, and see that ccxt will not round what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

from algotrendy.brokers.ccxt.capabilities import needs_direction
from algotrendy.kernel.decimals import parse_decimal, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest


@dataclass(frozen=True, slots=True)
class Ticket:
    """What ``create_order`` and ``edit_order`` are called with; numbers are text.

    Attributes:
        cost: Sum to buy for, in place of ``amount``.
    """

    symbol: str
    type: str
    side: str
    amount: str | None
    price: str | None
    cost: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


def ticket_of(exchange: Any, request: OrderRequest, name: str) -> Ticket:
    """Write an order that the capability table allows; markets must be loaded.

    Raises:
        Invalid: If the pair is not traded there, or a number lies between two of its steps.
    """
    symbol = traded(exchange, request.symbol)
    is_sum = request.notional is not None
    if is_sum and (request.type is not OrderType.MARKET or request.side is not Side.BUY):
        raise Invalid("notional", "absent but for a market order to buy", request.notional)
    params = {"clientOrderId": name}
    if request.type is not OrderType.MARKET:
        params["timeInForce"] = request.time_in_force.upper()
    stop_price = _stepped(exchange, symbol, "stop_price", request.stop_price)
    if stop_price is not None:
        params["triggerPrice"] = stop_price
        if needs_direction(exchange):
            params["triggerDirection"] = "ascending" if request.side is Side.BUY else "descending"
    return Ticket(
        symbol=symbol,
        type="market" if request.type is OrderType.MARKET else "limit",
        side=request.side.value,
        amount=_stepped(exchange, symbol, "quantity", request.quantity),
        price=_stepped(exchange, symbol, "limit_price", request.limit_price),
        cost=_stepped(exchange, symbol, "notional", request.notional),
        params=params,
    )


def traded(exchange: Any, symbol: str) -> str:
    """Give a pair back if it is traded.

    Raises:
        Invalid: If the exchange has no such pair, or has stopped its trading.
    """
    market = (exchange.markets or {}).get(symbol)
    if market is None or not market.get("spot") or market.get("active") is False:
        raise Invalid("symbol", f"a spot pair that {exchange.id} trades", symbol)
    return symbol


def _stepped(exchange: Any, symbol: str, name: str, value: Decimal | None) -> str | None:
    """Give a number as text, unless ccxt would send another."""
    if value is None:
        return None
    rounders: dict[str, Callable[[str, str], str]] = {
        "quantity": exchange.amount_to_precision,
        "notional": exchange.cost_to_precision,
    }
    text = plain(value)
    errors = import_module("ccxt.base.errors")
    try:
        sent = rounders.get(name, exchange.price_to_precision)(symbol, text)
    except (errors.InvalidOrder, errors.ArgumentsRequired) as error:
        raise Invalid(name, f"at least one step of {symbol}", value) from error
    if parse_decimal(sent, name) != value:
        raise Invalid(name, f"a multiple of the step of {symbol}, such as {sent}", value)
    return text
