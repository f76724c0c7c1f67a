"""Be a broker of the platform's port at a crypto exchange that ccxt knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256
from random import random as uniform
from typing import Any, TypeVar

from algotrendy.brokers.capabilities import Capabilities, Stream
from algotrendy.brokers.ccxt import answers
from algotrendy.brokers.ccxt.calls import Calls
from algotrendy.brokers.ccxt.capabilities import capabilities_of, page_of
from algotrendy.brokers.ccxt.history import Executions
from algotrendy.brokers.ccxt.profiles import check_name, profile_of
from algotrendy.brokers.ccxt.replacing import Replacements, changed
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.brokers.ccxt.stream import UpdateStream, View
from algotrendy.brokers.ccxt.tickets import Ticket, ticket_of, traded
from algotrendy.brokers.ccxt.vendor import make_exchange, vendor_class
from algotrendy.brokers.live import Mode
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected, Unavailable, Unknown
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

T = TypeVar("T")

SERVICE = "ccxt"


class CcxtBroker:
    """One account at one exchange. ``open`` it, and use it, on one running loop.

    Args:
        kind: ccxt's class for the exchange.
        random: Gives 0 to 1, for the wait before connecting the stream again.
    """

    def __init__(
        self, kind: Any, settings: CcxtSettings, random: Callable[[], float] = uniform
    ) -> None:
        self._kind = kind
        self._settings = settings
        self._random = random
        self._profile = profile_of(settings.exchange)
        self._exchange = make_exchange(kind, settings, self._profile)
        self._table = capabilities_of(self._exchange, self._profile)
        self._calls = Calls(settings.exchange, self._profile)
        self._executions = Executions(self._exchange, self._calls, self._profile)
        self._replacements = Replacements()
        self._closed = asyncio.Event()

    @classmethod
    async def open(cls, settings: CcxtSettings) -> CcxtBroker:
        """Load ccxt, which takes seconds, and make the broker; nothing is asked yet."""
        return cls(await vendor_class(settings.exchange), settings)

    @property
    def name(self) -> str:
        """Give ``ccxt``."""
        return SERVICE

    @property
    def capabilities(self) -> Capabilities:
        """Say what the exchange takes, as far as it is mapped here."""
        return self._table

    @property
    def mode(self) -> Mode:
        """Say whether orders cost money."""
        return self._settings.mode

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send an order, once."""
        self._table.check(request)
        name = check_name(self._table, self._profile, request.client_order_id)
        await self._ready(request.symbol)
        ticket = ticket_of(self._exchange, request, name)
        await self._refuse_reuse(request.symbol, name)
        operation = f"order {name}"
        found = await self._calls.change(operation, partial(self._create, ticket))
        return await self._told_whole(found, request, operation)

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Put a new order in the place of one that has filled nothing; it is one request."""
        self._table.check_replace(request)
        old = await self.order(broker_order_id)
        wanted = changed(old, request, self._table.client_order_id_length)
        name = check_name(self._table, self._profile, wanted.client_order_id)
        self._table.check(wanted)
        ticket = ticket_of(self._exchange, wanted, name)
        # An order that this very replacement has replaced is not open any more: look for it first.
        await self._refuse_reuse(wanted.symbol, name)
        if not old.status.is_open or old.filled_quantity:
            raise Rejected(
                f"an order must be open and have filled nothing to be replaced, was {old.status} "
                f"with {old.filled_quantity} filled: cancel it, and send the rest",
                status=old.status.value,
            )
        symbol, vendor_id = self._parts(broker_order_id)
        operation = f"replacement of {broker_order_id} by {name}"
        # What fills on the way must not be bought twice.
        params = {**ticket.params, "cancelRestrictions": "ONLY_NEW"}
        edit = partial(
            self._exchange.edit_order,
            vendor_id,
            symbol,
            ticket.type,
            ticket.side,
            ticket.amount,
            ticket.price,
            params,
        )
        found = await self._calls.change(operation, edit)
        self._replacements.note(broker_order_id, answers.broker_id(symbol, str(found.get("id"))))
        return await self._told_whole(found, wanted, operation)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for the end of an order."""
        symbol, vendor_id = self._parts(broker_order_id)
        await self._ready(symbol)
        operation = f"cancel of {broker_order_id}"
        try:
            await self._calls.change(
                operation, lambda: self._exchange.cancel_order(vendor_id, symbol)
            )
        except NotFound as error:
            # Exchanges call an order unknown that is over.
            order = await self.order(broker_order_id)
            raise Rejected(f"the order is {order.status} already", status=order.status) from error

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order."""
        symbol, vendor_id = self._parts(broker_order_id)
        await self._ready(symbol)
        found = await self._calls.read(lambda: self._exchange.fetch_order(vendor_id, symbol))
        return self._refined(self._read(answers.order_of, found))

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it, in every pair of the account."""
        for symbol in self._settings.symbols:
            try:
                return await self._by_name(symbol, client_order_id)
            except NotFound:
                continue
        pairs = ", ".join(self._settings.symbols)
        raise NotFound("order", client_order_id, f"looked for in {pairs}")

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read the last orders of each pair, as many as one page has, oldest first."""
        found: list[BrokerOrder] = []
        for symbol in self._settings.symbols:
            found += await self._orders(symbol, open_only)
        return sorted(found, key=_by_age)

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions, oldest first."""
        found: list[BrokerFill] = []
        for symbol in self._settings.symbols:
            await self._ready(symbol)
            found += await self._executions.of(symbol)
        found.sort(key=lambda fill: fill.filled_at)
        return [fill for fill in found if since is None or fill.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:  # noqa: ARG002 - the port's
        """Read none: each exchange tells of fees with the fill, and of the rest its own way."""
        return ()

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held of the account's pairs, at the average price of its executions."""
        held = await self._held()
        found = []
        for symbol, quantity in held.items():
            price = answers.average_cost(await self._executions.of(symbol))
            # What came as a deposit cost nobody knows what.
            price = await self._price(symbol) if price is None else price
            found.append(BrokerPosition(Symbol(symbol), quantity, price))
        return found

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that sells what is held."""
        check_name(self._table, self._profile, client_order_id)
        held = (await self._held()).get(symbol)
        if held is None:
            raise NotFound("position", symbol)
        await self._ready(symbol)
        # Fees in the base currency leave crumbs below a step, which cannot be sold.
        quantity = Decimal(self._exchange.amount_to_precision(symbol, format(held, "f")))
        return await self.submit(
            OrderRequest(
                symbol=symbol,
                side=Side.SELL,
                time_in_force=TimeInForce.GTC,
                quantity=quantity,
                client_order_id=client_order_id,
            )
        )

    async def account(self) -> BrokerAccount:
        """Read the account; only its quote currency and its pairs count."""
        balance = await self._balance()
        currency = self._settings.currency
        cash = _sum(balance, "total", currency)
        equity = cash
        for symbol, quantity in (await self._held(balance)).items():
            equity += quantity * await self._price(symbol)
        key = sha256(self._settings.key.encode()).hexdigest()[:12]
        return BrokerAccount(
            account_id=f"{self._settings.exchange}:{key}",
            currency=currency,
            cash=cash,
            equity=equity,
            buying_power=_sum(balance, "free", currency),
        )

    def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen until closed; where the exchange pushes nothing, look again and again."""

        async def look() -> View:
            fills = await self.fills()
            return await self.orders(), fills

        stream = UpdateStream(
            self._settings,
            self._calls,
            self._socket_exchange if self._table.stream is Stream.PUSHED else None,
            look,
            self.order,
            self._refined,
            self._closed,
            self._random,
        )
        return stream.items()

    async def close(self) -> None:
        """End streams and connections; a second call does nothing."""
        if not self._closed.is_set():
            self._closed.set()
            await self._exchange.close()

    # The inside

    async def _ready(self, symbol: str) -> None:
        """See that a pair is the account's, and that the exchange's markets are known."""
        if symbol not in self._settings.symbols:
            pairs = ", ".join(self._settings.symbols)
            raise Invalid("symbol", f"one of the account's pairs, {pairs}", symbol)
        if self._closed.is_set():
            raise Unavailable(self._settings.exchange, "it was closed by us")
        if not self._exchange.markets:
            await self._calls.read(self._exchange.load_markets)
        traded(self._exchange, symbol)

    def _socket_exchange(self) -> Any:
        """Make the exchange of one connection: its sockets end with it."""
        made = make_exchange(self._kind, self._settings, self._profile)
        if self._exchange.markets:
            made.set_markets(self._exchange.markets, self._exchange.currencies)
        return made

    async def _create(self, ticket: Ticket) -> Any:
        if ticket.cost is not None:
            return await self._exchange.create_market_buy_order_with_cost(
                ticket.symbol, ticket.cost, dict(ticket.params)
            )
        return await self._exchange.create_order(
            ticket.symbol,
            ticket.type,
            ticket.side,
            ticket.amount,
            ticket.price,
            dict(ticket.params),
        )

    async def _told_whole(self, found: Any, request: OrderRequest, operation: str) -> BrokerOrder:
        """Read the answer to an order; where it tells the id alone, read the order."""
        try:
            if answers.is_whole(found):
                return self._refined(answers.order_of(found))
            asked = answers.as_asked(found, request)
        except (Invalid, KeyError, TypeError, AttributeError) as error:
            raise Unknown(operation, f"the answer cannot be read: {error}") from error
        try:
            return await self.order(asked.broker_order_id)
        except (Unavailable, NotFound):
            return asked

    async def _refuse_reuse(self, symbol: str, name: str) -> None:
        """Refuse a used name: an exchange knows only those of open orders."""
        try:
            found = await self._by_name(symbol, name)
        except NotFound:
            return
        raise Conflict(
            f"client_order_id must be new, was used by order {found.broker_order_id}",
            client_order_id=name,
            broker_order_id=found.broker_order_id,
        )

    async def _by_name(self, symbol: str, name: str) -> BrokerOrder:
        await self._ready(symbol)
        if self._profile.finds_by_name:
            self._profile.check_name(name)
            ask = partial(self._exchange.fetch_order, None, symbol, {"clientOrderId": name})
            return self._refined(self._read(answers.order_of, await self._calls.read(ask)))
        for order in reversed(await self._orders(symbol, open_only=False)):
            if order.client_order_id == name:
                return order
        raise NotFound("order", name)

    async def _orders(self, symbol: str, open_only: bool) -> list[BrokerOrder]:
        await self._ready(symbol)
        exchange = self._exchange
        asks = [partial(exchange.fetch_open_orders, symbol)]
        if not open_only and exchange.has.get("fetchOrders"):
            limit = page_of(exchange, "fetchOrders")
            asks = [partial(exchange.fetch_orders, symbol, None, limit)]
        elif not open_only:
            asks.append(partial(exchange.fetch_closed_orders, symbol))
            if exchange.has.get("fetchCanceledOrders"):
                asks.append(partial(exchange.fetch_canceled_orders, symbol))
        told: dict[str, BrokerOrder] = {}
        for ask in asks:
            listed = await self._calls.read(ask)
            for order in self._read(lambda rows: [answers.order_of(row) for row in rows], listed):
                told[order.broker_order_id] = self._refined(order)
        return sorted(told.values(), key=_by_age)

    async def _balance(self) -> Any:
        await self._ready(self._settings.symbols[0])
        return await self._calls.read(self._exchange.fetch_balance)

    async def _held(self, balance: Any = None) -> dict[str, Decimal]:
        """Give what is there of each pair's base currency."""
        balance = await self._balance() if balance is None else balance
        held = {
            symbol: _sum(balance, "total", symbol.partition("/")[0])
            for symbol in self._settings.symbols
        }
        return {symbol: quantity for symbol, quantity in held.items() if quantity}

    async def _price(self, symbol: str) -> Decimal:
        ticker = await self._calls.read(lambda: self._exchange.fetch_ticker(symbol))
        return self._read(answers.price_of, ticker)

    def _parts(self, broker_order_id: str) -> tuple[str, str]:
        parts = answers.parts_of(broker_order_id)
        if parts is None or parts[0] not in self._settings.symbols:
            raise NotFound("order", broker_order_id)
        return parts

    def _refined(self, order: BrokerOrder) -> BrokerOrder:
        return self._replacements.told(order)

    def _read(self, reader: Callable[[Any], T], found: Any) -> T:
        try:
            return reader(found)
        except (Invalid, KeyError, TypeError, AttributeError) as error:
            reason = f"its answer cannot be read: {error}"
            raise Unavailable(self._settings.exchange, reason) from error


def _by_age(order: BrokerOrder) -> tuple[float, int, str]:
    at = order.submitted_at
    _, _, number = order.broker_order_id.partition("#")
    is_number = number.isdigit()
    return (at.timestamp() if at else 0.0, int(number) if is_number else 0, number)


def _sum(balance: Any, kind: str, currency: str) -> Decimal:
    return answers.decimal_of(balance.get(kind) or {}, currency) or Decimal(0)
