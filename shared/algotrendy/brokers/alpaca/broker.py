"""Be a broker of the platform's port at Alpaca."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import random as uniform
from typing import Any, TypeVar
from uuid import UUID

from algotrendy.brokers.alpaca import answers
from algotrendy.brokers.alpaca.activities import read_activities
from algotrendy.brokers.alpaca.capabilities import CAPABILITIES
from algotrendy.brokers.alpaca.requests import order_body, replace_body
from algotrendy.brokers.alpaca.rest import SERVICE, AlpacaRest, Away, unreadable
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.alpaca.stream import BEFORE_ALL, UpdateStream
from algotrendy.brokers.capabilities import Capabilities
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
from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_ORDERS_A_PAGE = 500
_FILLS_A_PAGE = 100
_NEWEST_LOOKED_AT = 100
_UNPROCESSABLE = 422


class AlpacaBroker:
    """One account at Alpaca. Make it, and use it, on one running loop.

    Args:
        random: Gives 0 to 1, for the wait before connecting the stream again.
    """

    def __init__(self, settings: AlpacaSettings, random: Callable[[], float] = uniform) -> None:
        self._settings = settings
        self._random = random
        self._rest = AlpacaRest(settings)
        self._closed = asyncio.Event()
        self._pairs: dict[str, str] = {}
        self._left_out: set[str] = set()

    @property
    def name(self) -> str:
        """Give ``alpaca``."""
        return SERVICE

    @property
    def capabilities(self) -> Capabilities:
        """Say what Alpaca takes."""
        return CAPABILITIES

    @property
    def mode(self) -> Mode:
        """Say whether orders cost money."""
        return self._settings.mode

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send an order, once."""
        CAPABILITIES.check(request)
        client_order_id = CAPABILITIES.check_client_order_id(request.client_order_id)
        operation = f"order {client_order_id}"
        try:
            json = await self._rest.change("POST", "/orders", operation, order_body(request))
        except Away as error:
            return await self._after_503(client_order_id, error)
        except Rejected as error:
            if error.facts.get("status") == _UNPROCESSABLE:
                await self._refuse_reuse(client_order_id, error)
            raise
        return _read(answers.order_of, json, operation, changes=True)

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order, once; the answer is the order that takes its place."""
        CAPABILITIES.check_replace(request)
        operation = f"replacement of {broker_order_id}"
        path = _order_path(broker_order_id)
        try:
            json = await self._rest.change("PATCH", path, operation, replace_body(request))
        except Unauthenticated:
            raise
        except Rejected as error:
            # An order that this very replacement has replaced is refused, whatever the number.
            if request.client_order_id is not None:
                await self._refuse_reuse(request.client_order_id, error)
            raise
        return _read(answers.order_of, json, operation, changes=True)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for the end of an order."""
        operation = f"cancel of {broker_order_id}"
        await self._rest.change("DELETE", _order_path(broker_order_id), operation)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order, with its exits."""
        path = _order_path(broker_order_id)
        json = await self._rest.read(path, {"nested": "true"})
        return _read(answers.order_of, json, "order")

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it."""
        json = await self._rest.read(
            "/orders:by_client_order_id", {"client_order_id": client_order_id, "nested": "true"}
        )
        return _read(answers.order_of, json, "order by client order id")

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders, oldest first, page by page.

        Those of a kind that the capability table does not offer, such as for options, are left out.
        """
        found: dict[str, BrokerOrder] = {}
        ends: set[str] = set()
        query: dict[str, str | int] = {
            "status": "open" if open_only else "all",
            "limit": _ORDERS_A_PAGE,
            "direction": "asc",
            "nested": "false",
        }
        while True:
            page = await self._page(query)
            for order in page.orders:
                found.setdefault(order.broker_order_id, order)
            if page.count < _ORDERS_A_PAGE or page.last_id is None or page.last_id in ends:
                return list(found.values())
            ends.add(page.last_id)
            query["after_order_id"] = page.last_id

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions, oldest first, page by page."""
        found: dict[str, BrokerFill] = {}
        query: dict[str, str | int] = {"direction": "asc", "page_size": _FILLS_A_PAGE}
        if since is not None:
            # Alpaca gives what came after; a fill of that very moment is wanted too.
            query["after"] = (as_utc(since, "since") - timedelta(milliseconds=1)).isoformat()
        while True:
            json = await self._rest.read("/account/activities/FILL", query)
            page = _read(_activities, json, "activities")
            before = len(found)
            found |= {fill.execution_id: fill for fill, _ in page}
            if len(page) < _FILLS_A_PAGE or len(found) == before:
                break
            query["page_token"] = page[-1][1]
        return [fill for fill in found.values() if since is None or fill.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        """Read fees, dividends and the like, oldest first, page by page."""

        async def ask(query: Mapping[str, str | int]) -> object:
            return await self._rest.read("/account/activities", query)

        try:
            return await read_activities(ask, since)
        except Invalid as error:
            raise unreadable("activities", str(error), changes=False) from error

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held."""
        json = await self._rest.read("/positions")
        listed = _read(lambda found: list(answers.list_of(found, "positions")), json, "positions")
        return [await self._position(item) for item in listed]

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that ends a position.

        It is an order of our own, and not Alpaca's DELETE of the position, which takes no client
        order id: nobody could find out afterwards whether it was taken.
        """
        CAPABILITIES.check_client_order_id(client_order_id)
        held = next((p for p in await self.positions() if p.symbol == symbol), None)
        if held is None:
            raise NotFound("position", symbol)
        return await self.submit(
            OrderRequest(
                symbol=symbol,
                side=Side.SELL if held.quantity > 0 else Side.BUY,
                time_in_force=TimeInForce.GTC if "/" in symbol else TimeInForce.DAY,
                quantity=abs(held.quantity),
                client_order_id=client_order_id,
            )
        )

    async def account(self) -> BrokerAccount:
        """Read the account."""
        return _read(answers.account_of, await self._rest.read("/account"), "account")

    def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen to trade updates until closed."""
        stream = UpdateStream(self._settings, self._newest_change, self._closed, self._random)
        return stream.items()

    async def close(self) -> None:
        """End streams and sessions; a second call does nothing."""
        self._closed.set()
        await self._rest.close()

    async def _after_503(self, client_order_id: str, error: Away) -> BrokerOrder:
        """Look for an order that was answered with 503, for some seconds; give it if it is there.

        Raises:
            Unknown: If it does not turn up: it may still be on its way.
        """
        for wait_s in (0.0, *self._settings.look_again_s):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._closed.wait()
            if self._closed.is_set():
                break
            try:
                return await self.order_by_client_id(client_order_id)
            except (NotFound, Unavailable):
                continue
            except Rejected:
                break
        raise error

    async def _refuse_reuse(self, client_order_id: str, error: Rejected) -> None:
        """Raise Conflict if a refused order's client order id is in use.

        Alpaca's number for that (40010001) stands for other mistakes too: only a look tells.
        """
        try:
            broker_order_id = (await self.order_by_client_id(client_order_id)).broker_order_id
        except NotFound:
            return
        except Unavailable:
            raise Unknown(
                f"order {client_order_id}", f"it was refused ({error.message}), perhaps as a repeat"
            ) from error
        except answers.NotOffered as other:
            broker_order_id = other.broker_order_id
        raise Conflict(
            f"client_order_id must be new, was used by order {broker_order_id}",
            client_order_id=client_order_id,
            broker_order_id=broker_order_id,
            broker_message=error.message,
        ) from error

    async def _newest_change(self) -> datetime:
        query: dict[str, str | int] = {
            "status": "all",
            "limit": _NEWEST_LOOKED_AT,
            "direction": "desc",
        }
        times = (order.updated_at for order in (await self._page(query)).orders)
        return max((time for time in times if time is not None), default=BEFORE_ALL)

    async def _page(self, query: Mapping[str, str | int]) -> answers.Page:
        page = _read(answers.orders_of, await self._rest.read("/orders", query), "orders")
        for other in page.not_offered:
            if other.broker_order_id not in self._left_out:
                self._left_out.add(other.broker_order_id)
                _logger.warning("Alpaca: %s; it is left out of orders", other.message)
        return page

    async def _position(self, json: object) -> BrokerPosition:
        position = _read(answers.position_of, json, "position")
        if not isinstance(json, dict) or json.get("asset_class") != "crypto":
            return position
        # Alpaca's positions name a pair without the slash: BTCUSD.
        if "/" in position.symbol:
            return position
        if position.symbol not in self._pairs:
            asset = await self._rest.read(f"/assets/{json.get('asset_id')}")
            self._pairs[position.symbol] = _read(lambda found: str(found["symbol"]), asset, "asset")
        return answers.with_slash(position, self._pairs[position.symbol])


def _activities(json: object) -> list[tuple[BrokerFill, str]]:
    return [
        (answers.fill_of(item), str(item["id"]) if isinstance(item, dict) else "")
        for item in answers.list_of(json, "activities")
    ]


def _order_path(broker_order_id: str) -> str:
    try:
        return f"/orders/{UUID(broker_order_id)}"
    except ValueError:
        # Alpaca names orders by UUID: there is none of another kind.
        raise NotFound("order", broker_order_id) from None


def _read(reader: Callable[[Any], T], json: Any, operation: str, *, changes: bool = False) -> T:
    try:
        return reader(json)
    except (Invalid, KeyError, TypeError) as error:
        raise unreadable(operation, str(error), changes=changes) from error
    except answers.NotOffered as error:
        if changes:
            # It answers an order of ours, and may not sound as if that were refused.
            raise unreadable(operation, error.message, changes=True) from error
        raise
