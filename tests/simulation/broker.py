"""A broker that does everything which its port allows, and some that no port can forbid.

Requests take time, are lost on the way there or back, arrive long after the caller gave up, and
answers are seconds old. Updates come late, twice, in another order or never. What has left a
process arrives, whether the process lives on or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.brokers.simulated.answers import activities_of
from algotrendy.brokers.simulated.broker import CAPABILITIES, SERVICE
from algotrendy.kernel.errors import AlgoTrendyError, NotFound, Unavailable, Unknown
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from simulation.exchange import Exchange
from simulation.fate import Fate
from simulation.loop import Process, VirtualLoop

T = TypeVar("T")

CLIENT_TIMEOUT_S = 10.0
LATEST_ARRIVAL_S = 9.0
OLDEST_ANSWER_S = 3.0


class Wire:
    """What lies between every process and the exchange."""

    def __init__(
        self,
        loop: VirtualLoop,
        fate: Fate,
        exchange: Exchange,
        effect: Callable[[Process, str], None],
    ) -> None:
        self.loop = loop
        self.fate = fate
        self.exchange = exchange
        self.effect = effect
        self.away_until = 0.0

    def later(self, delay_s: float, act: Callable[[], object]) -> None:
        """Let something happen that no kill can stop any more."""
        self.loop.later_outside(delay_s, act)

    async def write(self, process: Process, what: str, act: Callable[[], T]) -> T:
        """Send a request that changes something."""
        process.require_alive()
        self.effect(process, f"before {what}")
        fate = self.fate
        await self._require_there()
        if fate.strikes("broker unavailable", 0.06):
            await asyncio.sleep(fate.between(0.01, 2.0))
            raise Unavailable(SERVICE, "overloaded", fate.between(0.1, 2.0))
        answer: asyncio.Future[T] = self.loop.create_future()
        there, back = fate.between(0.01, 0.12), fate.between(0.01, 0.12)
        if fate.strikes("request late", 0.08):
            there = fate.between(0.5, LATEST_ARRIVAL_S)
        if fate.strikes("answer late", 0.06):
            back = fate.between(0.5, CLIENT_TIMEOUT_S)
        is_answer_lost = fate.strikes("answer lost", 0.10)
        if not fate.strikes("request lost", 0.08):
            self.later(there, lambda: self._arrive(act, answer, None if is_answer_lost else back))
        self.effect(process, f"after {what}")
        return await self._answered(answer, Unknown(what, "there was no answer"))

    async def read(self, process: Process, what: str, look: Callable[[float], T]) -> T:
        """Ask for something; ``look`` gets the age of the answer in seconds."""
        process.require_alive()
        fate = self.fate
        await self._require_there()
        if fate.strikes("read fails", 0.03):
            await asyncio.sleep(fate.between(0.01, 2.0))
            raise Unavailable(SERVICE, f"{what} failed")
        answer: asyncio.Future[T] = self.loop.create_future()
        age = fate.between(0.1, OLDEST_ANSWER_S) if fate.strikes("stale answer", 0.05) else 0.0
        back = fate.between(0.5, 4.0) if fate.strikes("slow answer", 0.03) else 0.04
        self.later(fate.between(0.01, 0.05), lambda: self._arrive(lambda: look(age), answer, back))
        return await self._answered(answer, Unavailable(SERVICE, f"{what} timed out"))

    async def _require_there(self) -> None:
        if self.loop.time() < self.away_until:
            await asyncio.sleep(self.fate.between(0.01, 1.0))
            raise Unavailable(SERVICE, "no connection")

    def _arrive(
        self, act: Callable[[], T], answer: asyncio.Future[T], back_s: float | None
    ) -> None:
        result: T | AlgoTrendyError
        try:
            result = act()
        except AlgoTrendyError as error:
            result = error
        if back_s is not None:
            self.later(back_s, lambda: _give(answer, result))

    async def _answered(self, answer: asyncio.Future[T], otherwise: AlgoTrendyError) -> T:
        try:
            async with asyncio.timeout(CLIENT_TIMEOUT_S):
                return await answer
        except TimeoutError:
            raise otherwise from None


def _give(answer: asyncio.Future[T], result: T | AlgoTrendyError) -> None:
    if answer.done():
        return
    if isinstance(result, AlgoTrendyError):
        answer.set_exception(result)
    else:
        answer.set_result(result)


class HostileBroker:
    """The account at the exchange, as one process reaches it."""

    def __init__(self, wire: Wire, process: Process) -> None:
        self._wire = wire
        self._process = process
        self._is_closed = asyncio.Event()

    @property
    def name(self) -> str:
        """Give the simulated broker's name."""
        return SERVICE

    @property
    def capabilities(self) -> Capabilities:
        """Say what the exchange takes."""
        return CAPABILITIES

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Place an order."""
        CAPABILITIES.check(request)
        name = CAPABILITIES.check_client_order_id(request.client_order_id)
        exchange = self._wire.exchange
        return await self._write(f"submit {name}", lambda: exchange.submit(request))

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order."""
        CAPABILITIES.check_replace(request)
        exchange = self._wire.exchange
        name = f"replace {broker_order_id} by {request.client_order_id}"
        return await self._write(name, lambda: exchange.replace(broker_order_id, request))

    async def cancel(self, broker_order_id: str) -> None:
        """End an order."""
        exchange = self._wire.exchange
        await self._write(f"cancel {broker_order_id}", lambda: exchange.cancel(broker_order_id))

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order, as it was a moment ago."""
        return await self._read("order", lambda age: self._exchange.view(broker_order_id, age))

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it, as it was a moment ago."""
        return await self._read(
            f"order {client_order_id}",
            lambda age: self._exchange.view_by_name(client_order_id, age),
        )

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders, as they were a moment ago."""
        found = await self._read("orders", self._exchange.views)
        return [order for order in found if order.status.is_open or not open_only]

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions that stand."""
        found = await self._read("fills", self._exchange.fills)
        return [fill for fill in found if since is None or fill.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        """Read what changed the account beside executions."""
        found = activities_of(await self._read("activities", self._exchange.activities))
        return [each for each in found if since is None or each.at >= since]

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held."""
        _, held = await self._read("positions", self._exchange.state)
        return [
            BrokerPosition(symbol, quantity, round(cost / quantity, 9))
            for symbol, (quantity, cost) in sorted(held.items())
        ]

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Place the market order that ends a position."""
        held = next((each for each in await self.positions() if each.symbol == symbol), None)
        if held is None:
            raise NotFound("position", symbol)
        side = Side.SELL if held.quantity > 0 else Side.BUY
        size = abs(held.quantity)
        return await self.submit(
            OrderRequest(symbol, side, quantity=size, client_order_id=client_order_id)
        )

    async def account(self) -> BrokerAccount:
        """Read the account."""
        cash, held = await self._read("account", self._exchange.state)
        equity = cash + sum(cost for _, cost in held.values())
        return BrokerAccount(self._exchange.account_id, "USD", cash, equity, cash)

    async def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen; the stream breaks, and what it tells comes as the wire lets it."""
        reason = "connected"
        while not self._is_closed.is_set():
            await asyncio.sleep(self._wire.fate.between(0.05, 0.5))
            if self._wire.loop.time() < self._wire.away_until:
                await asyncio.sleep(1.0)
                continue
            heard: asyncio.Queue[BrokerUpdate | None] = asyncio.Queue()
            stream = _Stream(self._wire, heard)
            self._exchange.listeners.append(stream.tell)
            try:
                yield StreamGap(reason)
                while (update := await heard.get()) is not None:
                    yield update
            finally:
                if stream.tell in self._exchange.listeners:
                    self._exchange.listeners.remove(stream.tell)
            reason = "the stream broke"
            await asyncio.sleep(self._wire.fate.between(0.1, 4.0))

    async def close(self) -> None:
        """Stop listening."""
        self._is_closed.set()

    @property
    def _exchange(self) -> Exchange:
        return self._wire.exchange

    async def _write(self, what: str, act: Callable[[], T]) -> T:
        return await self._wire.write(self._process, what, act)

    async def _read(self, what: str, look: Callable[[float], T]) -> T:
        return await self._wire.read(self._process, what, look)


class _Stream:
    """One connection for updates; once broken it tells nothing more."""

    def __init__(self, wire: Wire, heard: asyncio.Queue[BrokerUpdate | None]) -> None:
        self._wire = wire
        self._heard = heard
        self._is_broken = False

    def tell(self, update: BrokerUpdate) -> None:
        if self._is_broken:
            return
        fate = self._wire.fate
        is_away = self._wire.loop.time() < self._wire.away_until
        if is_away or fate.strikes("stream breaks", 0.03):
            self._is_broken = True
            self._heard.put_nowait(None)
            return
        if fate.strikes("update lost", 0.06):
            return
        delay = fate.between(0.01, 0.1)
        if fate.strikes("update late", 0.08):
            delay = fate.between(0.2, 6.0)
        self._wire.later(delay, lambda: self._put(update))
        if fate.strikes("update doubled", 0.08):
            self._wire.later(delay + fate.between(0.0, 3.0), lambda: self._put(update))

    def _put(self, update: BrokerUpdate) -> None:
        if not self._is_broken:
            self._heard.put_nowait(update)
