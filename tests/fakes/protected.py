"""Tells stories of positions, of the stops under them, and of who ends those."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from algotrendy.kernel.ids import CorrelationId, EventId, OrderId, UserId
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import ReplaceRequest, StopLoss, TakeProfit
from algotrendy.trading.accounts import Protection
from algotrendy.trading.admission import PROTECTION
from algotrendy.trading.booking import record
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.events import PositionUnprotected
from algotrendy.trading.execution import dispatch
from algotrendy.trading.execution.protection import ProtectionWatch
from algotrendy.trading.order_events import OrderIntended, OrderSubmitted, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.replacing import amended
from fakes.veiled_venue import ROOT, World, world

Story = Callable[[World, ProtectionWatch], Awaitable[None]]


def tell(story: Story, protection: Protection = Protection.REPROTECT, **terms: Any) -> None:
    async def main() -> None:
        async with world(protection, **terms) as found:
            await story(found, ProtectionWatch(found.post))

    asyncio.run(main())


async def look(found: World, watch: ProtectionWatch, times: int = 2) -> None:
    for _ in range(times):
        await found.floor.advance(5)
        found.quote(100.0)
        await watch.do()


async def bracket(found: World, quantity: int = 10, *, oto: bool = False) -> PlatformOrder:
    """Buy at the market, with exits at 95 and 110, or only the first."""
    order = await found.send(
        Side.BUY,
        quantity,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.OTO if oto else OrderClass.BRACKET,
        stop_loss=StopLoss(Decimal(95)),
        take_profit=None if oto else TakeProfit(Decimal(110)),
    )
    await found.hear_fills()
    return await found.hear(order.client_order_id)


def exit_of(found: World, entry: PlatformOrder, kind: OrderType) -> PlatformOrder:
    legs = found.ledger.run(lambda tx: tx.orders.legs(entry.id))
    return next(each for each in legs if each.request.type is kind)


async def lose(found: World, entry: PlatformOrder) -> None:
    """Let the broker end the stop of its own accord, and the ledger hear of it."""
    stop = exit_of(found, entry, OrderType.STOP)
    await found.broker.cancel(next(iter(stop.broker_order_ids)))
    await found.hear(entry.client_order_id)


def placed(found: World) -> list[PlatformOrder]:
    """Give what was placed to protect positions, oldest first."""
    orders = found.ledger.run(lambda tx: tx.orders.intended_since(ROOT, found.account.opened_at))
    return [each for each in orders if each.provenance.user == PROTECTION]


def alarms(found: World) -> list[PositionUnprotected]:
    return [each for each in found.published if isinstance(each, PositionUnprotected)]


async def send(found: World, order: PlatformOrder) -> PlatformOrder:
    """Send an order that was placed, as the account's writer does."""
    submitted = OrderSubmitted(
        id=EventId(found.ids.next()), order_id=order.id, at=found.clock.now(), epoch=1
    )
    found.ledger.run(lambda tx: record(tx, [submitted]))
    await found.broker.submit(order.request)
    return await found.hear(order.client_order_id)


async def changed(
    found: World, old: PlatformOrder, name: str, *, hears_old: bool = True, **fields: Any
) -> PlatformOrder:
    """Put an order in another one's place, as its owner does, and hear of both, or of the new."""
    change = ReplaceRequest(client_order_id=name, **fields)
    order_id, now = OrderId(found.ids.next()), found.clock.now()
    intended = OrderIntended(
        id=EventId(found.ids.next()),
        order_id=order_id,
        at=now,
        account=old.account,
        request=amended(old, change),
        provenance=Provenance(correlation_id=CorrelationId("c2"), user=UserId("ada")),
        reserved=Money.zero(old.currency),
        replaces=old.id,
        replaces_filled=old.filled_quantity,
        leg_of=old.leg_of,
    )
    sent = OrderSubmitted(id=EventId(found.ids.next()), order_id=order_id, at=now, epoch=1)
    new = found.ledger.run(lambda tx: record(tx, [intended, sent])).after
    await found.broker.replace(max(old.broker_order_ids), dispatch.replacement(new, old))
    if hears_old:
        await found.hear(old.client_order_id)
    return await found.hear(name)


async def end(found: World, order: PlatformOrder, *, by: str | None = None) -> PlatformOrder:
    """Let the broker end an order, because somebody here asked for it or of its own accord."""
    if by is not None:
        event_id, now = EventId(found.ids.next()), found.clock.now()
        found.ledger.run(lambda tx: cancel_order(tx, order.id, event_id, now, by))
    await found.broker.cancel(max(order.broker_order_ids))
    return await found.hear(order.client_order_id)


async def stop_alone(found: World, quantity: int = 10, **fields: Any) -> PlatformOrder:
    """Place a stop at 95 by itself."""
    terms: dict[str, Any] = {
        "type": OrderType.STOP,
        "stop_price": Decimal(95),
        "time_in_force": TimeInForce.GTC,
    }
    return await found.send(Side.SELL, quantity, **(terms | fields))


async def pair_alone(found: World) -> PlatformOrder:
    return await found.send(
        Side.SELL,
        10,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.OCO,
        take_profit=TakeProfit(Decimal(110)),
        stop_loss=StopLoss(Decimal(95)),
    )
