"""Time every call to a broker, and say what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.port import (
    Broker,
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.kernel.errors import AlgoTrendyError, Unavailable, Unknown
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.platform.metrics import count, timed


class MeasuredBroker:
    """Is a ``Broker`` that hands everything to another one, and keeps the time."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @property
    def name(self) -> str:
        """Give the broker's name."""
        return self._broker.name

    @property
    def capabilities(self) -> Capabilities:
        """Say what it can do."""
        return self._broker.capabilities

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send an order."""
        with _timed("submit"):
            return await self._broker.submit(request)

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order."""
        with _timed("replace"):
            return await self._broker.replace(broker_order_id, request)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for the end of an order."""
        with _timed("cancel"):
            await self._broker.cancel(broker_order_id)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order."""
        with _timed("order"):
            return await self._broker.order(broker_order_id)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it."""
        with _timed("order_by_client_id"):
            return await self._broker.order_by_client_id(client_order_id)

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders the broker still tells of."""
        with _timed("orders"):
            return await self._broker.orders(open_only=open_only)

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions."""
        with _timed("fills"):
            return await self._broker.fills(since)

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        """Read what changed the account beside fills."""
        with _timed("activities"):
            return await self._broker.activities(since)

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held."""
        with _timed("positions"):
            return await self._broker.positions()

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that ends a position."""
        with _timed("close_position"):
            return await self._broker.close_position(symbol, client_order_id)

    async def account(self) -> BrokerAccount:
        """Read the account."""
        with _timed("account"):
            return await self._broker.account()

    def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen until closed."""
        return self._broker.updates()

    async def close(self) -> None:
        """End streams and connections."""
        await self._broker.close()


@contextmanager
def _timed(call: str) -> Iterator[None]:
    try:
        with timed("BrokerSeconds", call=call):
            yield
    except Exception as error:
        # A refusal is an answer.
        if not isinstance(error, AlgoTrendyError) or isinstance(error, Unavailable | Unknown):
            count("BrokerCallsUnanswered")
        raise
