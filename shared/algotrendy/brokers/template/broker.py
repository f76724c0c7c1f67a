"""Be a broker of the platform's port at a vendor that takes market and limit orders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from algotrendy.brokers.capabilities import Capabilities, Stream
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
    UpdateKind,
)
from algotrendy.brokers.template.answers import account_of, fill_of, order_of, position_of
from algotrendy.brokers.template.wire import Answer, NoAnswer, NotSent, Wire
from algotrendy.kernel.decimals import plain
from algotrendy.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

T = TypeVar("T")

SERVICE = "template"

# Say less rather than more: what is not in the table is refused before it is sent.
CAPABILITIES = Capabilities(
    asset_classes=frozenset({AssetClass.EQUITY}),
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    short=True,
    stream=Stream.POLLED,
    client_order_id_length=64,
)


class TemplateBroker:
    """One account.

    Args:
        poll_s: Seconds between two looks for news.
    """

    def __init__(self, wire: Wire, poll_s: float = 2.0) -> None:
        self._wire = wire
        self._poll_s = poll_s
        self._closed = asyncio.Event()

    @property
    def name(self) -> str:
        """Give the name under which settings and pages know the broker."""
        return SERVICE

    @property
    def capabilities(self) -> Capabilities:
        """Say what the vendor takes."""
        return CAPABILITIES

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send an order, once; the vendor keeps our name for it as its tag."""
        CAPABILITIES.check(request)
        body = {
            "symbol": request.symbol,
            "side": request.side.value,
            "type": request.type.value,
            "duration": request.time_in_force.value,
            "quantity": None if request.quantity is None else plain(request.quantity),
            "limit": None if request.limit_price is None else plain(request.limit_price),
            "tag": request.client_order_id,
        }
        operation = f"order {request.client_order_id}"
        return _read(order_of, await self._change("POST", "/orders", operation, body), operation)

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Refuse: this vendor changes no order, and the table says so."""
        CAPABILITIES.check_replace(request)
        raise Invalid("replace", "a cancel and a new order", broker_order_id)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for the end of an order."""
        operation = f"cancel of {broker_order_id}"
        await self._change("DELETE", f"/orders/{broker_order_id}", operation)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order."""
        return await self._get(f"/orders/{broker_order_id}", order_of)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it."""
        return await self._get(f"/orders/by-tag/{client_order_id}", order_of)

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders, oldest first."""
        found = await self._get("/orders", lambda json: [order_of(item) for item in json])
        return [order for order in found if order.status.is_open or not open_only]

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions, oldest first."""
        found = await self._get("/fills", lambda json: [fill_of(item) for item in json])
        return [fill for fill in found if since is None or fill.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:  # noqa: ARG002 - the port's
        """Read none: this broker tells of nothing but fills."""
        return ()

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held."""
        return await self._get("/positions", lambda json: [position_of(item) for item in json])

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that ends a position, under a name of ours."""
        held = next((p for p in await self.positions() if p.symbol == symbol), None)
        if held is None:
            raise NotFound("position", symbol)
        side = Side.SELL if held.quantity > 0 else Side.BUY
        return await self.submit(
            OrderRequest(symbol, side, quantity=abs(held.quantity), client_order_id=client_order_id)
        )

    async def account(self) -> BrokerAccount:
        """Read the account."""
        return await self._get("/account", account_of)

    async def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Look again and again, and tell what is new; a look that fails is a gap."""
        orders: dict[str, BrokerOrder] | None = None
        executions: set[str] = set()
        gap: str | None = "connected"
        while not self._closed.is_set():
            try:
                fills, listed = await self.fills(), await self.orders()
            except Unavailable as error:
                gap = error.reason
            else:
                if gap is not None:
                    yield StreamGap(gap)
                gap = None
                news = {o.broker_order_id: o for o in listed}
                # The first look sets the mark; after a gap, news is told as far as it is found.
                for update in _news(orders, executions, news, fills) if orders is not None else ():
                    yield update
                orders, executions = news, {fill.execution_id for fill in fills}
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._closed.wait()

    async def close(self) -> None:
        """End streams and connections; a second call does nothing."""
        if not self._closed.is_set():
            self._closed.set()
            await self._wire.close()

    async def _get(self, path: str, reader: Callable[[Any], T]) -> T:
        """Read something: whatever goes wrong, nothing was changed."""
        try:
            answer = await self._wire.call("GET", path)
        except (NotSent, NoAnswer) as error:
            raise Unavailable(SERVICE, "it does not answer") from error
        if answer.status >= 500:
            raise Unavailable(SERVICE, f"it answered {answer.status}", answer.retry_after_s)
        _refuse(answer, path)
        try:
            return reader(answer.json)
        except (Invalid, KeyError, TypeError, ValueError) as error:
            raise Unavailable(SERVICE, f"its answer cannot be read: {error}") from error

    async def _change(
        self, method: str, path: str, operation: str, body: Mapping[str, object] | None = None
    ) -> Any:
        """Ask for a change, once, and never again by ourselves."""
        try:
            answer = await self._wire.call(method, path, body)
        except NotSent as error:
            raise Unavailable(SERVICE, "it cannot be reached") from error
        except NoAnswer as error:
            raise Unknown(operation, "no answer came") from error
        # This vendor says 503 before it looks at a request, and never after.
        if answer.status == 503:
            raise Unavailable(SERVICE, "it is closed", answer.retry_after_s)
        if answer.status >= 500:
            raise Unknown(operation, f"the answer was {answer.status}")
        _refuse(answer, path)
        return answer.json


def _refuse(answer: Answer, path: str) -> None:
    """Raise what a status of 400 to 499 means."""
    if answer.status < 400:
        return
    words = str((answer.json or {}).get("error", f"it answered {answer.status}"))
    match answer.status:
        case 401:
            raise Unauthenticated(words)
        case 404:
            raise NotFound("order", path.rpartition("/")[2], words)
        case 409:
            raise Conflict(words)
        case 429:
            raise Unavailable(SERVICE, "too many requests", answer.retry_after_s)
        case _:
            raise Rejected(words, status=answer.status)


def _read(reader: Callable[[Any], T], json: Any, operation: str) -> T:
    try:
        return reader(json)
    except (Invalid, KeyError, TypeError, ValueError) as error:
        raise Unknown(operation, f"the answer cannot be read: {error}") from error


def _news(
    before: Mapping[str, BrokerOrder],
    told: set[str],
    now: Mapping[str, BrokerOrder],
    fills: Sequence[BrokerFill],
) -> list[BrokerUpdate]:
    """Tell executions that were not told yet, then orders that are not as they were."""
    updates = []
    for fill in fills:
        if fill.execution_id not in told and fill.broker_order_id in now:
            order = now[fill.broker_order_id]
            updates.append(BrokerUpdate(UpdateKind.FILL, fill.filled_at, order, fill))
    for order_id, order in now.items():
        at = order.updated_at
        if at is not None and order != before.get(order_id):
            updates.append(BrokerUpdate(UpdateKind.ORDER, at, order))
    return updates
