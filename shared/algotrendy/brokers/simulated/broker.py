"""Be a broker of the platform's port on the floor of a paper exchange in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from algotrendy.brokers.capabilities import STANDING, Capabilities, Stream
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.brokers.simulated.answers import activities_of, fills_of, order_of, update_of
from algotrendy.exchange.faults import Kind, Scripted
from algotrendy.exchange.feed import Feed, FeedEnded
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import Order, Update
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.errors import (
    Conflict,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

T = TypeVar("T")

SERVICE = "simulated"
_ORDERS = "/v2/orders"

CAPABILITIES = Capabilities(
    asset_classes=frozenset({AssetClass.EQUITY, AssetClass.CRYPTO}),
    order_types=frozenset(OrderType),
    times_in_force=frozenset(TimeInForce),
    times_by_type={
        OrderType.STOP: STANDING,
        OrderType.STOP_LIMIT: STANDING,
        OrderType.TRAILING_STOP: STANDING,
    },
    order_classes=frozenset(OrderClass),
    fractional=True,
    notional=True,
    short=True,
    extended_hours=True,
    replace=True,
    activities=True,
    stream=Stream.PUSHED,
    notes=(
        "The paper exchange's own rules, in this process: what it takes, Alpaca takes.",
        "The exchange's faults strike here too: a lost answer is Unknown.",
    ),
)


class SimulatedBroker:
    """One account of a floor.

    Args:
        on_close: Stops the floor where it is nobody else's.
    """

    def __init__(
        self,
        floor: Floor,
        account_id: str,
        on_close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._floor = floor
        self._account_id = account_id
        self._on_close = on_close
        self._closed = asyncio.Event()

    @property
    def name(self) -> str:
        """Give ``simulated``."""
        return SERVICE

    @property
    def capabilities(self) -> Capabilities:
        """Say what the paper exchange takes."""
        return CAPABILITIES

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Place an order."""
        CAPABILITIES.check(request)
        name = CAPABILITIES.check_client_order_id(request.client_order_id)

        def place(venue: Venue, now: datetime) -> BrokerOrder:
            self._refuse_reuse(venue, name)
            return self._told(venue, venue.submit(self._account_id, request, now))

        return await self._change("POST", _ORDERS, f"order {name}", place)

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order; the answer is the order that takes its place."""
        CAPABILITIES.check_replace(request)

        def change(venue: Venue, now: datetime) -> BrokerOrder:
            if request.client_order_id is not None:
                self._refuse_reuse(venue, request.client_order_id)
            changed = venue.replace(self._account_id, broker_order_id, request, now)
            return self._told(venue, changed)

        path = f"{_ORDERS}/{broker_order_id}"
        return await self._change("PATCH", path, f"replacement of {broker_order_id}", change)

    async def cancel(self, broker_order_id: str) -> None:
        """End an order."""

        def end(venue: Venue, now: datetime) -> None:
            venue.cancel(self._account_id, broker_order_id, now)

        path = f"{_ORDERS}/{broker_order_id}"
        await self._change("DELETE", path, f"cancel of {broker_order_id}", end)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order, with its exits."""
        return await self._read(
            lambda venue: self._told(venue, venue.order(self._account_id, broker_order_id))
        )

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by our name for it."""

        def find(venue: Venue) -> BrokerOrder:
            found = venue.order_by_client_id(self._account_id, client_order_id)
            return self._told(venue, found)

        return await self._read(find)

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read all orders, oldest first."""

        def list_them(venue: Venue) -> list[BrokerOrder]:
            found = list(venue.orders(self._account_id))[::-1]
            return [self._told(venue, o) for o in found if o.status.is_open or not open_only]

        return await self._read(list_them)

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions, oldest first, without those that were taken back."""
        told = await self._read(lambda venue: fills_of(venue.activities(self._account_id)))
        return [fill for fill in told if since is None or fill.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:
        """Read what changed the account beside fills, oldest first."""
        told = await self._read(lambda venue: activities_of(venue.activities(self._account_id)))
        return [activity for activity in told if since is None or activity.at >= since]

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what is held."""
        held = await self._read(lambda venue: list(venue.positions(self._account_id)))
        return [
            BrokerPosition(Symbol(p.symbol), p.quantity, round(p.cost / p.quantity, 9))
            for p in held
        ]

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Place the market order that ends a position."""
        held = next((p for p in await self.positions() if p.symbol == symbol), None)
        if held is None:
            raise NotFound("position", symbol)
        asset_class = await self._read(lambda venue: venue.asset(symbol).asset_class)
        is_crypto = asset_class is AssetClass.CRYPTO
        return await self.submit(
            OrderRequest(
                symbol=symbol,
                side=Side.SELL if held.quantity > 0 else Side.BUY,
                time_in_force=TimeInForce.GTC if is_crypto else TimeInForce.DAY,
                quantity=abs(held.quantity),
                client_order_id=client_order_id,
            )
        )

    async def account(self) -> BrokerAccount:
        """Read the account."""
        account = await self._read(lambda venue: venue.account(self._account_id))
        balances = await self._read(lambda venue: venue.balances(self._account_id))
        return BrokerAccount(
            account_id=account.id,
            currency="USD",
            cash=balances.cash,
            equity=balances.equity,
            buying_power=balances.buying_power,
            trading_blocked=account.blocked,
        )

    async def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Listen until closed; the exchange's faults drop, double, delay and break."""
        reason = "connected"
        while not self._closed.is_set():
            feed = self._floor.updates(self._account_id)
            unwatch = self._floor.chaos.watch(partial(_break, feed))
            ending = asyncio.create_task(self._close_with_us(feed))
            try:
                yield StreamGap(reason)
                while True:
                    for update in await self._as_fated(await feed.get(), feed):
                        yield update_of(update)
            except FeedEnded:
                reason = "the reader was too slow" if feed.overflowed else "the stream broke"
            finally:
                unwatch()
                feed.close()
                ending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await ending

    async def close(self) -> None:
        """End streams; a second call does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._on_close is not None:
            await self._on_close()

    async def _close_with_us(self, feed: Feed[Update]) -> None:
        await self._closed.wait()
        feed.close()

    async def _as_fated(self, update: Update, feed: Feed[Update]) -> Sequence[Update]:
        """Give an update as often as chaos lets it come, and when."""
        chaos = self._floor.chaos
        fate = chaos.for_update(update)
        if fate.disconnect:
            feed.close()
            return ()
        if chaos.faults.mute_updates:
            return ()
        if fate.delay_s:
            await asyncio.sleep(fate.delay_s)
        return (update,) * fate.copies

    async def _change(
        self, method: str, path: str, operation: str, command: Callable[[Venue, datetime], T]
    ) -> T:
        """Run a command as a request that chaos may refuse before, or lose the answer of."""
        if self._closed.is_set():
            raise Unavailable(SERVICE, "it was closed by us")
        floor = self._floor
        fate = floor.chaos.for_request(method, path, floor.now())
        if fate.delay_s:
            await asyncio.sleep(fate.delay_s)
        if fate.refuse_before is not None:
            raise Unavailable(SERVICE, f"{fate.refuse_before} by chaos", fate.retry_after_s)
        if fate.drop == "before":
            raise Unknown(operation, "the connection broke, by chaos")
        try:
            result = await floor.run(command)
        except Refused as error:
            raise _translated(error) from error
        if fate.fail_after is not None or fate.drop is not None:
            raise Unknown(operation, "its answer was lost, by chaos")
        return result

    async def _read(self, question: Callable[[Venue], T]) -> T:
        try:
            return question(self._floor.venue)
        except Refused as error:
            raise _translated(error) from error
        finally:
            await self._floor.settled()

    def _told(self, venue: Venue, order: Order) -> BrokerOrder:
        return order_of(order, [venue.order(self._account_id, leg) for leg in order.legs])

    def _refuse_reuse(self, venue: Venue, client_order_id: str) -> None:
        try:
            found = venue.order_by_client_id(self._account_id, client_order_id)
        except Refused:
            return
        raise Conflict(
            f"client_order_id must be new, was used by order {found.id}",
            client_order_id=client_order_id,
            broker_order_id=found.id,
        )


def _break(feed: Feed[Update], what: Scripted | None) -> None:
    if what is not None and what.fault is Kind.DISCONNECT:
        feed.close()


def _translated(error: Refused) -> Rejected:
    if error.reason is Reason.NOT_FOUND:
        return NotFound("order, position or asset", "asked for", error.message)
    if error.reason is Reason.UNAUTHENTICATED:
        return Unauthenticated(error.message)
    return Rejected(error.message, **error.facts)
