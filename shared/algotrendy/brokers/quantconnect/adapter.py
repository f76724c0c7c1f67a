"""Trade through a LEAN algorithm that is deployed on QuantConnect: the broker port's adapter.

The algorithm is lean_bridge.py. Commands go to it at once, but have no answer of their own; what
became of them is read from snapshots of its orders, which QuantConnect renews about every 10
minutes, and from its log. So an order that no snapshot shows yet is told as ``pending_new``.
The bridge never takes a client order id twice, whatever happens on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from time import monotonic as system_monotonic

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.live import Switches
from algotrendy.brokers.port import (
    BrokerAccount,
    BrokerActivity,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerUpdate,
    StreamGap,
)
from algotrendy.brokers.quantconnect.capabilities import CAPABILITIES
from algotrendy.brokers.quantconnect.client import QuantConnect
from algotrendy.brokers.quantconnect.connection import SERVICE
from algotrendy.brokers.quantconnect.deployed import DeployedBridge
from algotrendy.brokers.quantconnect.holdings import to_account, to_positions
from algotrendy.brokers.quantconnect.models import LeanOrder
from algotrendy.brokers.quantconnect.orders import (
    names_of,
    pending,
    require_increments,
    require_names,
    require_replaceable,
    to_broker_fills,
    to_broker_orders,
)
from algotrendy.brokers.quantconnect.polling import Patience, poll
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected, Unavailable
from algotrendy.kernel.ids import Ids, Uuid7s
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus


@dataclass(slots=True)
class Sent:
    """An order that no snapshot has shown yet; ``command`` is None when its answer was lost."""

    order: BrokerOrder
    at_s: float
    command: str | None = None


class QuantConnectBroker:
    """One deployed bridge algorithm.

    Args:
        project_id: The project that it was deployed from.
        switches: Needed where it is deployed to anything but paper.
    """

    def __init__(
        self,
        client: QuantConnect,
        project_id: int,
        clock: Clock,
        *,
        patience: Patience | None = None,
        switches: Switches | None = None,
        ids: Ids | None = None,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        self._client = client
        self._clock = clock
        self._patience = patience or Patience()
        self._monotonic = monotonic
        self._bridge = DeployedBridge(
            client, project_id, switches or Switches(), ids or Uuid7s(clock)
        )
        self._sent: dict[str, Sent] = {}
        self._closed = asyncio.Event()
        self._looking = asyncio.Lock()

    @property
    def name(self) -> str:
        """Give ``quantconnect``."""
        return SERVICE

    @property
    def capabilities(self) -> Capabilities:
        """Say what the bridge can do."""
        return CAPABILITIES

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Command the bridge to place an order, and wait a little for it to be seen.

        Raises:
            Rejected: Also when the bridge took it and LEAN then refused it, such as for cash.
        """
        CAPABILITIES.check(request)
        name = CAPABILITIES.check_client_order_id(request.client_order_id)
        require_names(name)
        require_increments(request)
        await self._require_unused(name)
        before = self._sent.get(name)
        # Already now: who is cancelled while it is sent must not read later that it is not there.
        sent = self._sent[name] = Sent(pending(request, self._clock.now()), self._monotonic())
        try:
            sent.command = await self._bridge.command(
                "submit",
                client_order_id=name,
                symbol=request.symbol,
                type=request.type.value,
                time_in_force=request.time_in_force.value,
                quantity=_text(_signed(request.quantity, request.side)),
                limit_price=_text(request.limit_price),
                stop_price=_text(request.stop_price),
            )
        except (Invalid, Rejected, Unavailable):
            self._forget(name, before)
            raise
        return await self._seen(name, sent)

    async def replace(self, broker_order_id: str, request: ReplaceRequest) -> BrokerOrder:
        """Change a standing order; it keeps its broker order id."""
        CAPABILITIES.check_replace(request)
        require_increments(request)
        standing = await self.order(broker_order_id)
        if standing.status.is_terminal:
            raise Conflict(f"order {broker_order_id} is {standing.status} and cannot be replaced")
        require_replaceable(standing, request)
        if request.client_order_id is not None:
            require_names(request.client_order_id)
            await self._require_unused(request.client_order_id)
        command = await self._bridge.command(
            "replace",
            order=broker_order_id,
            client_order_id=request.client_order_id,
            quantity=_text(_signed(request.quantity, standing.side)),
            limit_price=_text(request.limit_price),
            stop_price=_text(request.stop_price),
        )
        wanted = replace(
            standing,
            client_order_id=request.client_order_id or standing.client_order_id,
            quantity=request.quantity or standing.quantity,
            limit_price=request.limit_price or standing.limit_price,
            stop_price=request.stop_price or standing.stop_price,
        )
        found = await self._settled(
            command, broker_order_id, lambda order: _shape(order) == _shape(wanted)
        )
        return found or replace(wanted, status=OrderStatus.PENDING_REPLACE)

    async def cancel(self, broker_order_id: str) -> None:
        """Command the bridge to cancel an order, and wait a little for it to be over."""
        standing = await self.order(broker_order_id)
        if standing.status.is_terminal:
            raise Conflict(f"order {broker_order_id} is {standing.status} and cannot be canceled")
        command = await self._bridge.command("cancel", order=broker_order_id)
        await self._settled(command, broker_order_id, lambda order: order.status.is_terminal)

    async def order(self, broker_order_id: str) -> BrokerOrder:
        """Read one order of the last snapshot, or one that was sent since."""
        for order in await self.orders():
            if order.broker_order_id == broker_order_id:
                return order
        raise NotFound("order", broker_order_id)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder:
        """Read one order by any client order id that it has had.

        Raises:
            Unavailable: If its submission's answer was lost, and no snapshot is young enough to
                tell yet whether it was placed.
        """
        sent = self._sent.get(client_order_id)
        is_in_doubt = sent is not None and sent.command is None
        deadline_s = self._monotonic() + (self._patience.confirm_s if is_in_doubt else 0)
        while True:
            if found := await self._find(client_order_id):
                return found
            if not await self._paused_before(deadline_s):
                break
        if sent is None or client_order_id not in self._sent:
            raise NotFound("order", client_order_id)
        if not is_in_doubt:
            return sent.order
        left_s = sent.at_s + self._patience.snapshot_lag_s - self._monotonic()
        reason = f"no snapshot tells yet whether order {client_order_id} was placed"
        raise Unavailable(SERVICE, reason, max(left_s, self._patience.poll_s))

    async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
        """Read the last snapshot, and what was sent since, oldest first."""
        told = to_broker_orders(await self._snapshot())
        for name in list(self._sent):
            if waiting := await self._unseen(name):
                told.append(waiting)
        return [order for order in told if order.status.is_open or not open_only]

    async def fills(self, since: datetime | None = None) -> Sequence[BrokerFill]:
        """Read executions of this deployment, oldest first."""
        snapshot = await self._snapshot()
        found = to_broker_fills(snapshot, self._bridge.deploy_id)
        return [fill for fill in found if since is None or fill.filled_at >= since]

    async def activities(self, since: datetime | None = None) -> Sequence[BrokerActivity]:  # noqa: ARG002 - the port's
        """Read none: the cloud tells of nothing but fills."""
        return ()

    async def positions(self) -> Sequence[BrokerPosition]:
        """Read what the last snapshot holds, by symbol."""
        return to_positions(await self._bridge.portfolio())

    async def close_position(self, symbol: Symbol, client_order_id: str) -> BrokerOrder:
        """Send the market order that ends a position."""
        for held in await self.positions():
            if held.symbol == symbol:
                side = Side.SELL if held.quantity > 0 else Side.BUY
                return await self.submit(
                    OrderRequest(
                        symbol=symbol,
                        side=side,
                        quantity=abs(held.quantity),
                        client_order_id=client_order_id,
                    )
                )
        raise NotFound("position", symbol)

    async def account(self) -> BrokerAccount:
        """Read cash and holdings of the last snapshot; buying power is the cash."""
        return to_account(await self._bridge.portfolio(), self._bridge.deploy_id)

    def updates(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Poll until closed; a gap comes first, and after polls that failed."""
        return poll(self._look, self._closed, self._patience)

    async def close(self) -> None:
        """End streams and connections; a second call does nothing."""
        self._closed.set()
        async with self._looking:
            await self._client.close()

    async def _look(self) -> tuple[Sequence[BrokerOrder], Sequence[BrokerFill]] | None:
        async with self._looking:
            if self._closed.is_set():
                return None
            snapshot = await self._snapshot(attempts=1)
            told = to_broker_orders(snapshot)
            for name in list(self._sent):
                if waiting := await self._unseen(name):
                    told.append(waiting)
            return told, to_broker_fills(snapshot, self._bridge.deploy_id)

    async def _snapshot(self, attempts: int | None = None) -> Sequence[LeanOrder]:
        found = await self._bridge.orders(attempts)
        shown = {name for order in found for name in names_of(order)}
        oldest_s = self._monotonic() - self._patience.snapshot_lag_s - self._patience.confirm_s
        for name, sent in list(self._sent.items()):
            if name in shown or sent.at_s < oldest_s:
                del self._sent[name]
        return found

    async def _unseen(self, name: str) -> BrokerOrder | None:
        """Say how an order stands that was sent and not seen; None when that is not known."""
        sent = self._sent.get(name)
        if sent is None or sent.command is None:
            return None
        refusal = await self._bridge.refusal(sent.command)
        if refusal is None:
            return sent.order
        return replace(sent.order, status=OrderStatus.REJECTED, reason=refusal.reason)

    async def _find(self, name: str) -> BrokerOrder | None:
        snapshot = await self._snapshot()
        for order, told in zip(snapshot, to_broker_orders(snapshot), strict=True):
            if name in names_of(order):
                return told
        return await self._unseen(name)

    async def _require_unused(self, name: str) -> None:
        if found := await self._find(name):
            raise Conflict(
                f"client_order_id {name} was used before",
                client_order_id=name,
                broker_order_id=found.broker_order_id,
            )

    def _forget(self, name: str, before: Sent | None) -> None:
        """Take back the note of an order that was surely not sent."""
        if before is None:
            self._sent.pop(name, None)
        else:
            self._sent[name] = before

    async def _seen(self, name: str, sent: Sent) -> BrokerOrder:
        """Wait until a snapshot shows a new order; give it as pending when none does in time."""
        try:
            found = await self._settled(
                sent.command or "", name, lambda order: order.status is not OrderStatus.PENDING_NEW
            )
        except Conflict:
            # Taken before, by a command whose answer was lost: its order is still to be seen.
            sent.command = None
            raise
        except Rejected:
            self._sent.pop(name, None)
            raise
        if found is not None and found.status is OrderStatus.REJECTED:
            raise Rejected(f"LEAN refused order {name}: {found.reason}", client_order_id=name)
        return found or sent.order

    async def _settled(
        self, command: str, broker_order_id: str, is_done: Callable[[BrokerOrder], bool]
    ) -> BrokerOrder | None:
        """Watch an order after a command; None when nothing shows in time.

        A read that fails here says nothing of the command, which was accepted.
        """
        deadline_s = self._monotonic() + self._patience.confirm_s
        while True:
            try:
                for order in to_broker_orders(await self._snapshot()):
                    if order.broker_order_id == broker_order_id and is_done(order):
                        return order
                if refusal := await self._bridge.refusal(command):
                    raise refusal.error(broker_order_id)
            except Unavailable:
                return None
            if not await self._paused_before(deadline_s):
                return None

    async def _paused_before(self, deadline_s: float) -> bool:
        """Wait for the next look; say whether there is to be one."""
        left_s = deadline_s - self._monotonic()
        if left_s <= 0:
            return False
        try:
            async with asyncio.timeout(min(self._patience.poll_s, left_s)):
                await self._closed.wait()
        except TimeoutError:
            return True
        return False


def _shape(order: BrokerOrder) -> tuple[object, ...]:
    return order.client_order_id, order.quantity, order.limit_price, order.stop_price


def _signed(quantity: Decimal | None, side: Side) -> Decimal | None:
    return None if quantity is None else quantity * side.sign


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
