"""Take orders by the rules of Binance's spot API, and let a paper venue fill them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any

from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import Account, Activity, ActivityType, Order
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.decimals import is_multiple
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from fakes import crypto_exchange_wire as wire

Params = Mapping[str, str]

_NAME = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_numbers = count(1)


class WireError(AlgoTrendyError):
    """An answer with one of Binance's codes; what raises it has changed nothing."""

    def __init__(
        self, number: int, message: str, status: int = 400, data: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.number = number
        self.status = status
        self.data = data


class Desk:
    """One exchange's orders, on its floor."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    # Orders

    async def place(self, account: Account, params: Params) -> dict[str, Any]:
        """POST /api/v3/order."""
        request = self._request(account, params)
        order = await self.floor.run(lambda venue, now: self._submit(venue, account, request, now))
        return wire.new_order_json(order, self.fills(account))

    async def cancel(self, account: Account, params: Params) -> dict[str, Any]:
        """DELETE /api/v3/order."""
        order = self._find(account, params, WireError(-2011, "Unknown order sent."))

        def end(venue: Venue, now: datetime) -> Order:
            if not venue.order(account.id, order.id).status.is_open:
                raise WireError(-2011, "Unknown order sent.")
            return venue.cancel(account.id, order.id, now)

        told = wire.order_json(await self.floor.run(end))
        name = told["clientOrderId"]
        return told | {"origClientOrderId": name, "clientOrderId": "cancel-of-it"}

    async def cancel_replace(self, account: Account, params: Params) -> dict[str, Any]:
        """POST /api/v3/order/cancelReplace, STOP_ON_FAILURE."""
        unknown = WireError(-2011, "Unknown order sent.")
        wanted = {"symbol": params.get("symbol", ""), "orderId": params.get("cancelOrderId", "")}
        request = self._request(account, params)

        def both(venue: Venue, now: datetime) -> tuple[Order, Order]:
            try:
                old = self._find(account, wanted, unknown)
                if not old.status.is_open:
                    raise unknown
                if params.get("cancelRestrictions") == "ONLY_NEW" and old.filled_quantity:
                    raise WireError(-2011, "Order was not canceled due to cancel restrictions.")
            except WireError as error:
                data = {
                    "cancelResult": "FAILURE",
                    "newOrderResult": "NOT_ATTEMPTED",
                    "cancelResponse": {"code": error.number, "msg": error.message},
                    "newOrderResponse": None,
                }
                raise WireError(-2022, "Order cancel-replace failed.", 400, data) from error
            over = venue.cancel(account.id, old.id, now)
            try:
                return over, self._submit(venue, account, request, now)
            except WireError as error:
                data = {
                    "cancelResult": "SUCCESS",
                    "newOrderResult": "FAILURE",
                    "cancelResponse": wire.order_json(over),
                    "newOrderResponse": {"code": error.number, "msg": error.message},
                }
                said = "Order cancel-replace partially failed."
                # The cancel stands: it must not be undone by an error.
                failed.append(WireError(-2021, said, 409, data))
                return over, over

        failed: list[WireError] = []
        over, order = await self.floor.run(both)
        if failed:
            raise failed[0]
        return {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": wire.order_json(over),
            "newOrderResponse": wire.new_order_json(order, self.fills(account)),
        }

    def order(self, account: Account, params: Params) -> dict[str, Any]:
        """GET /api/v3/order."""
        missing = WireError(-2013, "Order does not exist.")
        return wire.order_json(self._find(account, params, missing))

    def open_orders(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """GET /api/v3/openOrders."""
        if "symbol" in params:
            self._symbol(params)
        return [wire.order_json(order) for order in self.floor.venue.open_orders(account.id)]

    def all_orders(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """GET /api/v3/allOrders."""
        self._symbol(params)
        orders = sorted(self.floor.venue.orders(account.id), key=lambda order: order.sequence)
        return [wire.order_json(o) for o in orders][-int(params.get("limit", 500)) :]

    # Money

    def my_trades(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """GET /api/v3/myTrades."""
        self._symbol(params)
        limit = int(params.get("limit", 500))
        venue = self.floor.venue
        told = [
            wire.trade_json(number, fill, venue.order(account.id, fill.order_id or ""))
            for number, fill in self.fills(account)
        ]
        if "fromId" in params:
            return [trade for trade in told if trade["id"] >= int(params["fromId"])][:limit]
        since = int(params.get("startTime", 0))
        return [trade for trade in told if trade["time"] >= since][-limit:]

    def account(self, account: Account, params: Params) -> dict[str, Any]:
        """GET /api/v3/account."""
        venue = self.floor.venue
        held = sum((p.quantity for p in venue.positions(account.id)), Decimal(0))
        now_ms = wire.ms(self.floor.now())
        return wire.account_json(account, held, venue.open_orders(account.id), now_ms)

    def fills(self, account: Account) -> list[tuple[int, Activity]]:
        """Give an account's executions, numbered from 1."""
        told = self.floor.venue.activities(account.id)
        return list(enumerate((a for a in told if a.type is ActivityType.FILL), start=1))

    # The market

    def exchange_info(self) -> dict[str, Any]:
        """GET /api/v3/exchangeInfo."""
        return wire.exchange_info(int(time.time() * 1000))

    def ticker(self, params: Params) -> dict[str, Any]:
        """GET /api/v3/ticker/24hr and /api/v3/ticker/bookTicker."""
        self._symbol(params)
        venue = self.floor.venue
        quote, last = venue.quote(wire.PAIR), wire.eight(venue.last_price(wire.PAIR))
        told = {"symbol": wire.ID, "lastPrice": last, "closeTime": int(time.time() * 1000)}
        if quote is None:
            return told
        return told | {
            "bidPrice": wire.eight(Decimal(str(quote.bid))),
            "bidQty": wire.eight(Decimal(str(quote.bid_size))),
            "askPrice": wire.eight(Decimal(str(quote.ask))),
            "askQty": wire.eight(Decimal(str(quote.ask_size))),
        }

    # The inside

    def _find(self, account: Account, params: Params, missing: WireError) -> Order:
        self._symbol(params)
        number, name = params.get("orderId"), params.get("origClientOrderId")
        if not (number or name):
            raise WireError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent.")
        if number is not None and not number.isdigit():
            raise WireError(-1100, "Illegal characters found in parameter 'orderId'.")
        # Of orders that share a name, the newest is told of.
        for order in self.floor.venue.orders(account.id):
            if str(order.sequence) == number or (number is None and wire.our_name(order) == name):
                return order
        raise missing

    def _symbol(self, params: Params) -> None:
        if params.get("symbol") != wire.ID:
            raise WireError(-1121, "Invalid symbol.")

    def _request(self, account: Account, params: Params) -> OrderRequest:
        self._symbol(params)
        kinds = {
            "MARKET": OrderType.MARKET,
            "LIMIT": OrderType.LIMIT,
            "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
        }
        kind = kinds.get(params.get("type", ""))
        if kind is None:
            raise WireError(-1116, "Invalid orderType.")
        if params.get("side") not in ("BUY", "SELL"):
            raise WireError(-1117, "Invalid side.")
        quantity = _number(params, "quantity")
        notional = _number(params, "quoteOrderQty")
        limit_price, stop_price = _number(params, "price"), _number(params, "stopPrice")
        _filter(quantity, wire.STEP, wire.MOST, "LOT_SIZE")
        _filter(limit_price, wire.TICK, Decimal(1_000_000), "PRICE_FILTER")
        _filter(stop_price, wire.TICK, Decimal(1_000_000), "PRICE_FILTER")
        lives = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.IOC}
        life = params.get("timeInForce")
        if kind is not OrderType.MARKET and life not in lives:
            raise WireError(-1115, "Invalid timeInForce.")
        if kind is OrderType.MARKET and life is not None:
            raise WireError(-1106, "Parameter 'timeInForce' sent when not required.")
        name = params.get("newClientOrderId") or f"made-up-{next(_numbers)}"
        if not _NAME.fullmatch(name):
            raise WireError(-1100, "Illegal characters found in parameter 'newClientOrderId'.")
        side = Side(params["side"].lower())
        return OrderRequest(
            symbol=wire.PAIR,
            side=side,
            type=kind,
            time_in_force=lives[life] if life is not None else TimeInForce.GTC,
            quantity=quantity,
            notional=notional,
            limit_price=limit_price,
            stop_price=stop_price,
            client_order_id=self._own_name(account, name, life == "FOK"),
        )

    def _own_name(self, account: Account, name: str, is_fok: bool) -> str:
        """Give the venue a name that it never had: Binance takes one again when it is free."""
        same = [o for o in self.floor.venue.orders(account.id) if wire.our_name(o) == name]
        if any(order.status.is_open for order in same):
            raise WireError(-2010, "Duplicate order sent.")
        return f"{name}#{len(same)}{'#fok' if is_fok else ''}"

    def _submit(
        self, venue: Venue, account: Account, request: OrderRequest, now: datetime
    ) -> Order:
        quote = venue.quote(wire.PAIR)
        if quote is not None and request.stop_price is not None:
            price = quote.ask if request.side is Side.BUY else quote.bid
            if (float(request.stop_price) - price) * request.side.sign <= 0:
                raise WireError(-2010, "Stop price would trigger immediately.")
        try:
            return venue.submit(account.id, request, now)
        except Refused as error:
            if error.reason is Reason.FORBIDDEN:
                said = "Account has insufficient balance for requested action."
                raise WireError(-2010, said) from error
            raise WireError(-1013, f"Filter failure: {error.message}") from error


def _number(params: Params, name: str) -> Decimal | None:
    text = params.get(name)
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise WireError(-1100, f"Illegal characters found in parameter '{name}'.") from None


def _filter(value: Decimal | None, step: Decimal, most: Decimal, name: str) -> None:
    if value is None:
        return
    if not step <= value <= most or not is_multiple(value, step):
        raise WireError(-1013, f"Filter failure: {name}")
