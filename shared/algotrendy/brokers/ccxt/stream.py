"""Tell news of orders: pushed by the exchange where ccxt can listen, looked for where not.

ccxt connects again by itself and tells nobody, and a socket that says nothing looks like a quiet
market. So every connection begins with a look at what REST tells, silence ends in one, and what
only the look knew comes after a StreamGap.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from algotrendy.brokers.ccxt.answers import fill_of, order_of
from algotrendy.brokers.ccxt.calls import Calls
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.brokers.port import (
    BrokerFill,
    BrokerOrder,
    BrokerUpdate,
    StreamGap,
    UpdateKind,
)
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)

View = tuple[Sequence[BrokerOrder], Sequence[BrokerFill]]
Look = Callable[[], Awaitable[View]]
ReadOrder = Callable[[str], Awaitable[BrokerOrder]]
Refine = Callable[[BrokerOrder], BrokerOrder]


class News:
    """Knows what was told, and gives what was not."""

    def __init__(self) -> None:
        self._orders: dict[str, BrokerOrder] = {}
        self._executions: set[str] = set()

    def adopt(self, view: View) -> None:
        """Take a view as told."""
        self._orders = {order.broker_order_id: order for order in view[0]}
        self._executions |= {fill.execution_id for fill in view[1]}

    def of_view(self, view: View) -> Iterator[BrokerUpdate]:
        """Compare with what was told: executions first, then orders that are not as they were."""
        orders = {order.broker_order_id: order for order in view[0]}
        for fill in view[1]:
            order = orders.get(fill.broker_order_id)
            if order is not None:
                yield from self.of_fill(fill, order)
        for order in view[0]:
            yield from self.of_order(order)

    def of_order(self, order: BrokerOrder) -> Iterator[BrokerUpdate]:
        """Tell an order that is not as it was."""
        at = order.updated_at or order.submitted_at
        before = self._orders.get(order.broker_order_id)
        if at is None or order == before or _is_older(order, before):
            return
        self._orders[order.broker_order_id] = order
        yield BrokerUpdate(UpdateKind.ORDER, at, order)

    def of_fill(self, fill: BrokerFill, order: BrokerOrder) -> Iterator[BrokerUpdate]:
        """Tell an execution that was not told."""
        if self.is_told(fill):
            return
        self._executions.add(fill.execution_id)
        if not _is_older(order, self._orders.get(order.broker_order_id)):
            self._orders[order.broker_order_id] = order
        yield BrokerUpdate(UpdateKind.FILL, fill.filled_at, order, fill)

    def is_told(self, fill: BrokerFill) -> bool:
        """Say whether an execution was told."""
        return fill.execution_id in self._executions


def _is_older(order: BrokerOrder, than: BrokerOrder | None) -> bool:
    """Say whether news of an order was overtaken: it never fills back, nor opens again."""
    if than is None:
        return False
    if order.filled_quantity != than.filled_quantity:
        return order.filled_quantity < than.filled_quantity
    return order.status.is_open and than.status.is_terminal


class UpdateStream:
    """The updates of one account.

    Args:
        make: Makes an exchange for one connection's sockets; None where it has to be looked for.
        refine: Adds to an order what the exchange does not know of it.
        random: Gives 0 to 1, for the wait before connecting again.
    """

    def __init__(
        self,
        settings: CcxtSettings,
        calls: Calls,
        make: Callable[[], Any] | None,
        look: Look,
        read_order: ReadOrder,
        refine: Refine,
        closed: asyncio.Event,
        random: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._make = make
        self._look = look
        self._read_order = read_order
        self._refine = refine
        self._closed = closed
        self._random = random
        self._news = News()
        self._is_first = True

    async def items(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Give updates until closed, with a StreamGap at each connect.

        Raises:
            Unauthenticated: If the exchange does not take the keys.
        """
        reason, failures = "connected", 0
        while not self._closed.is_set():
            exchange = None if self._make is None else self._make()
            queue: asyncio.Queue[tuple[str, Any] | AlgoTrendyError] = asyncio.Queue()
            watching = [] if exchange is None else self._watch(exchange, queue)
            try:
                if watching:
                    await asyncio.wait(
                        {*watching},
                        timeout=self._settings.settle_s,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                view = None if _failed(watching) else await self._look()
                if view is not None:
                    yield StreamGap(reason)
                    failures = 0
                    for update in self._since(view):
                        yield update
                async for update in self._told(exchange, queue):
                    yield update
            except Unavailable as error:
                reason = error.reason
            finally:
                await _end(watching, exchange)
            failures += 1
            await self._wait(failures)

    def _since(self, view: View) -> Iterator[BrokerUpdate]:
        if self._is_first:
            self._is_first = False
            self._news.adopt(view)
            return
        yield from self._news.of_view(view)

    async def _told(
        self, exchange: Any, queue: asyncio.Queue[tuple[str, Any] | AlgoTrendyError]
    ) -> AsyncIterator[BrokerUpdate]:
        """Give news until closed.

        Raises:
            Unavailable: If the connection is of no more use, or a look failed.
        """
        pause_s = self._settings.poll_s if exchange is None else self._settings.silence_s
        while (item := await self._next(queue, pause_s)) is not None or not self._closed.is_set():
            if isinstance(item, Unauthenticated):
                raise item
            if isinstance(item, AlgoTrendyError):
                raise Unavailable(self._settings.exchange, item.message) from item
            if item is None:
                updates = list(self._news.of_view(await self._look()))
                if updates and exchange is not None:
                    for update in updates:
                        yield update
                    raise Unavailable(self._settings.exchange, "the stream was mute")
            else:
                updates = await self._read(exchange, *item)
            for update in updates:
                yield update

    async def _next(
        self, queue: asyncio.Queue[tuple[str, Any] | AlgoTrendyError], pause_s: float
    ) -> tuple[str, Any] | AlgoTrendyError | None:
        getting = asyncio.ensure_future(queue.get())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait(
                {getting, closing}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED
            )
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            closing.cancel()

    async def _read(self, exchange: Any, kind: str, found: Any) -> list[BrokerUpdate]:
        try:
            if kind == "order":
                return list(self._news.of_order(self._refine(order_of(found))))
            fill = fill_of(found)
            if self._news.is_told(fill):
                return []
            order = await self._order_of(exchange, found, fill)
        except Invalid as error:
            reason = f"an update that cannot be read ({error.field})"
            raise Unavailable(self._settings.exchange, reason) from error
        except NotFound as error:
            reason = "an execution of an order that is not there"
            raise Unavailable(self._settings.exchange, reason) from error
        return list(self._news.of_fill(fill, order))

    async def _order_of(self, exchange: Any, found: Any, fill: BrokerFill) -> BrokerOrder:
        """Give the order of an execution: as the stream told it, or as it is read."""
        kept = {} if exchange.orders is None else exchange.orders.hashmap.get(fill.symbol, {})
        told = kept.get(found.get("order"))
        if told is not None:
            return self._refine(order_of(told))
        return await self._read_order(fill.broker_order_id)

    def _watch(
        self, exchange: Any, queue: asyncio.Queue[tuple[str, Any] | AlgoTrendyError]
    ) -> list[asyncio.Task[None]]:
        async def listen(kind: str, watch: Callable[[str], Awaitable[Any]], symbol: str) -> None:
            # Nothing is awaited between two watches: ccxt wakes only who waits already.
            try:
                while True:
                    for found in await self._calls.read(lambda: watch(symbol)):
                        queue.put_nowait((kind, dict(found)))
            except AlgoTrendyError as error:
                queue.put_nowait(error)

        return [
            asyncio.create_task(listen(kind, watch, symbol))
            for symbol in self._settings.symbols
            for kind, watch in (
                ("order", exchange.watch_orders),
                ("trade", exchange.watch_my_trades),
            )
        ]

    async def _wait(self, failures: int) -> None:
        least, most = self._settings.backoff_s
        whole = min(most, least * 2.0 ** min(failures - 1, 30))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(whole / 2 + whole / 2 * self._random()):
                await self._closed.wait()


def _failed(watching: Sequence[asyncio.Task[None]]) -> bool:
    return any(task.done() for task in watching)


async def _end(watching: Sequence[asyncio.Task[None]], exchange: Any) -> None:
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    if exchange is not None:
        await exchange.close()
